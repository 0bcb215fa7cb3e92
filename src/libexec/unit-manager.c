/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/unit-manager.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"

#define MANAGER_NAME "org.freedesktop.systemd1"
#define MANAGER_PATH "/org/freedesktop/systemd1"
#define MANAGER_INTERFACE "org.freedesktop.systemd1.Manager"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_slot, sd_bus_slot_unref)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(sd_bus_error, sd_bus_error_free)

/* The manager's own socket, owned; NULL where @scope has none for us. */
static char *private_socket_path(UnitScope scope)
{
    const char *runtime = secure_getenv("XDG_RUNTIME_DIR");
    if (scope == UNIT_SCOPE_USER)
        return runtime != NULL ? g_build_filename(runtime, "systemd", "private", NULL) : NULL;
    /* the system's takes root alone; others go by the bus, where polkit is asked */
    return geteuid() == 0 ? g_strdup("/run/systemd/private") : NULL;
}

/* A connected socket, or -1 when there is none: the bus is tried then. */
static int private_socket_open(UnitScope scope)
{
    g_autofree char *path = private_socket_path(scope);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (path == NULL || strlen(path) >= sizeof(address.sun_path))
        return -1;
    memcpy(address.sun_path, path, strlen(path));
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        return -1;
    return steal_fd(&fd);
}

/* As bus_check_peercred() in systemd's bus-util.c: under sudo -E the socket may be another user's.
 */
static gboolean peer_may_be_trusted(int fd)
{
    struct ucred peer;
    socklen_t length = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 &&
           (peer.uid == 0 || peer.uid == geteuid());
}

/* Takes @fd over. */
static int connect_private(int fd, sd_bus **ret_bus)
{
    autofd int owned = fd;
    g_autoptr(sd_bus) bus = NULL;
    if (!peer_may_be_trusted(fd))
        return -EPERM;
    int r = sd_bus_new(&bus);
    if (r >= 0)
        r = sd_bus_set_fd(bus, fd, fd);
    if (r < 0)
        return r;
    steal_fd(&owned);
    r = sd_bus_start(bus);
    if (r >= 0)
        *ret_bus = g_steal_pointer(&bus);
    return r;
}

sd_bus *unit_manager_connect(UnitScope scope, GError **error)
{
    g_autoptr(sd_bus) bus = NULL;
    int r, fd = private_socket_open(scope);
    if (fd >= 0)
        r = connect_private(fd, &bus);
    else if (scope == UNIT_SCOPE_USER)
        r = sd_bus_open_user(&bus);
    else
        r = sd_bus_open_system(&bus);
    sd_id128_t id;
    if (r >= 0) /* waits for the handshake: who hangs up in it is no manager */
        r = sd_bus_get_bus_id(bus, &id);
    if (r >= 0)
        return g_steal_pointer(&bus);
    error_set(error, VGPUCTL_ERROR_NOT_FOUND, "No %s service manager can be reached: %s",
              scope == UNIT_SCOPE_USER ? "user" : "system", g_strerror(-r));
    return NULL;
}

static int manager_call_new(sd_bus *bus, const char *member, sd_bus_message **ret_call)
{
    int r = sd_bus_message_new_method_call(bus, ret_call, MANAGER_NAME, MANAGER_PATH,
                                           MANAGER_INTERFACE, member);
    /* or a bus without systemd would try to start one, from an activation file that cannot work */
    return r < 0 ? r : sd_bus_message_set_auto_start(*ret_call, 0);
}

/* Sends @call, whose answer is of no interest. */
static int manager_tell(sd_bus *bus, sd_bus_message *call)
{
    int r = sd_bus_message_set_expect_reply(call, 0);
    return r < 0 ? r : sd_bus_send(bus, call, NULL);
}

typedef struct {
    sd_bus *bus;                /* borrowed */
    const UnitRequest *request; /* borrowed */
    const char *option;         /* what systemctl has to be told: " --user" or "" */
    gint64 deadline;            /* monotonic, in microseconds */
    char *path;                 /* the job's object, once it was accepted; owned */
    char *result;               /* its end; owned */
    gboolean removed;           /* a unit of the name was unloaded */
} Job;

