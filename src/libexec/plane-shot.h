/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One picture of a vGPU, from the device itself (display/vfio-device.h). */
#pragma once

#include "display/frame.h"

/*
 * Asks at @door (session/plane-door.h) and reads the picture: by the processor where the driver
 * lets it, else drawn by OpenGL on the DRM node @node, which may be NULL. NULL with @error set;
 * VGPUCTL_ERROR_BUSY when the guest has set no mode yet.
 */
Frame *plane_shot(const char *door, const char *node, guint limit_ms, GError **error);
