/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

/* Everything above the standard streams closes at exec, whoever opened it: our caller's too. */
static void close_others(void)
{
    if (close_range(STDERR_FILENO + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0)
        return;
    long limit = sysconf(_SC_OPEN_MAX); /* before Linux 5.11 */
    for (int fd = STDERR_FILENO + 1; fd < limit; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
}

static gboolean set_stream(int fd, int number)
{
    if (fd == number)
        return fcntl(fd, F_SETFD, 0) >= 0;
    if (fd < 0) {
        fd = open("/dev/null", (number == STDIN_FILENO ? O_RDONLY : O_WRONLY) | O_CLOEXEC);
        if (fd < 0)
            return FALSE;
    }
    return dup2(fd, number) >= 0;
}

/* Undoes what we did to signals for ourselves. */
static void reset_signals(void)
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
}

static gboolean prepare_child(const SpawnRequest *request, pid_t parent)
{
    if ((request->new_session ? setsid() : setpgid(0, 0)) < 0)
        return FALSE;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
        return FALSE;
    if (getppid() != parent) { /* it died before the line above */
        errno = ESRCH;
        return FALSE;
    }
    close_others();
    for (const int *fd = request->keep; fd != NULL && *fd >= 0; fd++)
        if (fcntl(*fd, F_SETFD, 0) < 0)
            return FALSE;
    for (const char *const *item = request->environment; item != NULL && *item != NULL; item++)
        putenv((char *)*item);
    if (request->private_files)
        umask(077);
    reset_signals();
    return set_stream(request->in, STDIN_FILENO) && set_stream(request->out, STDOUT_FILENO) &&
           set_stream(request->err, STDERR_FILENO);
}

static G_NORETURN void run_child(const SpawnRequest *request, pid_t parent, int report_fd)
{
    /* not execvp(3) for a path: what the kernel does not know to run, it gives to the shell */
    char *const *argv = (char *const *)request->argv;
    if (prepare_child(request, parent))
        (void)(strchr(argv[0], '/') != NULL ? execv : execvp)(argv[0], argv);
    int failure = errno;
    (void)file_write_all(report_fd, &failure, sizeof failure);
    _exit(127);
}

gboolean spawn_child(const SpawnRequest *request, pid_t *ret_pid, int *ret_pidfd, GError **error)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return error_set_errno(error, errno, "Starting %s", request->argv[0]);

    pid_t parent = getpid();
    pid_t pid = fork();
    if (pid == 0)
        run_child(request, parent, report[1]);
    int failure = pid < 0 ? errno : 0;
    close(report[1]);
    /* the pipe closes at exec; only a failure writes into it */
    if (pid > 0 && read(report[0], &failure, sizeof failure) > 0)
        waitpid(pid, NULL, 0);
    close(report[0]);
    if (failure != 0)
        return error_set_errno(error, failure, "Starting %s", request->argv[0]);

    *ret_pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (*ret_pidfd < 0) { /* a child we could neither watch nor name */
        failure = errno;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        return error_set_errno(error, failure, "Watching %s", request->argv[0]);
    }
    *ret_pid = pid;
    return TRUE;
}
