/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that somebody else started, known by pid and start time: a pid alone is given to a new
 * process some time after the old one's end.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * When @pid was started, in clock ticks since boot (proc(5), stat field 22). FALSE when there is no
 * such process.
 */
gboolean pid_start_ticks(pid_t pid, guint64 *ret_ticks);

/* A pidfd of the process @pid that was started at @start_ticks; -1 when it is gone. */
int pid_open_same(pid_t pid, guint64 start_ticks);

/*
 * Kills that process and waits at most @limit_ms for its end; one that is gone is fine. FALSE with
 * @error set when it may not be killed or does not end.
 */
gboolean pid_kill_same(pid_t pid, guint64 start_ticks, guint limit_ms, GError **error);
