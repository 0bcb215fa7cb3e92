/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define PLANE_PRIMARY 1 /* enum drm_plane_type of the kernel (include/drm/drm_plane.h) */

/*
 * The sample driver mbochs says ENOMEM to the first question after each change of mode. Another
 * reader that lets go of a dma-buf between our question and the fetch makes that EINVAL: then it is
 * to be asked anew (drivers/gpu/drm/i915/gvt/dmabuf.c:intel_vgpu_get_dmabuf).
 */
#define TRIES 5

struct VfioSource {
    int group, qemu, device;
    char *uuid;
    guint32 kind; /* VFIO_GFX_PLANE_TYPE_* */
    VfioFrame frame;
    gboolean fetched; /* frame.fd is a dma-buf of ours */
};

static struct vfio_device_gfx_plane_info question(guint32 flags)
{
    return (struct vfio_device_gfx_plane_info){ .argsz = sizeof(struct vfio_device_gfx_plane_info),
                                                .flags = flags,
                                                .drm_plane_type = PLANE_PRIMARY };
}

static gboolean probe(VfioSource *source, GError **error)
{
    static const guint32 kinds[] = { VFIO_GFX_PLANE_TYPE_DMABUF, VFIO_GFX_PLANE_TYPE_REGION };
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        struct vfio_device_gfx_plane_info info = question(VFIO_GFX_PLANE_TYPE_PROBE | kinds[i]);
        if (ioctl(source->device, VFIO_DEVICE_QUERY_GFX_PLANE, &info) == 0) {
            source->kind = kinds[i];
            return TRUE;
        }
    }
    return error_set(error, VGPUCTL_ERROR_REFUSED,
                     "vGPU %s has no display: its type is for "
                     "computing only",
                     source->uuid);
}

VfioSource *vfio_source_new(int group_fd, int qemu_pidfd, const char *uuid, GError **error)
{
    g_autoptr(VfioSource) source = g_new0(VfioSource, 1);
    *source = (VfioSource){ .group = group_fd,
                            .qemu = qemu_pidfd,
                            .device = -1,
                            .uuid = g_strdup(uuid),
                            .frame = { .fd = -1 } };
    source->device = ioctl(group_fd, VFIO_GROUP_GET_DEVICE_FD, uuid);
    if (source->device < 0) {
        error_set_errno(error, errno, "Opening vGPU %s beside QEMU", uuid);
        return NULL;
    }
    return probe(source, error) ? g_steal_pointer(&source) : NULL;
}

/* Closed before the device: the samples take the memory away with that. */
static void drop_frame(VfioSource *source)
{
    if (source->fetched)
        close(source->frame.fd);
    source->fetched = FALSE;
    source->frame = (VfioFrame){ .fd = -1 };
}

void vfio_source_free(VfioSource *source)
{
    if (source == NULL)
        return;
    drop_frame(source);
    if (source->device >= 0)
        close(source->device);
    close(source->group);
    close(source->qemu);
    g_free(source->uuid);
    g_free(source);
}

static gboolean check_alive(const VfioSource *source, GError **error)
{
    struct pollfd ended = { .fd = source->qemu, .events = POLLIN };
    if (poll(&ended, 1, 0) == 0)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "QEMU has ended");
}

static gboolean query(const VfioSource *source, struct vfio_device_gfx_plane_info *ret_info,
                      GError **error)
{
    int failure = 0;
    for (guint i = 0; i < TRIES; i++) {
        *ret_info = question(source->kind);
        if (ioctl(source->device, VFIO_DEVICE_QUERY_GFX_PLANE, ret_info) == 0)
            return TRUE;
        failure = errno;
        if (failure != ENOMEM)
            break;
    }
    return error_set_errno(error, failure, "Asking vGPU %s for its picture", source->uuid);
}

static VfioFrame frame_of(const struct vfio_device_gfx_plane_info *info)
{
    return (VfioFrame){ .width = info->width,
                        .height = info->height,
                        .stride = info->stride,
                        .format = info->drm_format,
                        .modifier = info->drm_format_mod,
                        .size = info->size,
                        .fd = -1 };
}

static gboolean same_geometry(const VfioFrame *a, const VfioFrame *b)
{
    return a->width == b->width && a->height == b->height && a->stride == b->stride &&
           a->format == b->format && a->modifier == b->modifier;
}

/* FALSE without @error: the dma-buf has gone meanwhile, ask again. */
static gboolean fetch_dmabuf(VfioSource *source, const struct vfio_device_gfx_plane_info *info,
                             GError **error)
{
    VfioFrame frame = frame_of(info);
    frame.dmabuf = TRUE;
    frame.id = info->dmabuf_id;
    if (source->fetched && source->frame.id == frame.id && same_geometry(&source->frame, &frame))
        return TRUE;
    drop_frame(source);
    guint32 id = frame.id;
    frame.fd = ioctl(source->device, VFIO_DEVICE_GET_GFX_DMABUF, &id);
    if (frame.fd < 0 && errno != EINVAL)
        return error_set_errno(error, errno, "Fetching the picture of vGPU %s", source->uuid);
    if (frame.fd < 0)
        return FALSE;
    source->frame = frame;
    source->fetched = TRUE;
    return TRUE;
}

/* The index may lie behind num_regions (mdpy's does). */
static gboolean find_region(VfioSource *source, const struct vfio_device_gfx_plane_info *info,
                            GError **error)
{
    struct vfio_region_info region = { .argsz = sizeof region, .index = info->region_index };
    if (ioctl(source->device, VFIO_DEVICE_GET_REGION_INFO, &region) < 0)
        return error_set_errno(error, errno, "Finding the picture of vGPU %s", source->uuid);
    source->frame = frame_of(info);
    source->frame.fd = source->device;
    source->frame.offset = region.offset;
    source->frame.size = MIN(source->frame.size, region.size);
    return TRUE;
}

const VfioFrame *vfio_source_frame(VfioSource *source, GError **error)
{
    for (guint i = 0; i < TRIES; i++) {
        struct vfio_device_gfx_plane_info info;
        if (!check_alive(source, error) || !query(source, &info, error))
            return NULL;
        if (info.width == 0 || info.height == 0) {
            drop_frame(source);
            return &source->frame;
        }
        g_autoptr(GError) reason = NULL;
        if (source->kind == VFIO_GFX_PLANE_TYPE_REGION ? find_region(source, &info, &reason)
                                                       : fetch_dmabuf(source, &info, &reason))
            return &source->frame;
        if (reason != NULL) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
    }
    error_set(error, VGPUCTL_ERROR_BUSY,
              "vGPU %s changes its picture faster than it can be "
              "fetched; try again",
              source->uuid);
    return NULL;
}

char *vfio_format_name(guint32 format)
{
    char text[5] = { 0 };
    for (guint i = 0; i < 4; i++) {
        text[i] = (char)(format >> (8 * i));
        if (!g_ascii_isprint(text[i]))
            return g_strdup_printf("0x%x", format);
    }
    return g_strdup(text);
}
