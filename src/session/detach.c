/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/detach.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "session/unit.h"

#define REPORT_LIMIT (1u << 20)

static void send_report(int fd, const char *key, json_t *value)
{
    g_autoptr(json_t) report = json_object();
    json_object_set_new(report, key, value);
    char *text = json_dumps(report, JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    free(text);
    (void)file_write_all(fd, line, strlen(line));
}

/* Ends the report. In a unit it is standard output, whose number must not be given to other files.
 */
static void close_report(int *report_fd)
{
    int fd = steal_fd(report_fd);
    autofd int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (fd > STDERR_FILENO || null < 0)
        close(fd);
    else
        dup2(null, fd);
}

/* In the new process: the VM runs; say so, and let go of the caller. */
static void on_running(const SessionInfo *info, void *userdata)
{
    int *report_fd = userdata;
    send_report(*report_fd, "running", record_to_json(&session_info_type, info));
    close_report(report_fd);
}

static void report_failure(int fd, const GError *reason)
{
    json_t *failure = json_object();
    json_object_set_new(failure, "message", json_text(reason->message));
    json_object_set_new(failure, "code", json_integer(reason->code));
    send_report(fd, "failure", failure);
}

gboolean session_run_reporting(const Root *root, const SessionRequest *request, int report_fd,
                               GError **error)
{
    g_unsetenv(SESSION_REPORT_VARIABLE);
    SessionRequest reporting = *request;
    reporting.running = on_running;
    reporting.userdata = &report_fd;
    g_autoptr(GError) reason = NULL;
    if (session_run(root, &reporting, &reason))
        return TRUE;
    if (report_fd >= 0) /* it never ran */
        report_failure(report_fd, reason);
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static gboolean leave_terminal(void)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
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

static gboolean judge_report(const json_t *report, const SessionRequest *request, GError **error)
{
    const json_t *running = json_object_get(report, "running");
    if (running != NULL) {
        SessionInfo *info = record_from_json(&session_info_type, running, error);
        if (info == NULL)
            return FALSE;
        request->running(info, request->userdata);
        record_free(&session_info_type, info);
        return TRUE;
    }
    const json_t *failure = json_object_get(report, "failure");
    const char *message = json_get_text(failure, "message");
    return error_set(error, (VgpuctlError)json_get_int(failure, "code", VGPUCTL_ERROR_FAILED), "%s",
                     message != NULL ? message : "The VM's supervisor ended without a word");
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
    gboolean good = judge_report(report, request, error);
    if (!good) /* its undo is done when it has ended */
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
            ;
    return good;
}
