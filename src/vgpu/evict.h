/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking a vGPU away from those who have it open. */
#pragma once

#include "base/root.h"

/*
 * Ends everybody who has the device @uuid open. A VM of ours by its supervisor, as `vgpuctl stop
 * --force` does; any other program, libvirt's QEMU too, by SIGTERM, which QEMU takes as a request
 * to quit, and what has not ended after 10 s by SIGKILL. Each is known by pid and start time, and
 * is waited for. *@ret_ended (may be NULL) says how many there were. FALSE with @error when one may
 * not be ended, or does not end; nobody is asked when we are not root: VGPUCTL_ERROR_ACCESS.
 */
gboolean mdev_evict(const Root *root, const char *uuid, guint *ret_ended, GError **error);
