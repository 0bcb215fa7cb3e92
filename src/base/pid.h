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

/*
 * The value of the variable @name in the environment that @pid was started with (proc(5), environ).
 * Owned; NULL when it is not set, or the process is gone or not ours to look into.
 */
char *pid_environment(pid_t pid, const char *name);

/* A pidfd of the process @pid that was started at @start_ticks; -1 when it is gone. */
int pid_open_same(pid_t pid, guint64 start_ticks);

/*
 * Kills that process and waits at most @limit_ms for its end; one that is gone is fine. FALSE with
 * @error set when it may not be killed or does not end.
 */
gboolean pid_kill_same(pid_t pid, guint64 start_ticks, guint limit_ms, GError **error);
