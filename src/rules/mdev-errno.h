/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an errno means where mediated devices are made, removed and opened, and the way out. From
 * drivers/vfio/mdev (mdev_sysfs.c, mdev_core.c), drivers/vfio/vfio_main.c, group.c and the parents'
 * drivers (gvt/kvmgt.c, samples/vfio-mdev) of Linux 5.10 to 6.12; what a driver's probe() answers
 * comes through as it is. Pure.
 */
#pragma once

#include <glib.h>

typedef enum {
    MDEV_ACTION_CREATE, /* writing `create` of a type */
    MDEV_ACTION_REMOVE, /* writing `remove` of a device */
    MDEV_ACTION_OPEN,   /* QEMU: VFIO_GROUP_GET_DEVICE_FD */
    MDEV_ACTION_ACCESS, /* opening /dev/vfio/N */
} MdevAction;

typedef struct {
    MdevAction action;
    int number;                       /* the errno */
    const char *driver;               /* of the parent: "i915"; NULL: not known */
    const char *uuid, *parent, *type; /* NULL: not known */
    const char *why; /* what is known beside it, or NULL: why nothing is left (capacity_why_none()),
                        who holds the device, which parent has the UUID */
} MdevFailure;

/* One line: what failed on which object, why, the way out. Owned. */
char *mdev_errno_words(const MdevFailure *failure);

/* Sets @error to these words and a code of VGPUCTL_ERROR that fits, and returns FALSE. */
gboolean mdev_errno_set(GError **error, const MdevFailure *failure);
