/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/vfio-edid.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/error.h"
#include "display/edid.h"

#define NAME "vgpuctl"

/* More than any driver says of a region. */
#define INFO_LIMIT 4096

typedef struct {
    const VfioDevice *device;
    guint64 offset; /* of the region */
    struct vfio_region_gfx_edid fields;
} Edid;

static gboolean is_edid(const guint8 *info, gsize size)
{
    const struct vfio_region_info *region = (const void *)info;
    guint32 at = (region->flags & VFIO_REGION_INFO_FLAG_CAPS) != 0 ? region->cap_offset : 0;
    for (guint i = 0; i < 16 && at != 0; i++) {
        struct vfio_region_info_cap_type type;
        if (at > size || size - at < sizeof type)
            return FALSE;
        memcpy(&type, info + at, sizeof type);
        if (type.header.id == VFIO_REGION_INFO_CAP_TYPE)
            return type.type == VFIO_REGION_TYPE_GFX &&
                   type.subtype == VFIO_REGION_SUBTYPE_GFX_EDID;
        at = type.header.next;
    }
    return FALSE;
}

/*
 * Asked twice, for the sample drivers refuse more room than they need
 * (samples/vfio-mdev/mbochs.c:mbochs_ioctl()).
 */
static gboolean look_at_region(int fd, guint32 index, guint64 *ret_offset)
{
    struct vfio_region_info shortly = { .argsz = sizeof shortly, .index = index };
    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, &shortly) < 0 || shortly.argsz <= sizeof shortly ||
        shortly.argsz > INFO_LIMIT)
        return FALSE;
    gsize size = shortly.argsz;
    g_autofree guint8 *info = g_malloc0(size);
    struct vfio_region_info question = { .argsz = (guint32)size, .index = index };
    memcpy(info, &question, sizeof question);
    if (ioctl(fd, VFIO_DEVICE_GET_REGION_INFO, info) < 0 || !is_edid(info, size))
        return FALSE;
    memcpy(&question, info, sizeof question);
    *ret_offset = question.offset;
    return TRUE;
}

static gboolean find_region(const VfioDevice *device, guint64 *ret_offset)
{
    struct vfio_device_info info = { .argsz = sizeof info };
    int fd = vfio_device_fd(device);
    if (ioctl(fd, VFIO_DEVICE_GET_INFO, &info) < 0)
        return FALSE;
    for (guint32 i = VFIO_PCI_NUM_REGIONS; i < MIN(info.num_regions, 256); i++)
        if (look_at_region(fd, i, ret_offset))
            return TRUE;
    return FALSE;
}

gboolean vfio_edid_can(const VfioDevice *device)
{
    guint64 offset;
    return find_region(device, &offset);
}

static gboolean transfer_failed(const Edid *edid, const char *what, gssize n, GError **error)
{
    if (n >= 0)
        return error_set(error, VGPUCTL_ERROR_FAILED, "EDID of vGPU %s: %s was cut short",
                         vfio_device_uuid(edid->device), what);
    return error_set_errno(error, errno, "EDID of vGPU %s: %s failed",
                           vfio_device_uuid(edid->device), what);
}

/* Each field is read and written as a word of its own: kvmgt takes nothing else. */
static gboolean read_fields(Edid *edid, GError **error)
{
    guint32 words[sizeof edid->fields / sizeof(guint32)];
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        gssize n = pread(vfio_device_fd(edid->device), &words[i], sizeof words[i],
                         (off_t)(edid->offset + i * sizeof words[i]));
        if (n != (gssize)sizeof words[i])
            return transfer_failed(edid, "reading it", n, error);
    }
    memcpy(&edid->fields, words, sizeof words);
    return TRUE;
}

static gboolean put(const Edid *edid, gsize at, const void *data, gsize size, const char *what,
                    GError **error)
{
    gssize n = pwrite(vfio_device_fd(edid->device), data, size, (off_t)(edid->offset + at));
    return n == (gssize)size || transfer_failed(edid, what, n, error);
}

static gboolean set_link(const Edid *edid, guint32 state, GError **error)
{
    return put(edid, offsetof(struct vfio_region_gfx_edid, link_state), &state, sizeof state,
               state == VFIO_DEVICE_GFX_LINK_STATE_UP ? "plugging the monitor in"
                                                      : "pulling the monitor",
               error);
}

static gboolean put_block(const Edid *edid, const guint8 *block, GError **error)
{
    guint32 size = EDID_BYTES;
    return put(edid, edid->fields.edid_offset, block, size, "writing the block", error) &&
           put(edid, offsetof(struct vfio_region_gfx_edid, edid_size), &size, sizeof size,
               "writing its size", error);
}

/* A monitor that stayed pulled would leave the guest without a screen. */
static gboolean exchange(const Edid *edid, const guint8 *block, GError **error)
{
    if (!set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_DOWN, error))
        return FALSE;
    if (put_block(edid, block, error))
        return set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_UP, error);
    set_link(edid, VFIO_DEVICE_GFX_LINK_STATE_UP, NULL);
    return FALSE;
}

static int limited(int value, guint32 limit)
{
    return limit > 0 && (guint32)value > limit ? (int)limit : value;
}

gboolean vfio_edid_set_size(VfioDevice *device, int width, int height, GError **error)
{
    Edid edid = { .device = device };
    if (!find_region(device, &edid.offset))
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "vGPU %s has one screen size: its driver has no EDID to set",
                         vfio_device_uuid(device));
    if (!read_fields(&edid, error))
        return FALSE;
    if (edid.fields.edid_max_size < EDID_BYTES)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "vGPU %s has no room for an EDID",
                         vfio_device_uuid(device));
    EdidSpec spec = { .width = limited(width, edid.fields.max_xres),
                      .height = limited(height, edid.fields.max_yres),
                      .width_limit = (int)edid.fields.max_xres,
                      .height_limit = (int)edid.fields.max_yres,
                      .name = NAME };
    guint8 block[EDID_BYTES];
    return edid_write(&spec, block, error) && exchange(&edid, block, error);
}
