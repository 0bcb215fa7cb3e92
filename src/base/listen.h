/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets that wait for who connects. All are closed on exec and do not block. */
#pragma once

#include <glib.h>

/*
 * A unix socket of @type (SOCK_STREAM, SOCK_SEQPACKET) at @path, mode 0600: whoever may pass the
 * directories and is not its owner is refused. A socket that nobody listens on any more gives way.
 * -1 with @error set; VGPUCTL_ERROR_USAGE: the path is longer than a socket's name may be.
 */
int listen_unix(const char *path, int type, GError **error);

/*
 * TCP at @host, a name or number, "" for all addresses of both families, and @port. -1 with @error
 * naming both.
 */
int listen_tcp(const char *host, guint16 port, GError **error);
