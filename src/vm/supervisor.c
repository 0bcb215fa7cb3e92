/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/spawn.h"

#define QUIT_GRACE_S 5

typedef enum {
    STATE_STARTING,     /* executed; its monitor has not answered yet */
    STATE_RUNNING,      /* the monitor answered */
    STATE_POWERING_OFF, /* the guest was asked to power off */
    STATE_QUITTING,     /* QEMU was asked to quit */
    STATE_KILLING,      /* SIGKILL was sent */
    STATE_ENDED,        /* reaped; wait_status is valid */
} State;

struct Supervisor {
    State state;
    gboolean stop_requested; /* its end was asked for, by us or by a signal */
    gboolean interrupted;    /* a stop signal came while it started */
    pid_t pid;
    int pidfd;
    int wait_status;
    GError *protocol_error; /* what came instead of QMP; NULL: nothing wrong */
    guint grace_s;
    guint child_watch, signal_watch, timer;
    QmpClient *qmp;
    StreamLog *log, *serial;
};

static void step_down(Supervisor *supervisor, State rung);

static void clear_timer(Supervisor *supervisor)
{
    g_clear_handle_id(&supervisor->timer, g_source_remove);
}

static gboolean on_grace_over(gpointer userdata)
{
    Supervisor *supervisor = userdata;
    supervisor->timer = 0;
    step_down(supervisor, supervisor->state == STATE_POWERING_OFF ? STATE_QUITTING : STATE_KILLING);
    return G_SOURCE_REMOVE;
}

static void tell_qemu(Supervisor *supervisor, const char *command)
{
    qmp_client_call(supervisor->qmp, command, /* arguments= */ NULL, /* fd= */ -1,
                    /* func= */ NULL, NULL);
}

static void press_power_button(Supervisor *supervisor)
{
    tell_qemu(supervisor, "system_powerdown");
}

/* Enters @rung of the ladder. */
static void step_down(Supervisor *supervisor, State rung)
{
    clear_timer(supervisor);
    supervisor->state = rung;
    if (rung == STATE_KILLING) {
        /* its group too: the binary may be a script around QEMU. Not reaped, so still its number */
        (void)kill(-supervisor->pid, SIGKILL);
        (void)syscall(SYS_pidfd_send_signal, supervisor->pidfd, SIGKILL, NULL, 0);
        return;
    }
    gboolean power_off = rung == STATE_POWERING_OFF;
    supervisor->timer = g_timeout_add_seconds(power_off ? supervisor->grace_s : QUIT_GRACE_S,
                                              on_grace_over, supervisor);
    if (power_off)
        press_power_button(supervisor);
    else
        tell_qemu(supervisor, "quit");
}

static State next_rung(State state, SupervisorStop how)
{
    switch (state) {
    case STATE_STARTING: /* its monitor may never answer */
        return STATE_KILLING;
    case STATE_RUNNING:
        return how == SUPERVISOR_STOP_QUIT ? STATE_QUITTING : STATE_POWERING_OFF;
    case STATE_POWERING_OFF:
        return how == SUPERVISOR_STOP_POWER_OFF ? STATE_POWERING_OFF : STATE_QUITTING;
    case STATE_QUITTING:
        return how == SUPERVISOR_STOP_INTERRUPT ? STATE_KILLING : STATE_QUITTING;
    case STATE_KILLING:
    case STATE_ENDED:
    default:
        return state;
    }
}

void supervisor_stop(Supervisor *supervisor, SupervisorStop how)
{
    State rung = next_rung(supervisor->state, how);
    supervisor->stop_requested = TRUE;
    supervisor->interrupted |= supervisor->state == STATE_STARTING;
    if (rung != supervisor->state)
        step_down(supervisor, rung);
    else if (rung == STATE_POWERING_OFF) /* asked again: the grace time goes on, not anew */
        press_power_button(supervisor);
}

static SupervisorStop stop_of_signal(guint32 number)
{
    return number == SIGQUIT  ? SUPERVISOR_STOP_QUIT
           : number == SIGINT ? SUPERVISOR_STOP_INTERRUPT
                              : SUPERVISOR_STOP_POWER_OFF;
}

static gboolean on_signal(int fd, GIOCondition condition, gpointer userdata)
{
    struct signalfd_siginfo info;
    if (read(fd, &info, sizeof info) == (ssize_t)sizeof info)
        supervisor_stop(userdata, stop_of_signal(info.ssi_signo));
    return G_SOURCE_CONTINUE;
}

/* Waits for QEMU's end and takes its last words. */
static void reap(Supervisor *supervisor)
{
    while (waitpid(supervisor->pid, &supervisor->wait_status, 0) < 0 && errno == EINTR)
        ;
    supervisor->state = STATE_ENDED;
    clear_timer(supervisor);
    stream_log_drain(supervisor->log);
    if (supervisor->serial != NULL)
        stream_log_drain(supervisor->serial);
}

static gboolean on_child_ended(int fd, GIOCondition condition, gpointer userdata)
{
    Supervisor *supervisor = userdata;
    supervisor->child_watch = 0;
    reap(supervisor);
    return G_SOURCE_REMOVE;
}

/* The answer to our first question: QEMU is up, or what holds the monitor is no QEMU. */
static void on_answered(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    Supervisor *supervisor = userdata;
    if (supervisor->state != STATE_STARTING)
        return;
    if (error == NULL)
        supervisor->state = STATE_RUNNING;
    else if (error->code == VGPUCTL_ERROR_INVALID)
        supervisor->protocol_error = g_error_copy(error);
}

