/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the display process gives up: it reads what guests and strangers send. */
#pragma once

#include <glib.h>

/*
 * To be called when everything is open that will be needed, for all threads (SECCOMP_FILTER_FLAG_
 * TSYNC): allows what it takes to accept viewers, wait, compute and speak over what is open; kills
 * the process at running programs, looking into or signalling others, mounts, namespaces, other
 * ids, loading code; all the rest, new sockets and files among it, fails with EPERM, which
 * libraries take for an answer. There is no way back (seccomp(2)).
 *
 * @opengl: dma-bufs may have to be read by OpenGL, whose drivers open files, talk to the GPU and
 * compile programs into memory: that is allowed, too.
 */
gboolean display_filter_syscalls(gboolean opengl, GError **error);
