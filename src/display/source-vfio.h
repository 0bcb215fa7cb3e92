/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vGPU's picture, straight from the device, as a source: the plane is asked for its picture while
 * somebody wants news, 60 times a second as long as it moves. QEMU is not involved, so its version,
 * its display and its speed do not matter.
 */
#pragma once

#include "display/source.h"
#include "display/vfio-device.h"

typedef enum {
    VFIO_PLANE_OFF, /* before the guest's driver sets a mode, and while it has switched it off */
    VFIO_PLANE_ON,
    VFIO_PLANE_UNREADABLE, /* there is a picture, and no way to its pixels */
} VfioPlaneState;

typedef struct {
    Screen *screen;   /* borrowed */
    const char *node; /* the DRM node to read by what cannot be mapped, or NULL */
    gboolean muted;   /* from the beginning: source_mute() */
    /* The end of QEMU, VGPUCTL_ERROR_NOT_FOUND; nothing of the vGPU is held any more. */
    SourceEnded ended;
    /* NULL, or: told of each change in the source's thread, before it shows another picture; it may
     * mute the source. The first state is OFF and not told. @reason: of UNREADABLE, else NULL. */
    void (*state)(VfioPlaneState state, const GError *reason, gpointer userdata);
    gpointer userdata;
} VfioSourceSpec;

/*
 * Takes over @device. While the plane is off the last picture stays. Resizing is done by EDID
 * (display/vfio-edid.h), which QEMU overwrites where it has a display of its own. source_free()
 * does screen_cancel().
 */
Source *vfio_source_new(VfioDevice *device, const VfioSourceSpec *spec);
