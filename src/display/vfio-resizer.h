/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exchanges a vGPU's monitor (display/vfio-edid.h) in a thread of its own, for the driver may take
 * its time and viewers may ask without end: one exchange is under way, of the sizes that come
 * meanwhile the latest is next, and guests get time between two.
 */
#pragma once

#include "display/vfio-device.h"

typedef struct VfioResizer VfioResizer;

/* @device is borrowed until vfio_resizer_free(), which waits for an exchange that is under way. */
VfioResizer *vfio_resizer_new(VfioDevice *device);
void vfio_resizer_free(VfioResizer *resizer);

/* Never waits. FALSE with @error set: VGPUCTL_ERROR_REFUSED when the vGPU has no EDID. Any thread.
 */
gboolean vfio_resizer_ask(VfioResizer *resizer, int width, int height, GError **error);
