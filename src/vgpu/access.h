/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may open one vGPU: owner, group and mode of its /dev/vfio/N. Nobody else gets anything - no
 * mode 0666, no shared group of all vGPUs: the node is DMA into the memory of whoever opens it, and
 * the group number is given to another device when this one is gone.
 */
#pragma once

#include <sys/types.h>

#include "base/root.h"

/*
 * @uid or @gid -1: not that one. The node becomes uid:gid with 0600, 0660 with a group. Waits for
 * the node (inotify(7)), and for udevd where one runs, as it sets what its rules say when it gets
 * to the new node. VGPUCTL_ERROR_TIMEOUT: there is no node.
 */
gboolean access_give(const Root *root, const char *uuid, int uid, int gid, GError **error);

/* Root alone again. Silent when the device is gone. */
gboolean access_withdraw(const Root *root, const char *uuid, GError **error);

/* Whether this process may open it: 0 or the errno. Nothing is opened: faccessat(2), as opening it
 * would take it. */
int access_check(const Root *root, const char *uuid);

/* The uuid of the device in the IOMMU group @group ("5", the name of its node); NULL: none. Owned.
 */
char *access_uuid_of_group(const Root *root, const char *group);
