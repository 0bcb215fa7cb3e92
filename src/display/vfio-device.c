/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/vfio-device.h"

#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/*
 * The sample driver mbochs says ENOMEM to the first question after each change of mode. Another
 * reader that lets go of a dma-buf between our question and the fetch makes that EINVAL: then it is
 * to be asked anew (drivers/gpu/drm/i915/gvt/dmabuf.c:intel_vgpu_get_dmabuf).
 */
#define TRIES 5

/* As QEMU keeps (hw/vfio/display.c:vfio_display_free_dmabufs()): guests flip between buffers. */
#define KEPT 5

/* The planes of one kind, the latest first: dma-bufs of ours, or one region. */
typedef struct {
    VfioPlane planes[KEPT];
    guint n;
} Held;

struct VfioDevice {
    int group, qemu, fd;
    char *uuid;
    guint32 flag; /* VFIO_GFX_PLANE_TYPE_*: how it gives its pictures */
    Held held[VFIO_PLANE_CURSOR + 1];
};

static struct vfio_device_gfx_plane_info question(VfioPlaneKind kind, guint32 flags)
{
    return (struct vfio_device_gfx_plane_info){ .argsz = sizeof(struct vfio_device_gfx_plane_info),
                                                .flags = flags,
                                                .drm_plane_type = kind };
}

static gboolean probe(VfioDevice *device, GError **error)
{
    static const guint32 flags[] = { VFIO_GFX_PLANE_TYPE_DMABUF, VFIO_GFX_PLANE_TYPE_REGION };
    for (gsize i = 0; i < G_N_ELEMENTS(flags); i++) {
        struct vfio_device_gfx_plane_info info =
            question(VFIO_PLANE_PRIMARY, VFIO_GFX_PLANE_TYPE_PROBE | flags[i]);
        if (ioctl(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, &info) == 0) {
            device->flag = flags[i];
            return TRUE;
        }
    }
    return error_set(error, VGPUCTL_ERROR_REFUSED,
                     "vGPU %s has no display: its type is for computing only", device->uuid);
}

VfioDevice *vfio_device_new(int group_fd, int qemu_pidfd, const char *uuid, GError **error)
{
    g_autoptr(VfioDevice) device = g_new0(VfioDevice, 1);
    *device =
        (VfioDevice){ .group = group_fd, .qemu = qemu_pidfd, .fd = -1, .uuid = g_strdup(uuid) };
    device->fd = ioctl(group_fd, VFIO_GROUP_GET_DEVICE_FD, uuid);
    if (device->fd < 0) {
        error_set_errno(error, errno, "Opening vGPU %s beside QEMU", uuid);
        return NULL;
    }
    return probe(device, error) ? g_steal_pointer(&device) : NULL;
}

static void remove_at(Held *held, guint index)
{
    held->n--;
    memmove(&held->planes[index], &held->planes[index + 1],
            (held->n - index) * sizeof held->planes[0]);
}

static void insert_first(Held *held, VfioPlane plane)
{
    memmove(&held->planes[1], &held->planes[0], held->n * sizeof held->planes[0]);
    held->planes[0] = plane;
    held->n++;
}

static void drop(Held *held, guint index)
{
    if (held->planes[index].region_size == 0)
        close(held->planes[index].picture.fd);
    remove_at(held, index);
}

void vfio_device_free(VfioDevice *device)
{
    if (device == NULL)
        return;
    /* before the device: with it the samples take the memory away */
    for (gsize i = 0; i < G_N_ELEMENTS(device->held); i++)
        while (device->held[i].n > 0)
            drop(&device->held[i], 0);
    if (device->fd >= 0)
        close(device->fd);
    close(device->group);
    close(device->qemu);
    g_free(device->uuid);
    g_free(device);
}

int vfio_device_qemu_pidfd(const VfioDevice *device)
{
    return device->qemu;
}

int vfio_device_fd(const VfioDevice *device)
{
    return device->fd;
}

const char *vfio_device_uuid(const VfioDevice *device)
{
    return device->uuid;
}

gboolean vfio_device_qemu_lives(const VfioDevice *device)
{
    struct pollfd ended = { .fd = device->qemu, .events = POLLIN };
    return poll(&ended, 1, 0) == 0;
}

static gboolean check_alive(const VfioDevice *device, GError **error)
{
    if (vfio_device_qemu_lives(device))
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "QEMU has ended");
}

static gboolean query(const VfioDevice *device, VfioPlaneKind kind,
                      struct vfio_device_gfx_plane_info *ret_info, GError **error)
{
    int failure = 0;
    for (guint i = 0; i < TRIES; i++) {
        *ret_info = question(kind, device->flag);
        if (ioctl(device->fd, VFIO_DEVICE_QUERY_GFX_PLANE, ret_info) == 0)
            return TRUE;
        failure = errno;
        if (failure != ENOMEM)
            break;
    }
    return error_set_errno(error, failure, "Asking vGPU %s for its picture", device->uuid);
}

