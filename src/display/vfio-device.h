/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vGPU's planes, asked of the device itself while QEMU has it open: VFIO_DEVICE_QUERY_GFX_PLANE
 * and VFIO_DEVICE_GET_GFX_DMABUF (linux/vfio.h). QEMU needs no display and no OpenGL for that and
 * notices nothing.
 *
 * Of the group that QEMU opened, VFIO_GROUP_GET_DEVICE_FD gives a second descriptor of the very
 * device (drivers/vfio/vfio_main.c: open_device is called for the first only). As long as anybody
 * has it open, the device can neither be given to another QEMU nor removed: every call here looks
 * whether QEMU lives, and what is held must be freed at its end.
 */
#pragma once

#include "display/dmabuf.h"

typedef struct VfioDevice VfioDevice;

/* enum drm_plane_type of the kernel (include/drm/drm_plane.h) */
typedef enum {
    VFIO_PLANE_PRIMARY = 1,
    VFIO_PLANE_CURSOR = 2,
} VfioPlaneKind;

/* One picture, or none: width 0 as long as the guest's driver has not set a mode. */
typedef struct {
    Dmabuf picture;      /* its fd is the device's */
    guint64 region_size; /* 0: a dma-buf; else the picture is in a region of the device, this big */
    guint32 id;          /* of the dma-buf: another picture has another one */
    guint32 hot_x, hot_y; /* the pixel of a cursor that points; 0 when the guest does not say */
} VfioPlane;

/*
 * The device @uuid. @group_fd: /dev/vfio/N as QEMU has it open; @qemu_pidfd: of that QEMU. Both are
 * taken over, also on failure. NULL with @error set: VGPUCTL_ERROR_REFUSED when the device has no
 * display.
 */
VfioDevice *vfio_device_new(int group_fd, int qemu_pidfd, const char *uuid, GError **error);
void vfio_device_free(VfioDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VfioDevice, vfio_device_free)

/*
 * The plane of now, borrowed until the next call for this kind. The latest dma-bufs are kept, each
 * fetched once. NULL with @error set: VGPUCTL_ERROR_NOT_FOUND when QEMU has ended.
 */
const VfioPlane *vfio_device_plane(VfioDevice *device, VfioPlaneKind kind, GError **error);

/* For poll(2): readable when QEMU has ended. Borrowed. */
int vfio_device_qemu_pidfd(const VfioDevice *device);

gboolean vfio_device_qemu_lives(const VfioDevice *device);

/* The device itself, for its regions. Borrowed. */
int vfio_device_fd(const VfioDevice *device);

const char *vfio_device_uuid(const VfioDevice *device);
