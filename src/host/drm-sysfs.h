/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What sysfs says of the DRM side of a device. */
#pragma once

#include "base/root.h"

/*
 * Nodes ("/dev/dri/card0", "/dev/dri/renderD128") of the device whose sysfs directory is
 * @directory, also when they hang below a virtio device one level down, as virtio-gpu's did on
 * older kernels. NULL where there is none. Owned.
 */
void drm_sysfs_nodes(const Root *root, const char *directory, char **ret_primary,
                     char **ret_render);

/* The link below /dev/dri/by-path that leads to @node, NULL when udev made none. Owned. */
char *drm_sysfs_by_path(const Root *root, const char *node);

/* DrmConnectors of the device, ordered by name. Owned. */
GPtrArray *drm_sysfs_connectors(const Root *root, const char *directory);

/* The name in the display product descriptor of an EDID (VESA E-EDID 1.4, 3.10.3.4), or NULL. */
char *edid_monitor_name(const guint8 *edid, gsize length);
