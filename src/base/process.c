/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/spawn.h"

#define DEFAULT_LIMIT_MS 10000
#define DEFAULT_OUTPUT_LIMIT (1u << 20)

/* What the parent holds of a running child. */
typedef struct {
    pid_t pid;
    int pidfd;
    int streams[2]; /* its stdout and stderr */
    GString *text[2];
} Child;

/* What the child reads: /dev/null, or an unnamed file with the input, so that we never block on it.
 */
static int open_input(const char *input)
{
    if (input == NULL)
        return open("/dev/null", O_RDONLY | O_CLOEXEC);
    autofd int fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || !file_write_all(fd, input, strlen(input)) || lseek(fd, 0, SEEK_SET) < 0)
        return -1;
    return steal_fd(&fd);
}

static gboolean child_start(const ProcessRequest *request, Child *child, GError **error)
{
    autofd int in_fd = open_input(request->input);
    int out[2] = { -1, -1 }, err[2] = { -1, -1 };
    if (in_fd < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
        return error_set_errno(error, errno, "Starting %s", request->argv[0]);

    SpawnRequest spawn = { .argv = request->argv,
                           .environment = request->environment,
                           .in = in_fd,
                           .out = out[1],
                           .err = err[1] };
    gboolean started = spawn_child(&spawn, &child->pid, &child->pidfd, error);
    close(out[1]);
    close(err[1]);
    child->streams[0] = out[0];
    child->streams[1] = err[0];
    if (!started) {
        close(out[0]);
        close(err[0]);
    }
    return started;
}

/* Reads what one stream offers; FALSE at its end. */
static gboolean drain(int fd, GString *text, gsize limit)
{
    char chunk[8192];
    ssize_t n = read(fd, chunk, sizeof chunk);
    if (n < 0)
        return errno == EINTR || errno == EAGAIN;
    gsize room = limit - MIN(limit, text->len);
    g_string_append_len(text, chunk, (gssize)MIN((gsize)n, room));
    return n > 0;
}

/*
 * Collects output until the child has ended. A grandchild may keep the pipes open, so the end of
 * the child, not of its output, ends the loop; what lies in the pipes then is still read. FALSE at
 * the time limit.
 */
static gboolean child_wait(Child *child, gint64 deadline, gsize limit)
{
    struct pollfd waits[] = { { .fd = child->pidfd, .events = POLLIN },
                              { .fd = child->streams[0], .events = POLLIN },
                              { .fd = child->streams[1], .events = POLLIN } };
    for (;;) {
        gint64 left_ms = (deadline - g_get_monotonic_time() + 999) / 1000;
        if (left_ms <= 0)
            return FALSE;
        if (poll(waits, G_N_ELEMENTS(waits), (int)MIN(left_ms, G_MAXINT)) < 0 && errno != EINTR)
            return FALSE;
        gboolean any = FALSE;
        for (int i = 0; i < 2; i++) {
            if (waits[i + 1].revents == 0)
                continue;
            any = TRUE;
            if (!drain(waits[i + 1].fd, child->text[i], limit))
                waits[i + 1].fd = -1;
        }
        if (waits[0].revents != 0 && !any)
            return TRUE;
    }
}

gboolean process_run(const ProcessRequest *request, ProcessResult *result, GError **error)
{
    *result = (ProcessResult){ 0 };
    Child child = { .pidfd = -1, .text = { g_string_new(NULL), g_string_new(NULL) } };
    gint64 deadline = g_get_monotonic_time() +
                      1000 * (gint64)(request->limit_ms > 0 ? request->limit_ms : DEFAULT_LIMIT_MS);
    gboolean started = child_start(request, &child, error);
    if (started) {
        gsize limit = request->output_limit > 0 ? request->output_limit : DEFAULT_OUTPUT_LIMIT;
        result->timed_out = !child_wait(&child, deadline, limit);
        /* before it is reaped, while its pid is still ours: also ends what it left in its group */
        kill(-child.pid, SIGKILL);
        int status = 0;
        while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR)
            ;
        result->exited = WIFEXITED(status);
        result->status = result->exited ? WEXITSTATUS(status) : -1;
        result->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
        close(child.pidfd);
        close(child.streams[0]);
        close(child.streams[1]);
    }
    result->out_length = child.text[0]->len;
    result->out = g_string_free(child.text[0], FALSE);
    result->err = g_string_free(child.text[1], FALSE);
    if (!started)
        process_result_clear(result);
    return started;
}

void process_result_clear(ProcessResult *result)
{
    g_clear_pointer(&result->out, g_free);
    g_clear_pointer(&result->err, g_free);
}

gboolean process_succeeded(const ProcessResult *result)
{
    return !result->timed_out && result->exited && result->status == 0;
}

char *process_describe(const ProcessResult *result)
{
    if (result->timed_out)
        return g_strdup("did not finish in time and was killed");
    if (result->exited)
        return g_strdup_printf("exited with status %d", result->status);
    return g_strdup_printf("was killed by SIG%s", sigabbrev_np(result->signal));
}
