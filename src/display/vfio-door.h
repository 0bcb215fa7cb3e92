/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The client of session/plane-door.h: how a program of this user gets the vGPU of a running VM. */
#pragma once

#include "display/vfio-device.h"

/* Asks at the socket @door for at most @limit_ms. NULL with @error set, which is the supervisor's
 * when it refused. */
VfioDevice *vfio_door_open(const char *door, guint limit_ms, GError **error);
