/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "session/collect.h"
#include "session/unit.h"

#define REPORT_LIMIT (1u << 20)

static gboolean send_report(int fd, const char *key, json_t *value)
{
    g_autoptr(json_t) report = json_object();
    json_object_set_new(report, key, value);
    char *text = json_dumps(report, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    free(text);
    return file_write_all(fd, line, strlen(line));
}

/*
 * In the new process: the VM runs; say so. When nobody waits for that any more (Ctrl-C), nobody
 * knows of the VM: it ends, as at a signal to stop at once.
 */
static void on_running(const SessionInfo *info, void *userdata)
{
    int *report_fd = userdata;
    if (!send_report(*report_fd, "running", record_to_json(&session_info_type, info)))
        raise(SIGQUIT);
    close(steal_fd(report_fd));
}

static void report_failure(int fd, const GError *reason)
{
    json_t *failure = json_object();
    json_object_set_new(failure, "message", json_text(reason->message));
    json_object_set_new(
        failure, "code",
        json_integer(reason->domain == VGPUCTL_ERROR ? reason->code : VGPUCTL_ERROR_FAILED));
    (void)send_report(fd, "failure", failure);
}

/*
 * The report's descriptor where no other program gets it: a unit has it as its standard output,
 * which every program that we start would inherit. -1 with @error set.
 */
static int take_report(int fd, GError **error)
{
    autofd int apart = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (apart < 0 || null < 0 || (fd <= STDERR_FILENO ? dup2(null, fd) < 0 : close(fd) < 0)) {
        error_set_errno(error, errno, "Taking the descriptor for the report (%s=%d)",
                        SESSION_REPORT_VARIABLE, fd);
        return -1;
    }
    return steal_fd(&apart);
}

gboolean session_run_reporting(const Root *root, const SessionRequest *request, int report_fd,
                               GError **error)
{
    g_unsetenv(SESSION_REPORT_VARIABLE);
    autofd int report = take_report(report_fd, error);
    if (report < 0)
        return FALSE;
    SessionRequest reporting = *request;
    reporting.running = on_running;
    reporting.userdata = &report;
    g_autoptr(GError) reason = NULL;
    if (session_run(root, &reporting, &reason))
        return TRUE;
    if (report >= 0) /* it never ran */
        report_failure(report, reason);
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

/*
 * Ours all close on exec. What does not came from whoever called us, who may wait for its end (a
 * pipe) or for what it holds (a lock).
 */
static void close_inherited(void)
{
    g_autoptr(GDir) directory = g_dir_open("/proc/self/fd", 0, NULL);
    const char *name;
    while (directory != NULL && (name = g_dir_read_name(directory)) != NULL) {
        int fd = atoi(name);
        int flags = fcntl(fd, F_GETFD);
        if (fd > STDERR_FILENO && flags >= 0 && (flags & FD_CLOEXEC) == 0)
            close(fd);
    }
}

static gboolean leave_terminal(void)
{
    autofd int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    close_inherited();
    return setsid() >= 0 && null >= 0 && dup2(null, STDIN_FILENO) >= 0 &&
           dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0;
}

/*
 * One line of JSON. Its end, not that of the stream, ends the report: systemd keeps a copy of the
 * descriptor as long as the unit lives.
 */
static json_t *receive_report(int fd)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char byte;
    for (ssize_t n; text->len < REPORT_LIMIT && (n = read(fd, &byte, 1)) != 0;) {
        if (n < 0 && errno != EINTR)
            break;
        if (n > 0 && byte == '\n')
            return json_from_text(text->str, text->len, "report", NULL);
        if (n > 0)
            g_string_append_c(text, byte);
    }
    return NULL;
}

static gboolean tell_running(const json_t *running, const SessionRequest *request, const char *note,
                             GError **error)
{
    SessionInfo *info = record_from_json(&session_info_type, running, error);
    if (info == NULL)
        return FALSE;
    if (note != NULL) {
        g_autoptr(GStrvBuilder) notes = g_strv_builder_new();
        if (info->notes != NULL)
            g_strv_builder_addv(notes, (const char **)info->notes);
        g_strv_builder_add(notes, note);
        g_strfreev(info->notes);
        info->notes = g_strv_builder_end(notes);
    }
    request->running(info, request->userdata);
    record_free(&session_info_type, info);
    return TRUE;
}

/* Passes on why it did not start, or at least where it went. */
static gboolean tell_failure(const json_t *report, const SessionRequest *request, pid_t pid,
                             int status, GError **error)
{
    const json_t *failure = json_object_get(report, "failure");
    const char *message = json_get_text(failure, "message");
    const char *name = request->prepare.config->name;
    if (message != NULL)
        return error_set(error, (VgpuctlError)json_get_int(failure, "code", VGPUCTL_ERROR_FAILED),
                         "%s", message);
    if (pid > 0 && WIFSIGNALED(status))
        return error_set(error, VGPUCTL_ERROR_FAILED,
                         "VM '%s': its supervisor was killed while it was starting (signal %d, %s)",
                         name, WTERMSIG(status), g_strsignal(WTERMSIG(status)));
    g_autofree char *hint = pid > 0 ? NULL : unit_log_hint(name);
    return error_set(error, VGPUCTL_ERROR_FAILED,
                     "VM '%s': its supervisor ended while it was starting%s%s", name,
                     hint != NULL ? "; see " : "", hint != NULL ? hint : "");
}

static gboolean start_process(const Root *root, const SessionRequest *request, int reader,
                              int writer, pid_t *ret_pid, GError **error)
{
    *ret_pid = fork();
    if (*ret_pid < 0)
        return error_set_errno(error, errno, "Detaching");
    if (*ret_pid > 0)
        return TRUE;
    close(reader);
    _exit(leave_terminal() && session_run_reporting(root, request, writer, NULL) ? 0 : 1);
}

gboolean session_detach(const Root *root, const SessionRequest *request, GError **error)
{
    int pipe_fds[2];
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return error_set_errno(error, errno, "Detaching");
    autofd int reader = pipe_fds[0], writer = pipe_fds[1];

    pid_t pid = -1;
    UnitStart unit = unit_start(root, request, writer, error);
    if (unit == UNIT_START_FAILED || (unit == UNIT_START_UNAVAILABLE &&
                                      !start_process(root, request, reader, writer, &pid, error)))
        return FALSE;
    close(steal_fd(&writer));
    g_autoptr(json_t) report = receive_report(reader);
    const json_t *running = json_object_get(report, "running");
    if (running != NULL) {
        g_autofree char *note = unit == UNIT_START_DONE ? unit_linger_note(root) : NULL;
        return tell_running(running, request, note, error);
    }
    int status = 0; /* its undo is done when it has ended */
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    g_auto(GStrv) left = NULL;
    session_collect(root, &left, NULL); /* unless it was killed: then this is its undo */
    return tell_failure(report, request, pid, status, error);
}
