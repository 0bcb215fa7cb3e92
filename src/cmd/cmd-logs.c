/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/user.h"
#include "session/stop.h"
#include "session/storage.h"
#include "vm/rundir-list.h"
#include "vm/vm-config.h"

static gboolean serial, follow;

static const GOptionEntry logs_options[] = {
    { "serial", 0, 0, G_OPTION_ARG_NONE, &serial, "What the guest wrote to its serial port", NULL },
    { "follow", 'f', 0, G_OPTION_ARG_NONE, &follow, "Go on until the VM ends", NULL },
    G_OPTION_ENTRY_NULL,
};

/* Copies what is there from the present place on. */
static gboolean copy_rest(int fd, GError **error)
{
    char chunk[8192];
    for (ssize_t n; (n = read(fd, chunk, sizeof chunk)) != 0;) {
        if (n < 0)
            return error_set_errno(error, errno, "Reading the log");
        if (!file_write_all(STDOUT_FILENO, chunk, (gsize)n))
            return error_set_errno(error, errno, "Writing to standard output");
    }
    return TRUE;
}

/* As a program that writes to a reader who went away; tail(1) ends so, too (die_pipe()). */
static gboolean fail_reader_gone(GError **error)
{
    raise(SIGPIPE);
    return error_set_errno(error, EPIPE, "Writing to standard output");
}

/*
 * Follows @path: new bytes, and the new file when it was turned. The end of the VM shows as the end
 * of its supervisor, whose pidfd we watch; that of our reader as an error of the pipe, which
 * nothing that we write may show for long.
 */
static gboolean follow_file(const char *path, int fd_number, int pidfd, GError **error)
{
    autofd int fd = fd_number;
    autofd int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    g_autofree char *directory = g_path_get_dirname(path);
    if (notify < 0 || inotify_add_watch(notify, directory, IN_MODIFY | IN_CREATE) < 0)
        return error_set_errno(error, errno, "Watching %s", directory);
    for (;;) {
        if (!copy_rest(fd, error))
            return FALSE;
        struct pollfd waits[] = { { .fd = notify, .events = POLLIN },
                                  { .fd = pidfd, .events = POLLIN },
                                  { .fd = STDOUT_FILENO } };
        if (poll(waits, G_N_ELEMENTS(waits), -1) < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Watching %s", path);
        if ((waits[2].revents & (POLLERR | POLLHUP)) != 0)
            return fail_reader_gone(error);
        char events[4096];
        while (read(notify, events, sizeof events) > 0)
            ;
        struct stat now, ours;
        if (stat(path, &now) == 0 && fstat(fd, &ours) == 0 && now.st_ino != ours.st_ino) {
            if (!copy_rest(fd, error))
                return FALSE;
            close(fd);
            fd = open(path, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                return error_set_errno(error, errno, "Opening %s", path);
        }
        if (waits[1].revents != 0)
            return copy_rest(fd, error);
    }
}

/* In *@ret_pidfd the supervisor of a VM that runs, or is about to; -1: there is only its log. */
static gboolean find_supervisor(const Root *root, const char *name, int *ret_pidfd, GError **error)
{
    g_autoptr(GError) reason = NULL;
    *ret_pidfd = session_await_supervisor(root, name, &reason);
    if (*ret_pidfd >= 0 || g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static int run_logs(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_logs, arguments, 1, 1, error))
        return 2;
    const char *name = arguments[0];
    if (!vm_name_check(name, error) || !user_leave_sudo(error))
        return 1;
    autofd int pidfd = -1;
    if (follow && !find_supervisor(context->root, name, &pidfd, error))
        return 1;
    g_autofree char *usual = session_log_path(context->root, name, serial);
    /* `run --serial FILE` leaves a link; what changes is the file, in its own directory */
    g_autofree char *linked = g_file_read_link(usual, NULL);
    const char *path = linked != NULL ? linked : usual;
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error_set_errno(error, errno, "VM '%s' has no log: opening %s", name, path);
        return 1;
    }
    gboolean good =
        pidfd >= 0 ? follow_file(path, steal_fd(&fd), pidfd, error) : copy_rest(fd, error);
    return good ? 0 : 1;
}

const Command command_logs = {
    .name = "logs",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Print what QEMU, or the guest's serial port, wrote",
    .details = "The log of the last run is kept when a VM has ended.",
    .example = "  vgpuctl logs --serial --follow web",
    .options = logs_options,
    .run = run_logs,
};