static void job_clear(Job *job)
{
    g_free(job->path);
    g_free(job->result);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Job, job_clear)

static guint64 job_time_left(const Job *job)
{
    gint64 now = g_get_monotonic_time();
    return now < job->deadline ? (guint64)(job->deadline - now) : 0;
}

static int on_job_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    Job *job = userdata;
    const char *path, *result;
    if (sd_bus_message_read(message, "uoss", NULL, &path, NULL, &result) >= 0 &&
        job->result == NULL && g_strcmp0(path, job->path) == 0)
        job->result = g_strdup(result);
    return 0;
}

static int on_unit_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
    Job *job = userdata;
    const char *name;
    if (sd_bus_message_read(message, "so", &name, NULL) >= 0 &&
        g_str_equal(name, job->request->name))
        job->removed = TRUE;
    return 0;
}

/*
 * Before the job exists, or a quick one would end unheard. Subscribe(), because
 * org.freedesktop.systemd1(5), "Signals", asks for it; up to now the manager tells the end of a job
 * to whoever queued it in any case (bus_job_send_removed_signal() in systemd's dbus-job.c).
 */
static int job_listen(Job *job, sd_bus_slot **ret_jobs, sd_bus_slot **ret_units)
{
    g_autoptr(sd_bus_message) call = NULL;
    int r = sd_bus_match_signal(job->bus, ret_jobs, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE,
                                "JobRemoved", on_job_removed, job);
    if (r >= 0)
        r = sd_bus_match_signal(job->bus, ret_units, MANAGER_NAME, MANAGER_PATH, MANAGER_INTERFACE,
                                "UnitRemoved", on_unit_removed, job);
    if (r >= 0)
        r = manager_call_new(job->bus, "Subscribe", &call);
    return r < 0 ? r : manager_tell(job->bus, call);
}

static gboolean fail_late(const Job *job, GError **error)
{
    return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                     "%s did not start in time: the service manager has not answered; see "
                     "`systemctl%s status %s`",
                     job->request->name, job->option, job->request->name);
}

static gboolean fail_call(const Job *job, int r, const sd_bus_error *reply, GError **error)
{
    const char *name = job->request->name;
    if (sd_bus_error_has_name(reply, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
        sd_bus_error_has_name(reply, SD_BUS_ERROR_NAME_HAS_NO_OWNER))
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "The bus has no service manager: %s",
                         reply->message);
    if (sd_bus_error_has_name(reply, MANAGER_NAME ".UnitExists"))
        return error_set(error, VGPUCTL_ERROR_EXISTS,
                         "%s exists already; see `systemctl%s status %s`", name, job->option, name);
    if (r == -ETIMEDOUT)
        return fail_late(job, error);
    return error_set(error, VGPUCTL_ERROR_FAILED,
                     "%s was not started: %s; see `systemctl%s status %s`", name,
                     reply->message != NULL ? reply->message : g_strerror(-r), job->option, name);
}

static int job_new_call(const Job *job, sd_bus_message **ret_call)
{
    int r = manager_call_new(job->bus, "StartTransientUnit", ret_call);
    if (r >= 0) /* the system's manager may ask polkit, and polkit the user */
        r = sd_bus_message_set_allow_interactive_authorization(*ret_call, 1);
    if (r >= 0) /* "fail": do not touch another job of this unit */
        r = sd_bus_message_append(*ret_call, "ss", job->request->name, "fail");
    if (r >= 0)
        r = unit_append_properties(*ret_call, job->request);
    return r < 0 ? r : sd_bus_message_append(*ret_call, "a(sa(sv))", 0);
}

static gboolean job_enqueue(Job *job, GError **error)
{
    g_autoptr(sd_bus_message) call = NULL, reply = NULL;
    g_auto(sd_bus_error) problem = SD_BUS_ERROR_NULL;
    const char *path;
    int r = job_new_call(job, &call);
    if (r >= 0)
        r = sd_bus_call(job->bus, call, MAX(job_time_left(job), 1), /* 0: sd-bus's own limit */
                        &problem, &reply);
    if (r >= 0)
        r = sd_bus_message_read(reply, "o", &path);
    if (r < 0)
        return fail_call(job, r, &problem, error);
    job->path = g_strdup(path);
    return TRUE;
}

