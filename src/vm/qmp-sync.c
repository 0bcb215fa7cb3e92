/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"

static gboolean on_expired(gpointer data)
{
    *(gboolean *)data = TRUE;
    return G_SOURCE_REMOVE;
}

/* Runs the context until @done says so (TRUE) or the time is over (FALSE). */
static gboolean run_until(QmpClient *client, gboolean (*done)(const void *), const void *subject,
                          gint64 deadline_us)
{
    gboolean expired = FALSE;
    g_autoptr(GSource) timer = g_timeout_source_new(0);
    g_source_set_ready_time(timer, deadline_us);
    g_source_set_callback(timer, on_expired, &expired, NULL);
    g_source_attach(timer, qmp_client_context(client));
    while (!done(subject) && !expired)
        g_main_context_iteration(qmp_client_context(client), TRUE);
    g_source_destroy(timer);
    return done(subject);
}

static gboolean is_past_handshake(const void *subject)
{
    QmpClientState state = qmp_client_state(subject);
    return state == QMP_CLIENT_RUNNING || state == QMP_CLIENT_CLOSED;
}

QmpClient *qmp_connect_fd(int fd, const char *name, gint64 deadline_us, GError **error)
{
    g_autoptr(GMainContext) context = g_main_context_new();
    g_autoptr(QmpClient) client = qmp_client_new(fd, context, NULL, NULL);
    if (!run_until(client, is_past_handshake, client, deadline_us)) {
        error_set(error, VGPUCTL_ERROR_TIMEOUT,
                  "QEMU's monitor %s does not answer: QEMU hangs, or another program is connected",
                  name);
        return NULL;
    }
    if (qmp_client_state(client) == QMP_CLIENT_CLOSED) {
        g_propagate_prefixed_error(error, g_error_copy(qmp_client_reason(client)),
                                   "Connecting to %s: ", name);
        return NULL;
    }
    return g_steal_pointer(&client);
}

/*
 * A full backlog makes a non-blocking connect() on a Unix socket fail with no event to wait for; a
 * blocking one waits, as long as SO_SNDTIMEO says (net/unix/af_unix.c, unix_stream_connect).
 */
static gboolean connect_before(int fd, const struct sockaddr_un *address, gint64 deadline_us)
{
    gint64 left_us = MAX(deadline_us - g_get_monotonic_time(), 1000);
    struct timeval limit = { .tv_sec = left_us / G_USEC_PER_SEC,
                             .tv_usec = left_us % G_USEC_PER_SEC };
    return setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) == 0 &&
           connect(fd, (const struct sockaddr *)address, sizeof *address) == 0;
}

QmpClient *qmp_connect_unix(const char *path, gint64 deadline_us, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        error_set_errno(error, ENAMETOOLONG, "Connecting to %s", path);
        return NULL;
    }
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        error_set_errno(error, errno, "Connecting to %s", path);
        return NULL;
    }
    if (!connect_before(fd, &address, deadline_us)) {
        if (errno == EAGAIN)
            error_set(error, VGPUCTL_ERROR_TIMEOUT,
                      "QEMU's monitor %s does not answer: other programs wait there already", path);
        else
            /* a socket that nobody listens on any more is as good as none */
            error_set_errno(error, errno == ECONNREFUSED ? ENOENT : errno, "Connecting to %s",
                            path);
        return NULL;
    }
    return qmp_connect_fd(steal_fd(&fd), path, deadline_us, error);
}

/* A call that somebody waits for; the reply may come when nobody does any more. */
typedef struct {
    int references; /* the waiter's and the call's */
    gboolean completed;
    json_t *result; /* owned */
    GError *error;  /* owned */
} Wait;

static void wait_unref(Wait *wait)
{
    if (--wait->references > 0)
        return;
    json_decref(wait->result);
    g_clear_error(&wait->error);
    g_free(wait);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Wait, wait_unref)

static void on_reply(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    g_autoptr(Wait) wait = userdata;
    wait->completed = TRUE;
    wait->result = json_incref(result);
    wait->error = error != NULL ? g_error_copy(error) : NULL;
}

static gboolean is_completed(const void *subject)
{
    return ((const Wait *)subject)->completed;
}

json_t *qmp_call_sync(QmpClient *client, const char *command, json_t *arguments, int fd,
                      guint limit_ms, GError **error)
{
    gint64 deadline_us = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    g_autoptr(Wait) wait = g_new0(Wait, 1);
    wait->references = 2;
    qmp_client_call(client, command, arguments, fd, on_reply, wait);
    if (!run_until(client, is_completed, wait, deadline_us)) {
        error_set(error, VGPUCTL_ERROR_TIMEOUT,
                  "QEMU command '%s' was not answered within %u ms: QEMU hangs or is very busy",
                  command, limit_ms);
        return NULL;
    }
    if (wait->error != NULL)
        g_propagate_error(error, g_steal_pointer(&wait->error));
    return g_steal_pointer(&wait->result);
}
