/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vGPU's picture, asked of the device itself while QEMU has it open: VFIO_DEVICE_QUERY_GFX_PLANE
 * and VFIO_DEVICE_GET_GFX_DMABUF (linux/vfio.h). QEMU needs no display and no OpenGL for that and
 * notices nothing.
 *
 * Of the group that QEMU opened, VFIO_GROUP_GET_DEVICE_FD gives a second descriptor of the very
 * device (drivers/vfio/vfio_main.c: open_device is called for the first only). As long as anybody
 * has it open, the device can neither be given to another QEMU nor removed: every call here looks
 * whether QEMU lives, and what is held must be freed at its end.
 */
#pragma once

#include <glib.h>

typedef struct VfioSource VfioSource;

/* One picture, or none: width 0 as long as the guest's driver has not set a mode. */
typedef struct {
    guint32 width, height;
    guint32 stride;   /* bytes from one row to the next */
    guint32 format;   /* DRM_FORMAT_* (drm_fourcc.h) */
    guint64 modifier; /* DRM_FORMAT_MOD_*: how it is tiled; 0: rows one after another */
    guint32 id;       /* of the dma-buf: another picture has another one */
    gboolean dmabuf;  /* @fd is a dma-buf; else the device, and the picture a region of it */
    int fd;           /* the source's */
    guint64 offset;   /* of the picture in @fd, bytes */
    guint64 size;     /* of the picture, bytes */
} VfioFrame;

/*
 * The source of device @uuid. @group_fd: /dev/vfio/N as QEMU has it open; @qemu_pidfd: of that
 * QEMU. Both are taken over, also on failure. NULL with @error set: VGPUCTL_ERROR_REFUSED when the
 * device has no display.
 */
VfioSource *vfio_source_new(int group_fd, int qemu_pidfd, const char *uuid, GError **error);
void vfio_source_free(VfioSource *source);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioSource, vfio_source_free)

/*
 * The picture of now, borrowed until the next call. A dma-buf is fetched once for each id. NULL
 * with @error set: VGPUCTL_ERROR_NOT_FOUND when QEMU has ended.
 */
const VfioFrame *vfio_source_frame(VfioSource *source, GError **error);

/* "XR24", or "0x1" for what is no fourcc. Owned. */
char *vfio_format_name(guint32 format);
