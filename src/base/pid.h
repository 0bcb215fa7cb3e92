/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Processes that somebody else started, known by pid and start time: a pid alone is given to a new
 * process some time after the old one's end.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/* What /proc/PID/stat says (proc(5)). */
typedef struct {
    char state; /* 'R', 'S', ...; 'Z': ended, not yet waited for */
    pid_t parent;
    guint64 flags; /* PF_* of the kernel */
    guint64 start_ticks;
} PidStat;

/* Reads the text of such a file. FALSE when it is none. */
gboolean pid_parse_stat(const char *text, PidStat *ret_stat);

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

/* Whether that process has not ended; one that only was not waited for has. */
gboolean pid_runs_same(pid_t pid, guint64 start_ticks);

/* Whether nothing keeps it from ending any more: it exits, or SIGKILL is on its way to it, and that
 * is so of each of its threads: the first one may end long before the others. */
gboolean pid_is_ending(pid_t pid);

/* Waits at most @limit_ms for the end of the process of @pidfd. FALSE and errno; ETIMEDOUT. */
gboolean pid_wait_end(int pidfd, guint limit_ms);

/*
 * Sends it the signal that asks it to end and waits at most @limit_ms for that; one that is gone is
 * fine. FALSE with @error set: VGPUCTL_ERROR_TIMEOUT when it goes on.
 */
gboolean pid_ask_same(pid_t pid, guint64 start_ticks, int number, guint limit_ms, GError **error);

/*
 * Kills that process and waits at most @limit_ms for its end; one that is gone is fine. FALSE with
 * @error set when it may not be killed or does not end.
 */
gboolean pid_kill_same(pid_t pid, guint64 start_ticks, guint limit_ms, GError **error);
