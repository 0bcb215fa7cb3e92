/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/plane-shot.h"

#include "base/error.h"
#include "display/plane-reader.h"
#include "display/vfio-door.h"

Frame *plane_shot(const char *door, const char *node, guint limit_ms, GError **error)
{
    g_autoptr(VfioDevice) device = vfio_door_open(door, limit_ms, error);
    if (device == NULL)
        return NULL;
    g_autoptr(PlaneReader) reader = plane_reader_new(node);
    const VfioPlane *plane = vfio_device_plane(device, VFIO_PLANE_PRIMARY, error);
    if (plane == NULL)
        return NULL;
    if (plane->picture.width == 0) {
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "the guest has not initialised its display yet: its driver for the vGPU sets the "
                  "first mode");
        return NULL;
    }
    Rect changed;
    Frame *frame = plane_reader_read(reader, plane, NULL, &changed, error);
    if (frame == NULL)
        g_prefix_error(error, "vGPU %s: ", vfio_device_uuid(device));
    return frame;
}