/* Takes the descriptors of @spec; what cannot be used is closed. */
static gboolean attach(Supervisor *supervisor, const SupervisorSpec *spec, int output_fd,
                       GError **error)
{
    autofd int serial_fd = spec->serial_fd;
    supervisor->qmp = qmp_client_new(spec->qmp_fd, NULL, /* handlers= */ NULL, NULL);
    supervisor->log = stream_log_new(output_fd, spec->log_path, STREAM_LOG_OURS, error);
    if (supervisor->log == NULL)
        return FALSE;
    if (serial_fd >= 0) {
        supervisor->serial =
            stream_log_new(steal_fd(&serial_fd), spec->serial_path, spec->serial_kind, error);
        if (supervisor->serial == NULL)
            return FALSE;
    }
    return TRUE;
}

Supervisor *supervisor_start(const SupervisorSpec *spec, GError **error)
{
    int output[2];
    if (pipe2(output, O_CLOEXEC) < 0) {
        error_set_errno(error, errno, "Starting %s", spec->argv[0]);
        close(spec->qmp_fd);
        if (spec->serial_fd >= 0)
            close(spec->serial_fd);
        return NULL;
    }
    autofd int output_in = output[1];
    Supervisor *supervisor = g_new0(Supervisor, 1);
    supervisor->state = STATE_ENDED;
    supervisor->grace_s = spec->grace_s;
    supervisor->pidfd = -1;

    SpawnRequest request = { .argv = spec->argv,
                             .environment = spec->environment,
                             .in = -1,
                             .out = output_in,
                             .err = output_in,
                             .keep = spec->keep,
                             .new_session = TRUE,
                             .private_files = TRUE };
    if (!attach(supervisor, spec, output[0], error) ||
        !spawn_child(&request, &supervisor->pid, &supervisor->pidfd, error)) {
        supervisor_free(supervisor);
        return NULL;
    }
    supervisor->state = STATE_STARTING;
    supervisor->child_watch = g_unix_fd_add(supervisor->pidfd, G_IO_IN, on_child_ended, supervisor);
    if (spec->signal_fd >= 0)
        supervisor->signal_watch = g_unix_fd_add(spec->signal_fd, G_IO_IN, on_signal, supervisor);
    qmp_client_call(supervisor->qmp, "query-status", NULL, -1, on_answered, supervisor);
    return supervisor;
}

void supervisor_free(Supervisor *supervisor)
{
    if (supervisor == NULL)
        return;
    if (supervisor->state != STATE_ENDED) {
        step_down(supervisor, STATE_KILLING);
        reap(supervisor);
    }
    clear_timer(supervisor);
    g_clear_handle_id(&supervisor->child_watch, g_source_remove);
    g_clear_handle_id(&supervisor->signal_watch, g_source_remove);
    qmp_client_free(supervisor->qmp);
    stream_log_free(supervisor->log);
    stream_log_free(supervisor->serial);
    if (supervisor->pidfd >= 0)
        close(supervisor->pidfd);
    g_clear_error(&supervisor->protocol_error);
    g_free(supervisor);
}

pid_t supervisor_pid(const Supervisor *supervisor)
{
    return supervisor->pid;
}

int supervisor_pidfd(const Supervisor *supervisor)
{
    return supervisor->pidfd;
}

void supervisor_log(Supervisor *supervisor, const char *data, gsize length)
{
    stream_log_add(supervisor->log, data, length);
}

const char *supervisor_output(const Supervisor *supervisor)
{
    return stream_log_tail(supervisor->log);
}

gboolean supervisor_crashed(const Supervisor *supervisor)
{
    /* SIGKILL is ours, the administrator's, or the kernel's for want of memory */
    return supervisor->state == STATE_ENDED && WIFSIGNALED(supervisor->wait_status) &&
           WTERMSIG(supervisor->wait_status) != SIGKILL;
}

/* "exited with status 1" or "was killed by SIGABRT". */
static char *describe_end(int wait_status)
{
    return WIFSIGNALED(wait_status)
               ? g_strdup_printf("was killed by SIG%s", sigabbrev_np(WTERMSIG(wait_status)))
               : g_strdup_printf("exited with status %d", WEXITSTATUS(wait_status));
}

static gboolean on_start_limit(gpointer userdata)
{
    gboolean *over = userdata;
    *over = TRUE;
    return G_SOURCE_REMOVE;
}

gboolean supervisor_await_running(Supervisor *supervisor, guint limit_s, GError **error)
{
    gboolean over = FALSE;
    guint limit = g_timeout_add_seconds(limit_s, on_start_limit, &over);
    while (supervisor->state == STATE_STARTING && supervisor->protocol_error == NULL && !over)
        g_main_context_iteration(NULL, TRUE);
    if (!over)
        g_source_remove(limit);

    if (supervisor->protocol_error != NULL) {
        g_propagate_error(error, g_steal_pointer(&supervisor->protocol_error));
        return FALSE;
    }
    if (over)
        return error_set(error, VGPUCTL_ERROR_TIMEOUT, "QEMU did not answer its monitor for %u s",
                         limit_s);
    if (supervisor->interrupted)
        return error_set(error, VGPUCTL_ERROR_BUSY, "Interrupted while QEMU was starting");
    if (supervisor->state == STATE_ENDED) {
        g_autofree char *end = describe_end(supervisor->wait_status);
        return error_set(error, VGPUCTL_ERROR_FAILED, "QEMU %s while it was starting", end);
    }
    return TRUE;
}

gboolean supervisor_await_end(Supervisor *supervisor, GError **error)
{
    while (supervisor->state != STATE_ENDED)
        g_main_context_iteration(NULL, TRUE);
    if (supervisor->stop_requested ||
        (WIFEXITED(supervisor->wait_status) && WEXITSTATUS(supervisor->wait_status) == 0))
        return TRUE;
    g_autofree char *end = describe_end(supervisor->wait_status);
    return error_set(error, VGPUCTL_ERROR_FAILED, "QEMU %s", end);
}
