/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The EDID of a vGPU's screen, set through its region (linux/vfio.h, struct vfio_region_gfx_edid):
 * the guest sees its monitor exchanged. With a display of its own QEMU does the same and overwrites
 * ours (hw/vfio/display.c).
 */
#pragma once

#include "display/vfio-device.h"

/*
 * Has the guest prefer a mode of this size, or what the vGPU has that is nearest: never more than
 * its limits. FALSE with @error set: VGPUCTL_ERROR_REFUSED when it has no EDID, or the size is
 * impossible.
 */
gboolean vfio_edid_set_size(VfioDevice *device, int width, int height, GError **error);

/* Whether there is a region for it. */
gboolean vfio_edid_can(const VfioDevice *device);
