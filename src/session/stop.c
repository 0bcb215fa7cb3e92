/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/stop.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pid.h"
#include "vm/rundir-list.h"

/* How long a forced end may take before the supervisor itself is killed (its QEMU dies with it). */
#define FORCE_LIMIT_S 10

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
    return rundir_collect(root, /* ret_removed= */ NULL, error);
}
