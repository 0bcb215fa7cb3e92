/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/helper-child.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/spawn.h"

#define LINE_LIMIT 4096 /* a longer one is cut */
#define QEMU_END_S 5    /* from the end of its connections to that of QEMU, to flush disks */

/* One of its output streams. */
typedef struct {
    int fd; /* -1: none */
    guint watch;
    GString *line; /* the one that is being written */
} Stream;

struct HelperChild {
    char *program;
    GPtrArray *argv; /* owned; the last word but one is the number behind --ready-fd */
    GArray *keep;    /* int; the last but one is that descriptor, the last is -1 */
    HelperChildSpec spec;
    pid_t pid; /* 0: it does not run */
    int pidfd, ready_fd;
    guint end_watch, ready_watch;
    Stream out, err;
    gint64 started_us;
    guint deaths;      /* in a row */
    guint later;       /* a look whether QEMU has ended as well */
    gboolean starting; /* helper_child_start() waits for it */
    gboolean ready;
};

static void say(HelperChild *child, const char *format, ...) G_GNUC_PRINTF(2, 3);

static void say(HelperChild *child, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *words = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *line = g_strdup_printf("%s: %s\n", child->program, words);
    child->spec.said(line, strlen(line), child->spec.userdata);
}

static gboolean qemu_has_ended(const HelperChild *child)
{
    struct pollfd wait = { .fd = child->spec.qemu_pidfd, .events = POLLIN };
    return poll(&wait, 1, 0) > 0;
}

static void stream_close(Stream *stream)
{
    g_clear_handle_id(&stream->watch, g_source_remove);
    if (stream->fd >= 0)
        close(steal_fd(&stream->fd));
}

static void take_line(HelperChild *child, Stream *stream)
{
    if (stream == &child->out && child->spec.told != NULL)
        child->spec.told(stream->line->str, child->spec.userdata);
}

/* The last line stays at hand when its end has come: it says why the helper ended. */
static void take(HelperChild *child, Stream *stream, const char *data, gsize length)
{
    if (stream == &child->err)
        child->spec.said(data, length, child->spec.userdata);
    for (gsize i = 0; i < length; i++) {
        gboolean over = stream->line->len > 0 && stream->line->str[stream->line->len - 1] == '\n';
        if (over)
            g_string_truncate(stream->line, 0);
        if (data[i] == '\n')
            take_line(child, stream);
        if (stream->line->len < LINE_LIMIT || data[i] == '\n')
            g_string_append_c(stream->line, data[i]);
    }
}

/* FALSE when there is nothing to read now. */
static gboolean read_some(HelperChild *child, Stream *stream)
{
    char data[4096];
    ssize_t length = stream->fd >= 0 ? read(stream->fd, data, sizeof data) : 0;
    if (length > 0)
        take(child, stream, data, (gsize)length);
    else if (length == 0 || (errno != EAGAIN && errno != EINTR))
        stream_close(stream);
    return length > 0;
}

static gboolean on_output(int fd, GIOCondition condition, gpointer userdata)
{
    HelperChild *child = userdata;
    Stream *stream = fd == child->out.fd ? &child->out : &child->err;
    read_some(child, stream);
    return stream->watch != 0 ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void stream_watch(HelperChild *child, Stream *stream, int fd)
{
    stream->fd = fd;
    g_string_truncate(stream->line, 0);
    g_unix_set_fd_nonblocking(fd, TRUE, NULL);
    stream->watch = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_output, child);
}

static gboolean on_ready(int fd, GIOCondition condition, gpointer userdata)
{
    HelperChild *child = userdata;
    char byte;
    child->ready |= read(fd, &byte, 1) == 1;
    child->ready_watch = 0;
    return G_SOURCE_REMOVE;
}

