/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/steps.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pid.h"
#include "base/user.h"
#include "rules/messages.h"
#include "session/storage.h"
#include "vm/tap.h"

static const VmConfig *config_of(const Session *session)
{
    return session->request->prepare.config;
}

static gboolean apply_claim(Session *session, GError **error)
{
    session->rundir = rundir_create(session->root, config_of(session)->name, error);
    return session->rundir != NULL;
}

static void undo_claim(Session *session)
{
    if (session->rundir != NULL)
        rundir_remove(session->rundir,
                      NULL); /* what stays is stale: the next command's to remove */
    g_clear_pointer(&session->rundir, rundir_free);
}

static Broker broker_of(const Session *session)
{
    const Broker *given = session->request->prepare.broker;
    return given != NULL ? *given : (Broker){ .root = session->root, .fd = -1 };
}

static gboolean apply_vgpu(Session *session, GError **error)
{
    g_autoptr(GError) reason = NULL;
    const Broker broker = broker_of(session);
    if (loan_take(&session->loan, session->root, &broker, session->prepared->vgpu,
                  config_of(session)->name, &reason))
        return TRUE;
    session->vgpu_lost = g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
    g_propagate_prefixed_error(error, g_steal_pointer(&reason),
                               "VM '%s': ", config_of(session)->name);
    return FALSE;
}

static void undo_vgpu(Session *session)
{
    const Broker broker = broker_of(session);
    loan_return(&session->loan, session->root, &broker);
}

static gboolean apply_storage(Session *session, GError **error)
{
    return storage_prepare(session->root, config_of(session), session->prepared->disks,
                           session->prepared->firmware, rundir_path(session->rundir), error);
}

static gboolean apply_network(Session *session, GError **error)
{
    const VmConfig *config = config_of(session);
    if (config->network != NETWORK_BRIDGE)
        return TRUE;
    session->tap_fd = tap_open(session->prepared->facts->qemu, config->bridge, error);
    return session->tap_fd >= 0;
}

static void undo_network(Session *session)
{
    if (session->tap_fd >= 0)
        close(steal_fd(&session->tap_fd));
}

/* Eight characters, all that VNC authentication looks at (RFC 6143, 7.2.2), from 62 letters. */
static char *make_credential(GError **error)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char text[9] = { 0 };
    for (guint i = 0; i < 8;) {
        guint8 byte;
        if (getrandom(&byte, 1, 0) != 1) {
            error_set_errno(error, errno, "Making a password for the display");
            return NULL;
        }
        if (byte < 4 * (sizeof letters - 1)) /* the same chance for every letter */
            text[i++] = letters[byte % (sizeof letters - 1)];
    }
    return g_strdup(text);
}

static gboolean apply_secrets(Session *session, GError **error)
{
    if (!session->prepared->plan->needs_credential)
        return TRUE;
    session->credential = make_credential(error);
    if (session->credential == NULL)
        return FALSE;
    g_autofree char *path = rundir_file(session->rundir, PLAN_SECRET_FILE);
    return file_write_atomic(path, session->credential, strlen(session->credential), 0600, error);
}

static void undo_secrets(Session *session)
{
    g_clear_pointer(&session->credential, g_free); /* the file goes with the run directory */
}

/* Two ends of a stream; ours is closed on exec, theirs is named in @fds. */
static gboolean make_channel(GHashTable *fds, const char *name, int *ours, int *theirs,
                             GError **error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(error, errno, "Making a channel to QEMU");
    *ours = pair[0];
    *theirs = pair[1];
    g_hash_table_insert(fds, (gpointer)name, GINT_TO_POINTER(pair[1]));
    return TRUE;
}

static Supervisor *start_qemu(Session *session, int qmp_fd, int serial_fd, GHashTable *fds,
                              const int *keep, GError **error)
{
    const Plan *plan = session->prepared->plan;
    autofd int ours_qmp = qmp_fd, ours_serial = serial_fd;
    g_auto(GStrv) argv = plan_argv(plan, rundir_path(session->rundir), fds, error);
    if (argv == NULL)
        return NULL;
    g_autofree char *log = session_log_path(session->root, config_of(session)->name, FALSE);
    g_autofree char *serial = storage_lay_serial_log(session->root, config_of(session), error);
    if (serial == NULL)
        return NULL;
    SupervisorSpec spec = { .argv = (const char *const *)argv,
                            .environment = (const char *const *)plan->environment,
                            .keep = keep,
                            .qmp_fd = steal_fd(&ours_qmp),
                            .serial_fd = steal_fd(&ours_serial),
                            .signal_fd = session->signal_fd,
                            .log_path = log,
                            .serial_path = serial,
                            .serial_kind = config_of(session)->serial != NULL ? STREAM_LOG_USERS
                                                                              : STREAM_LOG_OURS,
                            .grace_s = session->request->grace_s };
    return supervisor_start(&spec, error);
}

