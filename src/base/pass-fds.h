/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File descriptors given from process to process, each time with a line of words, over a unix
 * socket that keeps packets apart (SOCK_SEQPACKET; unix(7), SCM_RIGHTS).
 */
#pragma once

#include <glib.h>

#define PASS_FDS_MOST 4
#define PASS_FDS_TEXT_LIMIT 1024

/* Sends @text (cut to the limit) and the @n descriptors, which stay the caller's. */
gboolean pass_fds_send(int socket, const char *text, const int *fds, guint n, GError **error);

/*
 * Receives one packet in at most @limit_ms: its text, owned, and into @fds, which has room for
 * PASS_FDS_MOST, the descriptors, which are the caller's now; *@ret_n says how many. NULL with
 * @error set: VGPUCTL_ERROR_TIMEOUT, VGPUCTL_ERROR_NOT_FOUND when the other side has left.
 */
char *pass_fds_receive(int socket, guint limit_ms, int *fds, guint *ret_n, GError **error);