/* Takes its last words and its status; what belonged to this life is closed. */
static int reap(HelperChild *child)
{
    int status = 0;
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        ;
    child->pid = 0;
    g_clear_handle_id(&child->end_watch, g_source_remove);
    g_clear_handle_id(&child->ready_watch, g_source_remove);
    /* one round more than a pipe holds: what it started may hold the other ends open and write */
    for (guint i = 0; i < 17 && read_some(child, &child->err); i++)
        ;
    for (guint i = 0; i < 17 && read_some(child, &child->out); i++)
        ;
    stream_close(&child->out);
    stream_close(&child->err);
    close(steal_fd(&child->ready_fd));
    close(steal_fd(&child->pidfd));
    return status;
}

static char *describe(int status)
{
    return WIFSIGNALED(status)
               ? g_strdup_printf("was killed by SIG%s", sigabbrev_np(WTERMSIG(status)))
               : g_strdup_printf("ended with status %d", WEXITSTATUS(status));
}

static gboolean start(HelperChild *child, GError **error);

static void give_up(HelperChild *child)
{
    if (child->spec.given_up != NULL)
        child->spec.given_up(child->spec.userdata);
}

static void start_again(HelperChild *child, const char *end)
{
    g_autoptr(GError) reason = NULL;
    if (++child->deaths >= HELPER_CHILD_DEATHS) {
        say(child, "it %s, for the %uth time within seconds, and is not started again", end,
            child->deaths);
        give_up(child);
    } else if (start(child, &reason)) {
        say(child, "it %s, and was started again", end);
    } else {
        say(child, "it %s, and cannot be started again: %s", end, reason->message);
        give_up(child);
    }
}

static gboolean on_qemu_should_have_ended(gpointer userdata)
{
    HelperChild *child = userdata;
    child->later = 0;
    if (!qemu_has_ended(child))
        start_again(child, "ended, but QEMU runs");
    return G_SOURCE_REMOVE;
}

static gboolean on_end(int fd, GIOCondition condition, gpointer userdata)
{
    HelperChild *child = userdata;
    child->end_watch = 0;
    if (g_get_monotonic_time() - child->started_us >= HELPER_CHILD_STEADY_S * G_USEC_PER_SEC)
        child->deaths = 0;
    int status = reap(child);
    /* who starts it sees that it has ended; and without QEMU there is nothing to show */
    if (child->starting || qemu_has_ended(child))
        return G_SOURCE_REMOVE;
    g_autofree char *end = describe(status);
    if (status == 0) /* QEMU closes its doors before it ends */
        child->later = g_timeout_add_seconds(QEMU_END_S, on_qemu_should_have_ended, child);
    else
        start_again(child, end);
    return G_SOURCE_REMOVE;
}

/* Both ends of a pipe; close on exec. */
static gboolean make_pipe(int ret_fds[2], GError **error)
{
    if (pipe2(ret_fds, O_CLOEXEC) == 0)
        return TRUE;
    ret_fds[0] = ret_fds[1] = -1;
    return error_set_errno(error, errno, "Making a pipe");
}

static gboolean start(HelperChild *child, GError **error)
{
    int ready[2] = { -1, -1 }, out[2] = { -1, -1 }, err[2] = { -1, -1 };
    gboolean piped = make_pipe(ready, error) && make_pipe(out, error) && make_pipe(err, error);
    autofd int ready_in = ready[0], ready_out = ready[1], out_in = out[0], out_out = out[1];
    autofd int err_in = err[0], err_out = err[1];
    if (!piped)
        return FALSE;
    char **number = (char **)&child->argv->pdata[child->argv->len - 2];
    g_free(*number);
    *number = g_strdup_printf("%d", ready_out);
    g_array_index(child->keep, int, child->keep->len - 2) = ready_out;
    SpawnRequest request = { .argv = (const char *const *)child->argv->pdata,
                             .in = -1,
                             .out = child->spec.told != NULL ? out_out : -1,
                             .err = err_out,
                             .keep = (const int *)(gpointer)child->keep->data,
                             .private_files = TRUE };
    if (!spawn_child(&request, &child->pid, &child->pidfd, error))
        return FALSE;
    child->ready = FALSE;
    child->started_us = g_get_monotonic_time();
    child->ready_fd = steal_fd(&ready_in);
    child->ready_watch = g_unix_fd_add(child->ready_fd, G_IO_IN | G_IO_HUP, on_ready, child);
    child->end_watch = g_unix_fd_add(child->pidfd, G_IO_IN, on_end, child);
    stream_watch(child, &child->out, steal_fd(&out_in));
    stream_watch(child, &child->err, steal_fd(&err_in));
    return TRUE;
}