static gboolean display_has_ended(const Session *session)
{
    return session->server != NULL && display_server_has_ended(session->server);
}

/* What shows the screen, owned: the page for browsers, where there is one. */
static char *watch_of(const Session *session)
{
    if (display_has_ended(session))
        return NULL;
    const char *url = session->server != NULL ? display_server_url(session->server) : NULL;
    return url != NULL ? g_strdup(url)
                       : plan_place(session->prepared->plan->watch, rundir_path(session->rundir));
}

static VmState *state_of(const Session *session, VmPhase phase)
{
    const Plan *plan = session->prepared->plan;
    VmState *state = record_new(&vm_state_type);
    state->name = g_strdup(config_of(session)->name);
    state->pid = (int)getpid();
    pid_start_ticks(state->pid, &state->supervisor_started_ticks);
    state->qemu_pid = (int)supervisor_pid(session->supervisor);
    pid_start_ticks(state->qemu_pid, &state->qemu_started_ticks);
    state->started_at_s = session->started_at_s;
    state->phase = (int)phase;
    state->vgpu = g_strdup(plan->vgpu);
    if (session->prepared->vgpu != NULL)
        state->vgpu_uuid = g_strdup(session->prepared->vgpu->uuid);
    state->render_node = g_strdup(plan->render_node);
    state->display = g_strdup(plan->display);
    state->watch = watch_of(session);
    state->display_ended = display_has_ended(session);
    state->screenshot_way = g_strdup(screenshot_words[plan->screenshot]);
    return state;
}

static gboolean write_state(Session *session, VmPhase phase, GError **error)
{
    VmState *state = state_of(session, phase);
    gboolean written = rundir_write_state(session->rundir, state, error);
    vm_state_free(state);
    return written;
}

static gboolean apply_spawn(Session *session, GError **error)
{
    g_autoptr(GHashTable) fds = g_hash_table_new(g_str_hash, g_str_equal);
    autofd int qmp = -1, their_qmp = -1, serial = -1, their_serial = -1;
    if (!make_channel(fds, "qmp", &qmp, &their_qmp, error) ||
        !make_channel(fds, "serial", &serial, &their_serial, error))
        return FALSE;
    if (session->tap_fd >= 0)
        g_hash_table_insert(fds, (gpointer) "tap", GINT_TO_POINTER(session->tap_fd));
    const int keep[] = { their_qmp, their_serial, session->tap_fd, -1 };
    session->supervisor = start_qemu(session, steal_fd(&qmp), steal_fd(&serial), fds, keep, error);
    return session->supervisor != NULL && write_state(session, VM_PHASE_STARTING, error);
}

static void undo_spawn(Session *session)
{
    g_clear_pointer(&session->supervisor, supervisor_free);
}

/* Passes @reason on with the VM's name in front, QEMU's last words and what they mean behind. */
static gboolean fail_with_words(const Session *session, const GError *reason, GError **error)
{
    const char *output = supervisor_output(session->supervisor);
    g_autofree char *last = message_last_line(output);
    g_autofree char *meaning = message_explain(output);
    if (meaning == NULL) /* how it ended says something, too */
        meaning = message_explain(reason->message);
    GString *text = g_string_new(NULL);
    g_string_printf(text, "VM '%s': %s", config_of(session)->name, reason->message);
    if (last != NULL)
        g_string_append_printf(text, ": %s", last);
    if (meaning != NULL)
        g_string_append_printf(text, "; %s", meaning);
    g_set_error_literal(error, reason->domain, reason->code, text->str);
    g_string_free(text, TRUE);
    return FALSE;
}

