/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a command reaches a VM that runs: through the second monitor, a socket in its run directory.
 * QEMU serves one client there, so commands take turns by a lock beside it. The supervisor has a
 * monitor of its own and is not in the way.
 */
#pragma once

#include "vm/qmp-client.h"

typedef struct Monitor Monitor;

/*
 * Waits for its turn and connects to the VM of @run_directory; all in at most @limit_ms, which is
 * also the limit for each of the calls below. NULL with @error set: VGPUCTL_ERROR_BUSY when the
 * turn did not come, VGPUCTL_ERROR_NOT_FOUND when nobody listens (QEMU starts or ends just now),
 * VGPUCTL_ERROR_TIMEOUT when QEMU hangs.
 */
Monitor *monitor_open(const char *run_directory, guint limit_ms, GError **error);
void monitor_free(Monitor *monitor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Monitor, monitor_free)

/* Any command; ownership and errors as in qmp_call_sync(). */
json_t *monitor_call(Monitor *monitor, const char *command, json_t *arguments, GError **error);

/* The same with a descriptor, which is closed in any case; -1: none. */
json_t *monitor_call_with_fd(Monitor *monitor, const char *command, json_t *arguments, int fd,
                             GError **error);

/* QEMU's word for the state of the machine: "running", "paused", "shutdown", ... Owned. */
char *monitor_query_status(Monitor *monitor, GError **error);

/* Presses the power button; what the guest makes of it is seen later. */
gboolean monitor_powerdown(Monitor *monitor, GError **error);

/* Has QEMU end at once. TRUE also when it ended before it could answer. */
gboolean monitor_quit(Monitor *monitor, GError **error);

/*
 * Has QEMU write its console's surface as @format ("png", "ppm") to @fd, a memfd or a file, which
 * remains the caller's. QEMU gets a descriptor that can be written and nothing else; it opens no
 * path. "no surface" is QEMU's word for a console drawn by OpenGL.
 */
gboolean monitor_screendump(Monitor *monitor, int fd, const char *format, GError **error);
