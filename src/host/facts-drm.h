/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * DRM device nodes, of PCI and other devices (vgem, virtio-mmio), and who may use them.
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *path;         /* "/dev/dri/renderD128" */
    char *by_path;      /* "/dev/dri/by-path/pci-0000:00:02.0-render", NULL when udev made none */
    char *parent;       /* sysfs name of the device: "0000:00:02.0", "vgem" */
    char *driver;       /* kernel driver of the parent */
    gboolean render;    /* a render node; else a primary node */
    gboolean usable;    /* this user may open it for reading and writing */
    char *unusable_why; /* text of the errno, with owner, group and mode; NULL when usable */
} DrmNode;
extern const RecordType drm_node_type;

/* All nodes, ordered by path; an empty array when there is no /dev/dri. */
GPtrArray *drm_nodes_read(const Root *root);