static HelperChild *helper_child_new(const HelperChildSpec *spec)
{
    HelperChild *child = g_new0(HelperChild, 1);
    child->program = g_strdup(spec->program);
    child->spec = *spec;
    child->spec.program = child->program;
    child->spec.arguments = NULL;
    child->spec.keep = NULL;
    child->pidfd = child->ready_fd = child->out.fd = child->err.fd = -1;
    child->out.line = g_string_new(NULL);
    child->err.line = g_string_new(NULL);
    child->argv = g_ptr_array_new_with_free_func(g_free);
    g_ptr_array_add(child->argv, libexec_path(spec->program));
    for (const char *const *word = spec->arguments; *word != NULL; word++)
        g_ptr_array_add(child->argv, g_strdup(*word));
    g_ptr_array_add(child->argv, g_strdup("--ready-fd"));
    g_ptr_array_add(child->argv, NULL); /* its number, at each start */
    g_ptr_array_add(child->argv, NULL);
    child->keep = g_array_new(FALSE, FALSE, sizeof(int));
    for (const int *fd = spec->keep; fd != NULL && *fd >= 0; fd++)
        g_array_append_val(child->keep, *fd);
    const int places[] = { -1, -1 };
    g_array_append_vals(child->keep, places, G_N_ELEMENTS(places));
    return child;
}

static gboolean on_limit(gpointer userdata)
{
    *(gboolean *)userdata = TRUE;
    return G_SOURCE_REMOVE;
}

static gboolean on_qemu_ended(int fd, GIOCondition condition, gpointer userdata)
{
    return G_SOURCE_CONTINUE; /* only wakes who waits */
}

static gboolean await_ready(HelperChild *child, guint limit_s, GError **error)
{
    gboolean over = FALSE;
    guint limit = g_timeout_add_seconds(limit_s, on_limit, &over);
    guint qemu = g_unix_fd_add(child->spec.qemu_pidfd, G_IO_IN, on_qemu_ended, NULL);
    while (!child->ready && child->pid != 0 && !over && !qemu_has_ended(child))
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(qemu);
    if (!over)
        g_source_remove(limit);
    if (child->ready)
        return TRUE;
    if (qemu_has_ended(child))
        return error_set(error, VGPUCTL_ERROR_BUSY, "QEMU ended before %s served", child->program);
    if (over)
        return error_set(error, VGPUCTL_ERROR_TIMEOUT, "%s did not serve within %u s",
                         child->program, limit_s);
    g_autofree char *words = g_strdup(child->err.line->str);
    g_strchomp(words);
    return error_set(error, VGPUCTL_ERROR_FAILED, "%s ended before it served%s%s", child->program,
                     *words != '\0' ? ": " : "", words);
}

HelperChild *helper_child_start(const HelperChildSpec *spec, guint limit_s, GError **error)
{
    g_autoptr(HelperChild) child = helper_child_new(spec);
    child->starting = TRUE;
    if (!start(child, error) || !await_ready(child, limit_s, error))
        return NULL;
    child->starting = FALSE;
    return g_steal_pointer(&child);
}

void helper_child_free(HelperChild *child)
{
    if (child == NULL)
        return;
    g_clear_handle_id(&child->later, g_source_remove);
    if (child->pid != 0) {
        (void)kill(child->pid, SIGKILL); /* not reaped, so still its number */
        reap(child);
    }
    g_string_free(child->out.line, TRUE);
    g_string_free(child->err.line, TRUE);
    g_ptr_array_unref(child->argv);
    g_array_unref(child->keep);
    g_free(child->program);
    g_free(child);
}
