/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two writes that make and remove a mediated device (drivers/vfio/mdev/mdev_sysfs.c:
 * create_store(), remove_store()), with each errno in words.
 */
#pragma once

#include "base/root.h"

/*
 * Makes a device of @type on @parent. VGPUCTL_ERROR_EXISTS: the uuid is in use somewhere on this
 * host; VGPUCTL_ERROR_BUSY: no instance is left; VGPUCTL_ERROR_NOT_FOUND: no such parent or type;
 * VGPUCTL_ERROR_ACCESS: not root. The kernel's errno goes to *@ret_errno (0: none was met), which
 * may be NULL.
 */
gboolean mdev_create(const Root *root, const char *parent, const char *type, const char *uuid,
                     int *ret_errno, GError **error);

/*
 * Removes the device. Who holds it open is looked for first, as the kernel would wait for the end
 * of that one (vfio_unregister_group_dev()): VGPUCTL_ERROR_BUSY names the process, and nothing was
 * written. VGPUCTL_ERROR_NOT_FOUND: there is no such device. A holder that comes between is met by
 * a writer of its own that is given up after @limit_ms.
 */
gboolean mdev_remove(const Root *root, const char *uuid, guint limit_ms, int *ret_errno,
                     GError **error);

/* Whether a device of that uuid lives, and on whom: *@ret_parent, *@ret_type owned, may be NULL. */
gboolean mdev_find(const Root *root, const char *uuid, char **ret_parent, char **ret_type);

/* /dev/vfio/N of the device, by its iommu_group link. Owned; NULL with @error set. */
char *mdev_group_node(const Root *root, const char *uuid, GError **error);

/* The directory with the types of @parent, owned; NULL: it offers none. */
char *mdev_types_directory(const Root *root, const char *parent);
