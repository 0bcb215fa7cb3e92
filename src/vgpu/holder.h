/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who has a mediated device open: the processes with a descriptor of its /dev/vfio/N (or
 * /dev/vfio/devices/vfioN since Linux 6.6), found in /proc.
 */
#pragma once

#include <sys/types.h>

#include "base/root.h"

typedef struct {
    pid_t pid;
    guint64 started_ticks;
    char *program; /* "qemu-system-x86_64" */
    char *vm;      /* QEMU's -name, or NULL */
    /* It has more than the group open: a container, or the device. Only for such a one the kernel
     * waits when it removes the device (vfio_device_remove_group(), vfio_unregister_group_dev()).
     * libvirtd opens the group alone, to see that a device is free before it runs `mdevctl stop`
     * (src/node_device/node_device_driver.c, nodeDeviceDestroy()). */
    gboolean in_use;
} Holder;

void holder_free(Holder *holder);

/* Holder of the device @uuid, owned, an empty array for none. Processes that are not ours to look
 * into are not seen (proc(5)); root sees all. */
GPtrArray *mdev_holders(const Root *root, const char *uuid);

/* "qemu-system-x86_64 (pid 812, VM 'win'), cat (pid 813)", or NULL for none. Owned. */
char *holders_describe(const GPtrArray *holders);

/* Both at once. */
char *mdev_describe_holders(const Root *root, const char *uuid);
/* Only of those that keep it from being removed: @in_use. */
char *mdev_describe_users(const Root *root, const char *uuid);

/*
 * A QEMU that was killed holds its device until the kernel has taken its memory apart: waits for
 * holders whose end is certain, at most @limit_ms in all. TRUE when nobody holds it; FALSE at once
 * when somebody does who is not about to end.
 */
gboolean mdev_wait_ending_holders(const Root *root, const char *uuid, guint limit_ms);
