/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/update-share.h"

#include <string.h>

/* How long a frame may be told again after its encoding, however short that was. */
#define AGE_US (10 * 1000)

/* No encoding takes longer. */
#define ENCODING_US (1000 * 1000)

/* How long one is kept that nobody asks for. */
#define KEPT_MS 200

/* Different settings at once; more than that do without. */
#define ENTRIES 4

typedef struct {
    EncodeSettings settings;
    Frame *frame; /* NULL: free */
    guint64 serial;
    gint64 begin_us, end_us;
} Entry;

struct UpdateShare {
    Entry entries[ENTRIES];
    guint timer;
};

UpdateShare *update_share_new(void)
{
    return g_new0(UpdateShare, 1);
}

void update_share_free(UpdateShare *share)
{
    if (share == NULL)
        return;
    g_clear_handle_id(&share->timer, g_source_remove);
    for (guint i = 0; i < ENTRIES; i++)
        g_clear_pointer(&share->entries[i].frame, frame_unref);
    g_free(share);
}

static gboolean are_same(const EncodeSettings *a, const EncodeSettings *b)
{
    return a->kind == b->kind && a->level == b->level && a->quality == b->quality &&
           a->subsampled == b->subsampled && a->gradient == b->gradient &&
           pixel_format_equal(&a->format, &b->format);
}

/* No frame is kept because nobody asks any more. */
static gboolean on_timer(gpointer data)
{
    UpdateShare *share = data;
    gint64 now_us = g_get_monotonic_time();
    gboolean some = FALSE;
    for (guint i = 0; i < ENTRIES; i++) {
        Entry *entry = &share->entries[i];
        if (entry->end_us <= now_us)
            g_clear_pointer(&entry->frame, frame_unref);
        some = some || entry->frame != NULL;
    }
    if (!some)
        share->timer = 0;
    return some;
}

static Entry *find(UpdateShare *share, const EncodeSettings *settings)
{
    Entry *free = NULL;
    for (guint i = 0; i < ENTRIES; i++) {
        Entry *entry = &share->entries[i];
        if (entry->frame == NULL)
            free = entry;
        else if (are_same(&entry->settings, settings))
            return entry;
    }
    return free;
}

void update_share_put(UpdateShare *share, const EncodeSettings *settings, Frame *frame,
                      guint64 serial)
{
    Entry *entry = find(share, settings);
    if (entry == NULL || (entry->frame != NULL && entry->serial >= serial))
        return;
    g_clear_pointer(&entry->frame, frame_unref);
    entry->settings = *settings;
    entry->frame = frame_ref(frame);
    entry->serial = serial;
    entry->begin_us = g_get_monotonic_time();
    entry->end_us = entry->begin_us + ENCODING_US;
    if (share->timer == 0)
        share->timer = g_timeout_add(KEPT_MS, on_timer, share);
}

void update_share_made(UpdateShare *share, guint64 serial)
{
    gint64 now_us = g_get_monotonic_time();
    for (guint i = 0; i < ENTRIES; i++) {
        Entry *entry = &share->entries[i];
        if (entry->serial == serial && entry->end_us == entry->begin_us + ENCODING_US)
            entry->end_us = now_us + MAX(AGE_US, now_us - entry->begin_us);
    }
}

Frame *update_share_find(const UpdateShare *share, const EncodeSettings *settings, guint64 since,
                         guint64 *ret_serial)
{
    for (guint i = 0; i < ENTRIES; i++) {
        const Entry *entry = &share->entries[i];
        if (entry->frame == NULL || entry->serial <= since || !are_same(&entry->settings, settings))
            continue;
        if (entry->end_us <= g_get_monotonic_time())
            return NULL;
        *ret_serial = entry->serial;
        return frame_ref(entry->frame);
    }
    return NULL;
}
