/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A vGPU that is none: the functions of display/vfio-device.h, in place of the library's. */
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "display/vfio-device.h"

#define XR24 0x34325258
#define AR24 0x34325241
#define SIDE 64

/* Files are dma-bufs, pipes what cannot be mapped. */
struct VfioDevice {
    GMutex lock;
    VfioPlane planes[VFIO_PLANE_CURSOR + 1];
    int ended[2]; /* a pipe: readable when QEMU has ended */
    gboolean busy;
    guint questions;
    gboolean *freed;
};

int vfio_device_qemu_pidfd(const VfioDevice *device)
{
    return device->ended[0];
}

gboolean vfio_device_qemu_lives(const VfioDevice *device)
{
    GPollFD ended = { .fd = device->ended[0], .events = G_IO_IN };
    return g_poll(&ended, 1, 0) == 0;
}

int vfio_device_fd(const VfioDevice *device)
{
    return -1;
}

const char *vfio_device_uuid(const VfioDevice *device)
{
    return "of-the-test";
}

const VfioPlane *vfio_device_plane(VfioDevice *device, VfioPlaneKind kind, GError **error)
{
    static VfioPlane answers[VFIO_PLANE_CURSOR + 1]; /* borrowed until the next call */
    if (!vfio_device_qemu_lives(device)) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "QEMU has ended");
        return NULL;
    }
    g_mutex_lock(&device->lock);
    answers[kind] = device->planes[kind];
    gboolean busy = device->busy;
    device->questions++;
    g_mutex_unlock(&device->lock);
    if (!busy)
        return &answers[kind];
    error_set(error, VGPUCTL_ERROR_BUSY, "it changes faster than it can be fetched");
    return NULL;
}

void vfio_device_free(VfioDevice *device)
{
    for (gsize i = 0; i < G_N_ELEMENTS(device->planes); i++)
        if (device->planes[i].picture.width != 0)
            close(device->planes[i].picture.fd);
    close(device->ended[0]);
    if (device->ended[1] >= 0)
        close(device->ended[1]);
    *device->freed = TRUE;
    g_mutex_clear(&device->lock);
    g_free(device);
}

static inline int filled(guint32 colour, gsize n)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    for (gsize i = 0; i < n; i++)
        g_assert_cmpint(write(fd, &colour, sizeof colour), ==, sizeof colour);
    return fd;
}

/* @fd, taken over, becomes the picture; 0x0 for -1. */
static inline void set_plane(VfioDevice *device, VfioPlaneKind kind, int fd, guint32 side)
{
    g_mutex_lock(&device->lock);
    VfioPlane *plane = &device->planes[kind];
    int old = plane->picture.width != 0 ? plane->picture.fd : -1;
    *plane = (VfioPlane){ .picture = { .fd = fd,
                                       .width = fd < 0 ? 0 : side,
                                       .height = fd < 0 ? 0 : side,
                                       .stride = side * 4,
                                       .format = kind == VFIO_PLANE_CURSOR ? AR24 : XR24 } };
    g_mutex_unlock(&device->lock);
    if (old >= 0)
        close(old);
}

static inline guint questions(VfioDevice *device)
{
    g_mutex_lock(&device->lock);
    guint n = device->questions;
    g_mutex_unlock(&device->lock);
    return n;
}

/* Waits until the vGPU was asked @n times more. */
static inline void await_questions(VfioDevice *device, guint n)
{
    for (guint from = questions(device); questions(device) < from + n;)
        g_usleep(1000);
}

static inline VfioDevice *fake_device(gboolean *freed)
{
    VfioDevice *device = g_new0(VfioDevice, 1);
    device->freed = freed;
    g_mutex_init(&device->lock);
    g_assert_no_errno(pipe(device->ended));
    return device;
}
