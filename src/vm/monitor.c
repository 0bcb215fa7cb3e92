/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/monitor.h"

#include <errno.h>
#include <fcntl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/json.h"
#include "vm/qmp-sync.h"
#include "vm/rundir.h"

struct Monitor {
    int turn; /* owned, holds the lock */
    QmpClient *client;
    guint limit_ms;
};

/* Our turn at the monitor, as long as the descriptor is open. -1 with @error set. */
static int wait_for_turn(const char *run_directory, gint64 deadline_us, GError **error)
{
    g_autofree char *path = g_build_filename(run_directory, RUNDIR_QMP_LOCK, NULL);
    autofd int fd = file_lock_open(path, error);
    if (fd < 0)
        return -1;
    if (file_lock_wait(fd, FILE_LOCK_EXCLUSIVE, deadline_us))
        return steal_fd(&fd);
    if (errno == EAGAIN)
        error_set(error, VGPUCTL_ERROR_BUSY,
                  "Another command talks to this VM and does not come to an end: 'fuser -v %s' "
                  "shows it",
                  path);
    else
        error_set_errno(error, errno, "Locking %s", path);
    return -1;
}

Monitor *monitor_open(const char *run_directory, guint limit_ms, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    autofd int turn = wait_for_turn(run_directory, deadline_us, error);
    if (turn < 0)
        return NULL;
    g_autofree char *path = g_build_filename(run_directory, RUNDIR_QMP_SOCKET, NULL);
    QmpClient *client = qmp_connect_unix(path, deadline_us, error);
    if (client == NULL)
        return NULL;
    Monitor *monitor = g_new0(Monitor, 1);
    monitor->turn = steal_fd(&turn);
    monitor->client = client;
    monitor->limit_ms = limit_ms;
    return monitor;
}

void monitor_free(Monitor *monitor)
{
    if (monitor == NULL)
        return;
    /* the connection first: the next one in the line finds QEMU ready to listen */
    qmp_client_free(monitor->client);
    close(monitor->turn);
    g_free(monitor);
}

json_t *monitor_call_with_fd(Monitor *monitor, const char *command, json_t *arguments, int fd,
                             GError **error)
{
    return qmp_call_sync(monitor->client, command, arguments, fd, monitor->limit_ms, error);
}

json_t *monitor_call(Monitor *monitor, const char *command, json_t *arguments, GError **error)
{
    return monitor_call_with_fd(monitor, command, arguments, -1, error);
}

static gboolean call(Monitor *monitor, const char *command, json_t *arguments, GError **error)
{
    g_autoptr(json_t) result = monitor_call(monitor, command, arguments, error);
    return result != NULL;
}

char *monitor_query_status(Monitor *monitor, GError **error)
{
    g_autoptr(json_t) result = monitor_call(monitor, "query-status", NULL, error);
    if (result == NULL)
        return NULL;
    const char *status = json_get_text(result, "status");
    if (status == NULL)
        error_set(error, VGPUCTL_ERROR_INVALID, "QEMU's answer to query-status has no status");
    return g_strdup(status);
}

gboolean monitor_powerdown(Monitor *monitor, GError **error)
{
    return call(monitor, "system_powerdown", NULL, error);
}

gboolean monitor_quit(Monitor *monitor, GError **error)
{
    g_autoptr(GError) failure = NULL;
    if (call(monitor, "quit", NULL, &failure) ||
        (qmp_client_state(monitor->client) == QMP_CLIENT_CLOSED &&
         g_error_matches(failure, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED)))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&failure));
    return FALSE;
}

/*
 * The file of @fd opened once more, for writing only: QEMU takes a descriptor out of a set only
 * when its access mode is the one wanted (monitor/fds.c, monitor_fdset_dup_fd_add).
 */
static int reopen_for_writing(int fd, GError **error)
{
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", fd);
    int writable = open(path, O_WRONLY | O_CLOEXEC);
    if (writable < 0)
        error_set_errno(error, errno, "Opening the picture's file for QEMU");
    return writable;
}

/* Hands @fd, stolen, to QEMU. Returns the number of the set that it made for it, or -1. */
static gint64 add_to_set(Monitor *monitor, int fd, GError **error)
{
    g_autoptr(json_t) added = monitor_call_with_fd(monitor, "add-fd", NULL, fd, error);
    if (added == NULL)
        return -1;
    gint64 set = json_get_int(added, "fdset-id", -1);
    if (set < 0)
        error_set(error, VGPUCTL_ERROR_INVALID, "QEMU's answer to add-fd has no fdset-id");
    return set;
}

gboolean monitor_screendump(Monitor *monitor, int fd, const char *format, GError **error)
{
    int writable = reopen_for_writing(fd, error);
    gint64 set = writable >= 0 ? add_to_set(monitor, writable, error) : -1;
    if (set < 0)
        return FALSE;
    g_autofree char *path = g_strdup_printf("/dev/fdset/%" G_GINT64_FORMAT, set);
    gboolean drawn = call(monitor, "screendump",
                          json_pack("{s:s, s:s}", "filename", path, "format", format), error);
    /*
     * Takes our descriptor back; while the guest is paused QEMU keeps it until it runs again and a
     * monitor is closed (monitor_fdsets_cleanup). Its PNG writer closes its own copy behind the
     * set's back (ui/console.c, png_save), so that an empty set of a few bytes stays.
     */
    call(monitor, "remove-fd", json_pack("{s:I}", "fdset-id", (json_int_t)set), NULL);
    return drawn;
}
