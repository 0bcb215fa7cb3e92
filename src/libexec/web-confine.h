/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the web server gives up before it accepts the first connection. */
#pragma once

#include <glib.h>

/*
 * No capabilities, no new privileges, no core file and no look into our memory by other processes
 * of this user (PR_SET_DUMPABLE): there are tokens in it. And only the system calls of a server
 * that has all it will read in memory: it opens no file, runs no program, listens nowhere else and
 * connects to unix sockets only: any that this user may, for a filter sees no paths. Calls that a
 * server that was taken over would need kill it, others answer ENOSYS. There is no way back
 * (seccomp(2)).
 */
gboolean web_confine(GError **error);
