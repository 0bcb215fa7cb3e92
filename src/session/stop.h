/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ending a running VM from another process: its supervisor is asked, since it alone knows how far
 * down the ladder it is.
 */
#pragma once

#include "base/root.h"

/*
 * A pidfd of the supervisor of the running VM @name, owned. -1 with @error set:
 * VGPUCTL_ERROR_NOT_FOUND when it does not run, VGPUCTL_ERROR_BUSY when it is only about to start.
 */
int session_supervisor_pidfd(const Root *root, const char *name, GError **error);

/*
 * The same, but waits for a VM that is only about to start until it has a supervisor that can be
 * named, or has come to nothing (VGPUCTL_ERROR_NOT_FOUND).
 */
int session_await_supervisor(const Root *root, const char *name, GError **error);

typedef enum {
    SESSION_STOP_POWER_OFF, /* the guest's power button; the supervisor goes on to quit by itself */
    SESSION_STOP_FORCE,     /* QEMU quits at once; a supervisor that does not answer is killed */
} SessionStop;

/*
 * Asks for the end of VM @name and waits until it is over and nothing of it is left. @limit_s is
 * for a power-off; at its end VGPUCTL_ERROR_TIMEOUT, the VM still there.
 */
gboolean session_stop(const Root *root, const char *name, SessionStop how, guint limit_s,
                      GError **error);
