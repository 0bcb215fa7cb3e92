/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-attach.h"

#include <errno.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "vm/monitor.h"
#include "vm/rundir.h"

/* The name under which QEMU's monitor keeps the descriptor until it is used. */
#define FD_NAME "vgpuctl-display"

static Monitor *open_monitor(const char *qmp_socket, guint limit_ms, GError **error)
{
    g_autofree char *name = g_path_get_basename(qmp_socket);
    g_autofree char *directory = g_path_get_dirname(qmp_socket);
    if (g_str_equal(name, RUNDIR_QMP_SOCKET))
        return monitor_open(directory, limit_ms, error);
    error_set(error, VGPUCTL_ERROR_USAGE,
              "%s is not the monitor of a VM of ours, which is named " RUNDIR_QMP_SOCKET,
              qmp_socket);
    return NULL;
}

/* @fd is QEMU's, or closed. */
static gboolean hand_over(Monitor *monitor, int fd, GError **error)
{
    g_autoptr(json_t) kept =
        monitor_call_with_fd(monitor, "getfd", json_pack("{s:s}", "fdname", FD_NAME), fd, error);
    if (kept == NULL)
        return FALSE;
    g_autoptr(GError) reason = NULL;
    g_autoptr(json_t) added = monitor_call(
        monitor, "add_client",
        json_pack("{s:s, s:s}", "protocol", "@dbus-display", "fdname", FD_NAME), &reason);
    if (added != NULL)
        return TRUE;
    g_autoptr(json_t) closed =
        monitor_call(monitor, "closefd", json_pack("{s:s}", "fdname", FD_NAME), NULL);
    if (!g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    return error_set(error, VGPUCTL_ERROR_REFUSED,
                     "QEMU shows its screen to nobody: %s; it was started without '-display "
                     "dbus,p2p=yes'",
                     reason->message);
}

int display_attach(const char *qmp_socket, guint limit_ms, GError **error)
{
    g_autoptr(Monitor) monitor = open_monitor(qmp_socket, limit_ms, error);
    if (monitor == NULL)
        return -1;
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set_errno(error, errno, "Making a socket for QEMU");
        return -1;
    }
    autofd int ours = pair[0];
    return hand_over(monitor, pair[1], error) ? steal_fd(&ours) : -1;
}
