/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pid.h"
#include "vm/rundir-list.h"
#include "vm/rundir.h"

/* How long a forced end may take before the supervisor itself is killed (its QEMU dies with it). */
#define FORCE_LIMIT_S 10

/*
 * Nothing tells that a lock was let go by a supervisor that was killed: the event of the close
 * comes before (Linux, fs/file_table.c, __fput()).
 */
#define LOCK_CHECK_MS 500

int session_supervisor_pidfd(const Root *root, const char *name, GError **error)
{
    g_autoptr(RunDirEntry) vm = rundir_find_running(root, name, error);
    if (vm == NULL)
        return -1;
    if (vm->state == NULL) {
        error_set(error, VGPUCTL_ERROR_BUSY, "VM '%s' is only about to start; try again", name);
        return -1;
    }
    int pidfd = pid_open_same(vm->state->pid, vm->state->supervisor_started_ticks);
    if (pidfd < 0)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "VM '%s' has ended: its supervisor, process %d, is gone", name, vm->state->pid);
    return pidfd;
}

/* Waits for a change in the directory that @fd watches, or until its lock may have been let go. */
static gboolean wait_change(int fd, const char *path, GError **error)
{
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    if (poll(&wait, 1, LOCK_CHECK_MS) < 0 && errno != EINTR)
        return error_set_errno(error, errno, "Watching %s", path);
    char events[4096];
    while (read(fd, events, sizeof events) > 0)
        ;
    return TRUE;
}

int session_await_supervisor(const Root *root, const char *name, GError **error)
{
    g_autofree char *base = rundir_base(root, error);
    autofd int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (base == NULL)
        return -1;
    g_autofree char *path = g_build_filename(base, name, NULL);
    for (;;) {
        /* anew each time: it may be another directory of that name by now */
        gboolean watched =
            inotify_add_watch(notify, path,
                              IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR | IN_DONT_FOLLOW) >= 0;
        if (!watched && errno != ENOENT) {
            error_set_errno(error, errno, "Watching %s", path);
            return -1;
        }
        g_autoptr(GError) reason = NULL;
        int pidfd = session_supervisor_pidfd(root, name, &reason);
        if (pidfd < 0 && !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY))
            g_propagate_error(error, g_steal_pointer(&reason));
        if (pidfd >= 0 || reason == NULL)
            return pidfd;
        if (watched && !wait_change(notify, path, error))
            return -1;
    }
}

static gboolean wait_end(int pidfd, guint limit_s)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)limit_s * G_USEC_PER_SEC;
    for (;;) {
        gint64 left_ms = (deadline - g_get_monotonic_time() + 999) / 1000;
        struct pollfd wait = { .fd = pidfd, .events = POLLIN };
        int ready = poll(&wait, 1, (int)CLAMP(left_ms, 0, G_MAXINT));
        if (ready > 0)
            return TRUE;
        if (left_ms <= 0)
            return FALSE;
    }
}

static gboolean send_signal(int pidfd, int number, const char *name, GError **error)
{
    if (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0 || errno == ESRCH)
        return TRUE;
    return error_set_errno(error, errno, "Asking the supervisor of VM '%s' to stop", name);
}

gboolean session_stop(const Root *root, const char *name, SessionStop how, guint limit_s,
                      GError **error)
{
    autofd int pidfd = session_supervisor_pidfd(root, name, error);
    if (pidfd < 0)
        return FALSE;
    gboolean force = how == SESSION_STOP_FORCE;
    if (!send_signal(pidfd, force ? SIGQUIT : SIGTERM, name, error))
        return FALSE;
    if (!wait_end(pidfd, force ? FORCE_LIMIT_S : limit_s)) {
        if (!force)
            return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                             "VM '%s' has not powered off within %u s; end it with: vgpuctl stop "
                             "--force %s",
                             name, limit_s, name);
        if (!send_signal(pidfd, SIGKILL, name, error) || !wait_end(pidfd, FORCE_LIMIT_S))
            return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                             "The supervisor of VM '%s' cannot be killed; look at it with: ps -o "
                             "pid,stat,wchan",
                             name);
    }
    return rundir_collect_name(root, name, error);
}
