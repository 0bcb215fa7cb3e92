/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/claim-hold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/user.h"
#include "vgpu/mdev-sysfs.h"

#define NOT_STARTED 127 /* as shells say it */

static int block_signals(const int *numbers, guint n, sigset_t *ret_before, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    for (guint i = 0; i < n; i++)
        sigaddset(&signals, numbers[i]);
    sigprocmask(SIG_BLOCK, &signals, ret_before);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        error_set_errno(error, errno, "Waiting for signals");
    return fd;
}

gboolean claim_hold_input(GError **error)
{
    static const int ends[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT };
    sigset_t before;
    autofd int signals = block_signals(ends, G_N_ELEMENTS(ends), &before, error);
    if (signals < 0)
        return FALSE;
    for (;;) {
        struct pollfd waits[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                                  { .fd = signals, .events = POLLIN } };
        if (poll(waits, G_N_ELEMENTS(waits), -1) < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Waiting for the end of standard input");
        char ignored[4096];
        if (waits[1].revents != 0 ||
            (waits[0].revents != 0 && read(STDIN_FILENO, ignored, sizeof ignored) <= 0))
            return TRUE;
    }
}

typedef struct {
    const sigset_t *mask; /* what was blocked before us */
    int lock_fd;
} ChildSetup;

/* After fork(2), in a process of one thread. */
static void set_up_child(gpointer data)
{
    const ChildSetup *setup = data;
    sigprocmask(SIG_SETMASK, setup->mask, NULL);
    if (setup->lock_fd >= 0)
        (void)fcntl(setup->lock_fd, F_SETFD, 0);
    if (!user_leave_sudo(NULL))
        _exit(NOT_STARTED);
}

static char **child_environment(const Root *root, const Claim *claim)
{
    g_autofree char *node = mdev_group_node(root, claim->uuid, NULL);
    char **environment = g_environ_setenv(g_get_environ(), "VGPUCTL_UUID", claim->uuid, TRUE);
    return node != NULL ? g_environ_setenv(environment, "VGPUCTL_NODE", node, TRUE) : environment;
}

/* A terminal sends SIGINT and SIGQUIT to the command itself; what was sent to us we pass on. */
static void pass_signals_on(int signals, pid_t child)
{
    struct signalfd_siginfo info;
    while (read(signals, &info, sizeof info) == sizeof info)
        if (info.ssi_signo == SIGTERM || info.ssi_signo == SIGHUP)
            kill(child, (int)info.ssi_signo);
}

static int wait_for(pid_t child, int signals)
{
    autofd int pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    for (int status = 0;;) {
        struct pollfd waits[] = { { .fd = pidfd, .events = POLLIN },
                                  { .fd = signals, .events = POLLIN } };
        (void)poll(waits, G_N_ELEMENTS(waits), -1);
        pass_signals_on(signals, child);
        if (waitpid(child, &status, pidfd >= 0 ? WNOHANG : 0) == child)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

int claim_hold_command(const Root *root, const Claim *claim, char **command, int lock_fd,
                       GError **error)
{
    static const int ours[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
    sigset_t before;
    autofd int signals = block_signals(ours, G_N_ELEMENTS(ours), &before, error);
    if (signals < 0)
        return 1;
    g_auto(GStrv) environment = child_environment(root, claim);
    ChildSetup setup = { .mask = &before, .lock_fd = lock_fd };
    GPid child = 0;
    g_autoptr(GError) reason = NULL;
    if (!g_spawn_async(NULL, command, environment,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD |
                           G_SPAWN_CHILD_INHERITS_STDIN | G_SPAWN_LEAVE_DESCRIPTORS_OPEN,
                       set_up_child, &setup, &child, &reason)) {
        error_set(error, VGPUCTL_ERROR_FAILED, "Starting %s: %s", command[0], reason->message);
        return NOT_STARTED;
    }
    int status = wait_for(child, signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return status;
}