/* kvmgt says UINT_MAX for a pixel it does not know (drivers/gpu/drm/i915/gvt/dmabuf.c). */
static guint32 hot(guint32 value, guint32 limit)
{
    return value < limit ? value : 0;
}

static VfioPlane plane_of(const struct vfio_device_gfx_plane_info *info)
{
    return (VfioPlane){ .picture = { .fd = -1,
                                     .width = info->width,
                                     .height = info->height,
                                     .stride = info->stride,
                                     .format = info->drm_format,
                                     .modifier = info->drm_format_mod },
                        .hot_x = hot(info->x_hot, info->width),
                        .hot_y = hot(info->y_hot, info->height) };
}

static gboolean same_geometry(const Dmabuf *a, const Dmabuf *b)
{
    return a->width == b->width && a->height == b->height && a->stride == b->stride &&
           a->format == b->format && a->modifier == b->modifier;
}

/* The dma-buf that was fetched for @plane becomes the first. A number may be given anew. */
static gboolean find_dmabuf(Held *held, const VfioPlane *plane)
{
    for (guint i = 0; i < held->n; i++) {
        VfioPlane found = held->planes[i];
        if (found.id != plane->id)
            continue;
        if (!same_geometry(&found.picture, &plane->picture)) {
            drop(held, i);
            return FALSE;
        }
        found.hot_x = plane->hot_x;
        found.hot_y = plane->hot_y;
        remove_at(held, i);
        insert_first(held, found);
        return TRUE;
    }
    return FALSE;
}

/* FALSE without @error: the dma-buf has gone meanwhile, ask again. */
static gboolean fetch_dmabuf(const VfioDevice *device, Held *held,
                             const struct vfio_device_gfx_plane_info *info, GError **error)
{
    VfioPlane plane = plane_of(info);
    plane.id = info->dmabuf_id;
    if (find_dmabuf(held, &plane))
        return TRUE;
    guint32 id = plane.id;
    plane.picture.fd = ioctl(device->fd, VFIO_DEVICE_GET_GFX_DMABUF, &id);
    if (plane.picture.fd < 0 && errno != EINVAL)
        return error_set_errno(error, errno, "Fetching the picture of vGPU %s", device->uuid);
    if (plane.picture.fd < 0)
        return FALSE;
    if (held->n == KEPT)
        drop(held, KEPT - 1);
    insert_first(held, plane);
    return TRUE;
}

/* The index may lie behind num_regions (mdpy's does). */
static gboolean find_region(const VfioDevice *device, Held *held,
                            const struct vfio_device_gfx_plane_info *info, GError **error)
{
    struct vfio_region_info region = { .argsz = sizeof region, .index = info->region_index };
    if (ioctl(device->fd, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
        return error_set_errno(error, errno, "Finding the picture of vGPU %s", device->uuid);
    VfioPlane plane = plane_of(info);
    plane.picture.fd = device->fd;
    plane.picture.offset = region.offset;
    plane.region_size = MIN((guint64)info->size, region.size);
    if (plane.region_size == 0)
        return error_set(error, VGPUCTL_ERROR_INVALID, "vGPU %s has an empty picture",
                         device->uuid);
    held->planes[0] = plane;
    held->n = 1;
    return TRUE;
}

/* mdpy, a region, answers the question for a cursor with its screen. */
static gboolean has_plane(const VfioDevice *device, VfioPlaneKind kind)
{
    return kind == VFIO_PLANE_PRIMARY || device->flag == VFIO_GFX_PLANE_TYPE_DMABUF;
}

/* NULL without @error: ask again. */
static const VfioPlane *look(VfioDevice *device, VfioPlaneKind kind, GError **error)
{
    static const VfioPlane none = { .picture.fd = -1 };
    Held *held = &device->held[kind];
    struct vfio_device_gfx_plane_info info = { 0 };
    if (!check_alive(device, error) ||
        (has_plane(device, kind) && !query(device, kind, &info, error)))
        return NULL;
    if (info.width == 0 || info.height == 0)
        return &none;
    gboolean found = device->flag == VFIO_GFX_PLANE_TYPE_REGION
                         ? find_region(device, held, &info, error)
                         : fetch_dmabuf(device, held, &info, error);
    return found ? &held->planes[0] : NULL;
}

const VfioPlane *vfio_device_plane(VfioDevice *device, VfioPlaneKind kind, GError **error)
{
    for (guint i = 0; i < TRIES; i++) {
        g_autoptr(GError) reason = NULL;
        const VfioPlane *plane = look(device, kind, &reason);
        if (plane != NULL)
            return plane;
        if (reason != NULL) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
    }
    error_set(error, VGPUCTL_ERROR_BUSY,
              "vGPU %s changes its picture faster than it can be fetched; try again", device->uuid);
    return NULL;
}
