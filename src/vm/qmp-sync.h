/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QMP for commands that ask one thing and end: each function returns when QEMU has answered or the
 * time is over. The client runs on a main context of its own, so nothing else happens meanwhile.
 */
#pragma once

#include "vm/qmp-client.h"

/*
 * Connects to QEMU's monitor socket @path and completes the handshake until @deadline_us
 * (g_get_monotonic_time()). QEMU serves one connection a socket: with another one open, it does not
 * greet us (VGPUCTL_ERROR_TIMEOUT). NULL with @error set; VGPUCTL_ERROR_NOT_FOUND: nobody listens.
 */
QmpClient *qmp_connect_unix(const char *path, gint64 deadline_us, GError **error);

/*
 * Takes ownership of @fd, a connected stream socket, and completes the handshake as above. @name
 * stands for the socket in errors.
 */
QmpClient *qmp_connect_fd(int fd, const char *name, gint64 deadline_us, GError **error);

/*
 * Calls and waits at most @limit_ms. Ownership and errors as in qmp_client_call(), and
 * VGPUCTL_ERROR_TIMEOUT; a reply after that is dropped and the client remains usable. Must not be
 * called from a callback of the same client. Returns QEMU's answer, owned, or NULL.
 */
json_t *qmp_call_sync(QmpClient *client, const char *command, json_t *arguments, int fd,
                      guint limit_ms, GError **error);
