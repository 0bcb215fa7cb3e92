/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/frame-history.h"

#include <string.h>

/* The newest, one that viewers look at, one that is free. */
#define ENTRIES 3
/* Parts that are told apart; more become the rectangle around them. */
#define STALE_RECTS 16

typedef struct {
    Frame *frame;            /* a reference; NULL: none yet */
    Rect stale[STALE_RECTS]; /* where the newest one is another */
    guint n_stale;
} Entry;

struct FrameHistory {
    Entry entries[ENTRIES];
    guint newest; /* that was given out last */
};

FrameHistory *frame_history_new(void)
{
    return g_new0(FrameHistory, 1);
}

static void forget(FrameHistory *history)
{
    for (guint i = 0; i < ENTRIES; i++)
        g_clear_pointer(&history->entries[i].frame, frame_unref);
}

void frame_history_free(FrameHistory *history)
{
    if (history == NULL)
        return;
    forget(history);
    g_free(history);
}

static gboolean lies_within(Rect rect, Rect outer)
{
    Rect inside = rect_intersect(rect, outer);
    return inside.width == rect.width && inside.height == rect.height;
}

static void add_stale(Entry *entry, Rect rect)
{
    for (guint i = 0; i < entry->n_stale; i++)
        if (lies_within(rect, entry->stale[i]))
            return;
    if (entry->n_stale == STALE_RECTS) {
        for (guint i = 1; i < entry->n_stale; i++)
            entry->stale[0] = rect_around(entry->stale[0], entry->stale[i]);
        entry->n_stale = 1;
    }
    entry->stale[entry->n_stale++] = rect;
}

static void refresh(Entry *entry, const Frame *newest)
{
    for (guint i = 0; i < entry->n_stale; i++) {
        Rect rect = entry->stale[i];
        for (int y = rect.y; y < rect.y + rect.height; y++)
            memcpy(frame_row(entry->frame, y) + rect.x, frame_row(newest, y) + rect.x,
                   (gsize)rect.width * sizeof(guint32));
    }
    entry->n_stale = 0;
}

static gboolean has_references(const Entry *entry, int references)
{
    return entry->frame != NULL &&
           g_atomic_ref_count_compare(&entry->frame->references, references);
}

static Frame *give_out(FrameHistory *history, guint index, Frame *newest)
{
    history->newest = index;
    frame_unref(newest);
    return frame_ref(history->entries[index].frame);
}

static guint choose_victim(const FrameHistory *history)
{
    for (guint i = 0; i < ENTRIES; i++)
        if (history->entries[i].frame == NULL)
            return i;
    return (history->newest + 1) % ENTRIES;
}

static Frame *copy_newest(FrameHistory *history, Frame *newest, GError **error)
{
    Frame *copy = frame_make_writable(newest, error);
    if (copy == NULL)
        return NULL;
    guint victim = choose_victim(history);
    frame_unref(history->entries[victim].frame);
    history->entries[victim] = (Entry){ .frame = copy };
    return give_out(history, victim, NULL);
}

Frame *frame_history_make_writable(FrameHistory *history, Frame *newest, GError **error)
{
    if (history->entries[history->newest].frame != newest)
        forget(history);
    else if (has_references(&history->entries[history->newest], 2)) /* the caller's and this one */
        return newest;
    for (guint i = 0; i < ENTRIES; i++) {
        Entry *entry = &history->entries[i];
        if (i == history->newest || !has_references(entry, 1)) /* others may read it */
            continue;
        refresh(entry, newest);
        return give_out(history, i, newest);
    }
    return copy_newest(history, newest, error);
}

void frame_history_changed(FrameHistory *history, Rect rect)
{
    for (guint i = 0; i < ENTRIES; i++)
        if (i != history->newest && history->entries[i].frame != NULL)
            add_stale(&history->entries[i], rect);
}