static gboolean apply_monitor(Session *session, GError **error)
{
    g_autoptr(GError) reason = NULL;
    if (supervisor_await_running(session->supervisor, session->request->start_limit_s, &reason))
        return TRUE;
    const Message *message = message_match(supervisor_output(session->supervisor));
    session->vgpu_lost = message != NULL && g_str_equal(message->id, "vfio-busy");
    /* drivers of GPUs crash without a word; who interrupts wants no other vGPU */
    session->gl_failed =
        g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED) &&
        (message != NULL ? message->kind == MESSAGE_GL : supervisor_crashed(session->supervisor));
    return fail_with_words(session, reason, error);
}

static gboolean apply_plane(Session *session, GError **error)
{
    const VgpuDevice *vgpu = session->prepared->vgpu;
    if (vgpu == NULL || vgpu->uuid == NULL)
        return TRUE;
    session->door = plane_door_open(session->root, rundir_path(session->rundir), vgpu->uuid,
                                    supervisor_pid(session->supervisor),
                                    supervisor_pidfd(session->supervisor), error);
    return session->door != NULL;
}

static void undo_plane(Session *session)
{
    g_clear_pointer(&session->door, plane_door_close);
}

static void on_display_said(const char *text, gsize length, gpointer userdata)
{
    Session *session = userdata;
    supervisor_log(session->supervisor, text, length);
}

static void on_display_changed(gpointer userdata)
{
    Session *session = userdata;
    g_autoptr(GError) reason = NULL;
    if (write_state(session, VM_PHASE_RUNNING, &reason))
        return;
    g_autofree char *line = g_strdup_printf("%s\n", reason->message);
    supervisor_log(session->supervisor, line, strlen(line));
}

static gboolean apply_display(Session *session, GError **error)
{
    const PlanServer *plan = session->prepared->plan->server;
    if (plan == NULL)
        return TRUE;
    const DisplayServerSpec spec = { .root = session->root,
                                     .plan = plan,
                                     .name = config_of(session)->name,
                                     .run_directory = rundir_path(session->rundir),
                                     .qemu_pidfd = supervisor_pidfd(session->supervisor),
                                     .limit_s = session->request->start_limit_s,
                                     .said = on_display_said,
                                     .changed = on_display_changed,
                                     .userdata = session };
    g_autoptr(GError) reason = NULL;
    session->server = display_server_start(&spec, &reason);
    if (session->server != NULL)
        return TRUE;
    g_propagate_prefixed_error(error, g_steal_pointer(&reason),
                               "VM '%s': its display server: ", config_of(session)->name);
    return FALSE;
}

static void undo_display(Session *session)
{
    g_clear_pointer(&session->server, display_server_free);
}

static gboolean apply_announce(Session *session, GError **error)
{
    if (!write_state(session, VM_PHASE_RUNNING, error))
        return FALSE;
    const Plan *plan = session->prepared->plan;
    SessionInfo info = { .name = config_of(session)->name,
                         .pid = (int)getpid(),
                         .qemu_pid = (int)supervisor_pid(session->supervisor),
                         .vgpu = plan->vgpu,
                         .vgpu_reason = plan->vgpu_reason,
                         .display = plan->display,
                         .display_reason = plan->display_reason,
                         .credential = session->credential,
                         .notes = plan->notes };
    g_autofree char *watch = watch_of(session);
    g_autofree char *fingerprint =
        session->server != NULL ? display_server_fingerprint(session->server) : NULL;
    g_autofree char *log = session_log_path(session->root, info.name, FALSE);
    info.watch = watch;
    info.fingerprint = fingerprint;
    info.log = log;
    session->request->running(&info, session->request->userdata);
    return TRUE;
}

static gboolean apply_watch(Session *session, GError **error)
{
    g_autoptr(GError) reason = NULL;
    if (supervisor_await_end(session->supervisor, &reason))
        return TRUE;
    return fail_with_words(session, reason, error);
}

const SessionStep session_steps[] = {
    { "claim", apply_claim, undo_claim },
    { "vgpu", apply_vgpu, undo_vgpu },
    { "storage", apply_storage, NULL },
    { "network", apply_network, undo_network },
    { "secrets", apply_secrets, undo_secrets },
    { "spawn", apply_spawn, undo_spawn },
    { "monitor", apply_monitor, NULL },
    { "plane", apply_plane, undo_plane },
    { "display", apply_display, undo_display },
    { "announce", apply_announce, NULL },
    { "watch", apply_watch, NULL },
};
const guint session_n_steps = G_N_ELEMENTS(session_steps);
