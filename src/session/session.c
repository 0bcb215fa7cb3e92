/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/session.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/fault-point.h"
#include "base/user.h"
#include "session/steps.h"

static const Field session_info_fields[] = {
    FIELD_TEXT_(SessionInfo, name, "name of the VM"),
    FIELD_INT_(SessionInfo, pid, "process id of its supervisor"),
    FIELD_INT_(SessionInfo, qemu_pid, "process id of its QEMU"),
    FIELD_TEXT_(SessionInfo, vgpu, "the vGPU it got"),
    FIELD_TEXT_(SessionInfo, vgpu_reason, "why that one"),
    FIELD_TEXT_(SessionInfo, display, "how its screen is shown"),
    FIELD_TEXT_(SessionInfo, display_reason, "why so"),
    FIELD_TEXT_(SessionInfo, watch, "command line or address that shows the screen"),
    FIELD_TEXT_(SessionInfo, fingerprint, "certificate of the display's server"),
    FIELD_TEXT_(SessionInfo, credential, "password of the display, said only here"),
    FIELD_TEXT_(SessionInfo, log, "file with what QEMU prints"),
    FIELD_TEXTS_(SessionInfo, notes, "what was chosen and why"),
    FIELD_END,
};
const RecordType session_info_type = { "session", sizeof(SessionInfo), session_info_fields };

const char *const *session_step_names(void)
{
    static const char **names;
    if (names == NULL) {
        names = g_new0(const char *, session_n_steps + 1);
        for (guint i = 0; i < session_n_steps; i++)
            names[i] = session_steps[i].name;
    }
    return names;
}

/* nohup and a shell's & have us ignore these; blocked signals would be queued all the same. */
static gboolean is_ignored(int number)
{
    struct sigaction action;
    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

/*
 * The stop signals as a descriptor, while there is something to undo; @ret_before is the mask to
 * restore. SIGTERM and SIGQUIT are what `vgpuctl stop` sends: they are taken in any case.
 */
static int block_stop_signals(sigset_t *ret_before, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGQUIT);
    if (!is_ignored(SIGINT))
        sigaddset(&signals, SIGINT);
    if (!is_ignored(SIGHUP))
        sigaddset(&signals, SIGHUP);
    sigprocmask(SIG_BLOCK, &signals, ret_before);
    int fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        error_set_errno(error, errno, "Waiting for signals");
    return fd;
}

/* FALSE when a stop signal came before there was a supervisor, which sees those that come later. */
static gboolean check_interrupted(const Session *session, GError **error)
{
    struct pollfd wait = { .fd = session->signal_fd, .events = POLLIN };
    if (session->supervisor != NULL || poll(&wait, 1, 0) <= 0)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_BUSY, "Interrupted while the VM was being prepared");
}

static gboolean carry_out(Session *session, GError **error)
{
    for (session->done = 0; session->done < session_n_steps;) {
        const SessionStep *step = &session_steps[session->done];
        /* a step that fails may have done a part: its undo runs too */
        gboolean good = check_interrupted(session, error) && step->apply(session, error);
        session->done++;
        if (!good || !fault_point_pass(step->name, error))
            return FALSE;
    }
    return TRUE;
}

static void undo(Session *session)
{
    while (session->done > 0)
        if (session_steps[--session->done].undo != NULL)
            session_steps[session->done].undo(session);
}

/* Why a VM did not start, where another plan may help. */
typedef struct {
    gboolean gl_failed, vgpu_lost;
} Outcome;

static gboolean run_prepared(const Root *root, const SessionRequest *request, Prepared *prepared,
                             Outcome *ret_outcome, GError **error)
{
    sigset_t before;
    autofd int signal_fd = block_stop_signals(&before, error);
    if (signal_fd < 0)
        return FALSE;
    Session session = { .root = root,
                        .request = request,
                        .prepared = prepared,
                        .signal_fd = signal_fd,
                        .started_at_s = (guint64)(g_get_real_time() / G_USEC_PER_SEC),
                        .loan = LOAN_INIT,
                        .tap_fd = -1 };
    gboolean good = carry_out(&session, error);
    undo(&session);
    *ret_outcome = (Outcome){ .gl_failed = session.gl_failed, .vgpu_lost = session.vgpu_lost };
    /* one that came too late for the VM must not end us before we have said how it went */
    struct signalfd_siginfo late;
    while (read(signal_fd, &late, sizeof late) > 0)
        ;
    sigprocmask(SIG_SETMASK, &before, NULL);
    return good;
}

static gboolean check_user(const SessionRequest *request, GError **error)
{
    if (!user_is_root() || request->as_root)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_REFUSED,
                     "QEMU would run as root; start the VM as an ordinary user or through sudo "
                     "(then it runs as you), or insist with --as-root");
}

/* How often another free vGPU is tried when somebody else was quicker. */
#define LOST_TRIES 4

/* How far OpenGL had to be given up: what was found to work did not start after all. */
typedef struct {
    char *vgpu; /* the type to try now; NULL: the best */
    char *note; /* why no better one */
    guint lost; /* vGPUs that others took between the plan and the start */
} Fallback;

static void fallback_clear(Fallback *fallback)
{
    g_free(fallback->vgpu);
    g_free(fallback->note);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Fallback, fallback_clear)

/* One step lower; FALSE where there is none, or the vGPU was asked for by name. */
static gboolean fall_back(Fallback *fallback, const Prepared *prepared, const GError *reason)
{
    if (prepared->plan->fallback_type == NULL)
        return FALSE;
    fallback_clear(fallback);
    fallback->vgpu = g_strdup(prepared->plan->fallback_type);
    fallback->note =
        g_strdup_printf("no %s, which was tried first: %s", prepared->vgpu->type, reason->message);
    return TRUE;
}

/* One attempt: TRUE when it ran to its end; *@ret_retry when @fallback now names another. */
static gboolean attempt(const Root *root, SessionRequest *request, Fallback *fallback,
                        gboolean *ret_retry, GError **error)
{
    request->prepare.vgpu = fallback->vgpu;
    g_autoptr(Prepared) prepared = session_prepare(root, &request->prepare, error);
    if (prepared == NULL)
        return FALSE;
    if (fallback->note != NULL)
        plan_note(prepared->plan, "%s", fallback->note);
    malloc_trim(0); /* reading the facts took more than supervising will */
    Outcome outcome = { FALSE, FALSE };
    g_autoptr(GError) reason = NULL;
    if (run_prepared(root, request, prepared, &outcome, &reason))
        return TRUE;
    *ret_retry = outcome.gl_failed ? fall_back(fallback, prepared, reason)
                                   : outcome.vgpu_lost && fallback->lost++ < LOST_TRIES;
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

gboolean session_run(const Root *root, const SessionRequest *request, GError **error)
{
    if (!check_user(request, error))
        return FALSE;
    signal(SIGPIPE, SIG_IGN); /* who reads our words may leave: no reason for the VM to end */
    SessionRequest current = *request;
    g_auto(Fallback) fallback = { NULL, NULL, 0 };
    for (;;) {
        g_autoptr(GError) reason = NULL;
        gboolean retry = FALSE;
        if (attempt(root, &current, &fallback, &retry, &reason))
            return TRUE;
        if (!retry) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return FALSE;
        }
    }
}
