/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-watch.h"

#include <string.h>

#include "base/uuid.h"
#include "host/facts-mdev.h"
#include "vgpu/claim.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/vgpu-names.h"

#define TYPE_LIMIT_US 200000
#define TYPE_NAP_US 1000

const char *const mdev_event_words[] = { "added",   "removed", "registered", "unregistered",
                                         "present", "lost",    NULL };

static const Field mdev_event_fields[] = {
    FIELD_CHOICE_(MdevEvent, event, mdev_event_words, "what happened"),
    FIELD_TEXT_(MdevEvent, uuid, "UUID of the vGPU; null for an event of a GPU"),
    FIELD_TEXT_(MdevEvent, parent, "the GPU"),
    FIELD_TEXT_(MdevEvent, type, "type of the vGPU, or null"),
    FIELD_TEXT_(MdevEvent, name, "name of the vGPU, or null"),
    FIELD_END,
};
const RecordType mdev_event_type = { "event", sizeof(MdevEvent), mdev_event_fields };

static MdevEvent *event_new(MdevChangeKind kind, const char *uuid, const char *parent,
                            const char *type)
{
    MdevEvent *event = record_new(&mdev_event_type);
    event->event = kind;
    event->uuid = g_strdup(uuid);
    event->parent = g_strdup(parent);
    event->type = g_strdup(type);
    return event;
}

/*
 * The kernel tells of a device before it links its type, and nothing tells of the link (Linux,
 * mdev_core.c: device_add(), then mdev_create_sysfs_files()).
 */
static char *wait_for_type(const Root *root, const char *uuid)
{
    gint64 deadline = g_get_monotonic_time() + TYPE_LIMIT_US;
    for (;;) {
        char *type = NULL;
        if (mdev_find(root, uuid, NULL, &type))
            return type;
        if (!mdev_find(root, uuid, NULL, NULL) || g_get_monotonic_time() > deadline)
            return NULL;
        g_usleep(TYPE_NAP_US);
    }
}

/* What we wrote about it. */
static void add_our_words(const Root *root, MdevEvent *event)
{
    g_autoptr(VgpuRecord) record = vgpu_record_find(root, event->uuid);
    g_autoptr(Claim) claim = claim_find(root, event->uuid);
    if (record != NULL)
        event->name = g_strdup(record->name);
    if (event->type == NULL)
        event->type = g_strdup(claim != NULL ? claim->type : record != NULL ? record->type : NULL);
}

static MdevEvent *device_event(const Root *root, const Uevent *event)
{
    gboolean added = g_str_equal(event->action, "add");
    g_autofree char *uuid = g_path_get_basename(event->path);
    if ((!added && !g_str_equal(event->action, "remove")) || !uuid_is_canonical(uuid))
        return NULL;
    g_autofree char *directory = g_path_get_dirname(event->path);
    g_autofree char *parent = g_path_get_basename(directory);
    g_autofree char *type = added ? wait_for_type(root, uuid) : NULL;
    MdevEvent *ours = event_new(added ? MDEV_ADDED : MDEV_REMOVED, uuid, parent, type);
    add_our_words(root, ours);
    return ours;
}

MdevEvent *mdev_event_from(const Root *root, const Uevent *event)
{
    if (g_strcmp0(event->subsystem, "mdev") == 0)
        return device_event(root, event);
    const char *state = uevent_get(event, "MDEV_STATE"); /* mdev_core.c, mdev_register_parent() */
    if (state == NULL)
        return NULL;
    g_autofree char *parent = g_path_get_basename(event->path);
    if (g_str_equal(state, "registered"))
        return event_new(MDEV_REGISTERED, NULL, parent, NULL);
    if (g_str_equal(state, "unregistered"))
        return event_new(MDEV_UNREGISTERED, NULL, parent, NULL);
    return NULL;
}

GPtrArray *mdev_events_now(const Root *root)
{
    GPtrArray *events = g_ptr_array_new();
    MdevFacts *facts = mdev_facts_read(root);
    for (guint i = 0; i < facts->parents->len; i++) {
        const MdevParent *parent = facts->parents->pdata[i];
        g_ptr_array_add(events, event_new(MDEV_PRESENT, NULL, parent->name, NULL));
    }
    for (guint i = 0; i < facts->devices->len; i++) {
        const MdevDevice *device = facts->devices->pdata[i];
        MdevEvent *event = event_new(MDEV_PRESENT, device->uuid, device->parent, device->type);
        add_our_words(root, event);
        g_ptr_array_add(events, event);
    }
    record_free(&mdev_facts_type, facts);
    return events;
}

char *mdev_event_describe(const MdevEvent *event)
{
    GString *text = g_string_new(mdev_event_words[event->event]);
    if (event->uuid != NULL)
        g_string_append_printf(text, " %s %s", event->uuid,
                               event->type != NULL ? event->type : "(type unknown)");
    if (event->uuid != NULL && event->parent != NULL)
        g_string_append(text, " on");
    if (event->parent != NULL)
        g_string_append_printf(text, " %s", event->parent);
    if (event->name != NULL)
        g_string_append_printf(text, " '%s'", event->name);
    return g_string_free(text, FALSE);
}
