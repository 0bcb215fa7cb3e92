/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What happens to mediated devices and their parents, from the kernel's events. */
#pragma once

#include "base/record.h"
#include "base/root.h"
#include "host/uevent.h"

typedef enum {
    MDEV_ADDED,
    MDEV_REMOVED,
    MDEV_REGISTERED,   /* a parent began to offer types */
    MDEV_UNREGISTERED, /* it does no more, its devices are gone */
    MDEV_PRESENT,      /* it was there when the watch began */
    MDEV_LOST,         /* events were lost: look again at what there is */
} MdevChangeKind;
extern const char *const mdev_event_words[];

typedef struct {
    int event;
    char *uuid;   /* NULL for events of a parent */
    char *parent; /* NULL: it could not be said any more */
    char
        *type; /* NULL: as above; of one that was removed it is known only by its claim or record */
    char *name; /* ours, or NULL */
} MdevEvent;
extern const RecordType mdev_event_type;

/* The event that @event of the kernel means, owned; NULL: none of ours. */
MdevEvent *mdev_event_from(const Root *root, const Uevent *event);

/* Those that tell what there is now: MdevEvent, owned; parents first. */
GPtrArray *mdev_events_now(const Root *root);

/* "added UUID i915-GVTg_V5_8 on 0000:00:02.0 'win'". Owned. */
char *mdev_event_describe(const MdevEvent *event);