/* What came too late must not run behind the back of a caller who was told that it did not. */
static void job_give_up(const Job *job)
{
    g_autoptr(sd_bus_message) call = NULL;
    if (manager_call_new(job->bus, "StopUnit", &call) >= 0 &&
        sd_bus_message_append(call, "ss", job->request->name, "replace") >= 0)
        manager_tell(job->bus, call);
}

/* Dispatches what has come, or waits for more. Returns a negative errno, -ETIMEDOUT too. */
static int job_step(const Job *job)
{
    int r = sd_bus_process(job->bus, NULL);
    if (r != 0)
        return r;
    guint64 left = job_time_left(job);
    if (left == 0)
        return -ETIMEDOUT;
    r = sd_bus_wait(job->bus, left);
    return r == -EINTR ? 0 : r;
}

static gboolean job_wait(Job *job, GError **error)
{
    while (job->result == NULL) {
        int r = job_step(job);
        if (r == -ETIMEDOUT) {
            job_give_up(job);
            return fail_late(job, error);
        }
        if (r < 0)
            return error_set(error, VGPUCTL_ERROR_FAILED,
                             "Whether %s has started is unknown: the service manager went away "
                             "(%s); see `systemctl%s status %s`",
                             job->request->name, g_strerror(-r), job->option, job->request->name);
    }
    return TRUE;
}

/* "active", "deactivating" and so on; NULL: the manager does not say. To be freed with free(). */
static char *job_unit_state(const Job *job)
{
    char *path = NULL, *state = NULL;
    if (sd_bus_path_encode(MANAGER_PATH "/unit", job->request->name, &path) >= 0)
        sd_bus_get_property_string(job->bus, MANAGER_NAME, path, MANAGER_NAME ".Unit",
                                   "ActiveState", NULL, &state);
    free(path);
    return state;
}

/*
 * There is a unit of the name. TRUE: not any more, it is worth another try. Of a unit that has just
 * gone, the manager says "inactive", as of one that is installed and stays: that is tried once.
 */
static gboolean job_await_removal(const Job *job, gboolean *tried)
{
    char *state = job_unit_state(job);
    gboolean leaves = g_strcmp0(state, "deactivating") == 0;
    gboolean gone = g_strcmp0(state, "inactive") == 0 && !*tried;
    free(state);
    if (!leaves) {
        *tried = TRUE;
        return gone;
    }
    while (!job->removed)
        if (job_step(job) < 0)
            return FALSE;
    return TRUE;
}

/* A VM is stopped before its unit is: it may be started again while that still cleans up. */
static gboolean job_enqueue_when_free(Job *job, GError **error)
{
    for (gboolean tried = FALSE;;) {
        g_autoptr(GError) reason = NULL;
        job->removed = FALSE;
        if (job_enqueue(job, &reason))
            return TRUE;
        if (!g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS) ||
            !job_await_removal(job, &tried)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return FALSE;
        }
    }
}

/* A unit that failed was collected (CollectMode), so status knows nothing of it: its log does. */
static gboolean job_judge(const Job *job, GError **error)
{
    if (g_str_equal(job->result, "done"))
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_FAILED,
                     "%s did not start: its job ended as '%s'; see `journalctl%s --unit=%s`",
                     job->request->name, job->result, job->option, job->request->name);
}

gboolean unit_manager_start(sd_bus *bus, UnitScope scope, const UnitRequest *request, int limit_ms,
                            GError **error)
{
    g_auto(Job) job = {
        .bus = bus,
        .request = request,
        .option = scope == UNIT_SCOPE_USER ? " --user" : "",
        .deadline = g_get_monotonic_time() + (gint64)limit_ms * G_TIME_SPAN_MILLISECOND,
    };
    g_autoptr(sd_bus_slot) jobs = NULL, units = NULL;
    int r = job_listen(&job, &jobs, &units);
    if (r < 0)
        return fail_call(&job, r, &SD_BUS_ERROR_NULL, error);
    return job_enqueue_when_free(&job, error) && job_wait(&job, error) && job_judge(&job, error);
}
