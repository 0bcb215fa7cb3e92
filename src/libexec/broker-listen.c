/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-listen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "libexec/broker-serve.h"

#define MOST_WORKERS 4
#define MOST_CONNECTIONS 512

/* A connection: it waits, or a worker has it. */
typedef struct {
    int fd;
    uid_t uid;
    gint64 deadline_us; /* to send its request */
    gboolean readable;  /* it has */
    gboolean gone;      /* it has hung up without one */
    pid_t worker;       /* 0: none yet */
} Connection;

typedef struct {
    const BrokerHost *host;
    const BrokerLimits *limits;
    int listener;
    GPtrArray *connections; /* Connection, as they came */
} Listen;

static void connection_free(Connection *connection)
{
    autofd_close(&connection->fd);
    g_free(connection);
}

static guint count_connections(const Listen *self, uid_t uid)
{
    guint count = 0;
    for (guint i = 0; i < self->connections->len; i++)
        count += ((Connection *)self->connections->pdata[i])->uid == uid;
    return count;
}

/* @uid -1: of all. */
static guint count_workers(const Listen *self, uid_t uid)
{
    guint count = 0;
    for (guint i = 0; i < self->connections->len; i++) {
        const Connection *connection = self->connections->pdata[i];
        count += connection->worker > 0 && (uid == (uid_t)-1 || connection->uid == uid);
    }
    return count;
}

static void refuse_one_too_many(int fd, guint most)
{
    g_autoptr(GError) error = NULL;
    error_set(&error, VGPUCTL_ERROR_BUSY,
              "%u requests of this user wait for the broker; ask again later", most);
    g_autoptr(BrokerReply) reply = broker_reply_from_error(error);
    g_autofree char *text = broker_reply_to_text(reply);
    (void)send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void take_one(Listen *self, int fd)
{
    uid_t uid;
    guint most = self->limits->most_per_user;
    autofd int owned = fd;
    if (!broker_peer_uid(fd, &uid, NULL))
        return;
    if (count_connections(self, uid) >= most || self->connections->len >= MOST_CONNECTIONS) {
        refuse_one_too_many(fd, most);
        return;
    }
    Connection *connection = g_new0(Connection, 1);
    connection->fd = steal_fd(&owned);
    connection->uid = uid;
    connection->deadline_us = g_get_monotonic_time() + (gint64)self->limits->patience_ms * 1000;
    g_ptr_array_add(self->connections, connection);
}

/* All that are in the queue. FALSE and errno when the socket itself fails. */
static gboolean take_connections(Listen *self)
{
    for (;;) {
        int fd = accept4(self->listener, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take_one(self, fd);
        else if (errno == EAGAIN)
            return TRUE;
        else if (errno != EINTR && errno != ECONNABORTED)
            return FALSE;
    }
}

static G_NORETURN void work(const Listen *self, const Connection *connection)
{
    signal(SIGCHLD, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    close(self->listener);
    for (guint i = 0; i < self->connections->len; i++) {
        const Connection *other = self->connections->pdata[i];
        if (other != connection && other->fd >= 0)
            close(other->fd);
    }
    broker_serve_connection(self->host, connection->fd, 0);
    _exit(0);
}

/* Those that have asked, first come first served, but not two of one user at a time. */
static void start_workers(Listen *self)
{
    guint running = count_workers(self, (uid_t)-1);
    for (guint i = 0; i < self->connections->len && running < MOST_WORKERS; i++) {
        Connection *connection = self->connections->pdata[i];
        if (!connection->readable || connection->worker > 0 ||
            count_workers(self, connection->uid) > 0)
            continue;
        pid_t pid = fork();
        if (pid == 0)
            work(self, connection);
        if (pid < 0)
            return; /* no memory for one: the connection waits */
        connection->worker = pid;
        autofd_close(&connection->fd);
        connection->fd = -1;
        running++;
    }
}

static void drop_worker(Listen *self, pid_t pid)
{
    for (guint i = 0; i < self->connections->len; i++)
        if (((Connection *)self->connections->pdata[i])->worker == pid) {
            g_ptr_array_remove_index(self->connections, i);
            return;
        }
}

static void reap_workers(Listen *self)
{
    for (pid_t pid; (pid = waitpid(-1, NULL, WNOHANG)) > 0;)
        drop_worker(self, pid);
}

/* Those that have gone, and those that had their time to say something. */
static void drop_silent(Listen *self)
{
    gint64 now = g_get_monotonic_time();
    for (guint i = self->connections->len; i > 0; i--) {
        const Connection *connection = self->connections->pdata[i - 1];
        if (connection->worker == 0 &&
            (connection->gone || (!connection->readable && connection->deadline_us <= now)))
            g_ptr_array_remove_index(self->connections, i - 1);
    }
}

/* Something came: a request, or the end of the connection, which is worth no process. */
static void look_at(Connection *connection)
{
    char byte;
    connection->readable = TRUE;
    connection->gone = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* Until when to wait at most: the next silent one's deadline; forever while workers are at it. */
static gint64 next_deadline(const Listen *self, gint64 idle_since)
{
    gint64 next =
        self->connections->len > 0 ? G_MAXINT64 : idle_since + (gint64)self->limits->idle_ms * 1000;
    for (guint i = 0; i < self->connections->len; i++) {
        const Connection *connection = self->connections->pdata[i];
        if (connection->worker == 0 && !connection->readable)
            next = MIN(next, connection->deadline_us);
    }
    return next;
}

/* Waits for a new connection, a request, a worker's end (a signal) or @deadline_us. FALSE and errno
 * when it cannot. @ret_new: there is a new one. */
static gboolean wait_for_event(Listen *self, gint64 deadline_us, gboolean *ret_new)
{
    g_autofree struct pollfd *waits = g_new0(struct pollfd, self->connections->len + 1);
    waits[0] = (struct pollfd){ .fd = self->listener, .events = POLLIN };
    for (guint i = 0; i < self->connections->len; i++) {
        const Connection *connection = self->connections->pdata[i];
        gboolean waits_for = connection->worker == 0 && !connection->readable;
        waits[i + 1] = (struct pollfd){ .fd = waits_for ? connection->fd : -1, .events = POLLIN };
    }
    gint64 left_us = MAX(deadline_us - g_get_monotonic_time(), 0);
    const struct timespec left = { .tv_sec = (time_t)(left_us / G_USEC_PER_SEC),
                                   .tv_nsec = (long)(left_us % G_USEC_PER_SEC) * 1000 };
    sigset_t none;
    sigemptyset(&none);
    if (ppoll(waits, self->connections->len + 1, deadline_us == G_MAXINT64 ? NULL : &left, &none) <
            0 &&
        errno != EINTR)
        return FALSE;
    for (guint i = 0; i < self->connections->len; i++)
        if (waits[i + 1].revents != 0)
            look_at(self->connections->pdata[i]);
    *ret_new = waits[0].revents != 0;
    return TRUE;
}

static void on_child(int number)
{
    /* it only has to end ppoll(2) */
}

/* SIGCHLD comes in ppoll(2) alone: none is missed between looking and waiting. */
static void watch_children(void)
{
    const struct sigaction action = { .sa_handler = on_child, .sa_flags = SA_NOCLDSTOP };
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    sigaction(SIGCHLD, &action, NULL);
}

static gboolean is_idle(const Listen *self, gint64 idle_since)
{
    return self->connections->len == 0 &&
           g_get_monotonic_time() >= idle_since + (gint64)self->limits->idle_ms * 1000;
}

gboolean broker_listen(const BrokerHost *host, int listener, const BrokerLimits *limits,
                       GError **error)
{
    g_autoptr(GPtrArray) connections =
        g_ptr_array_new_with_free_func((GDestroyNotify)connection_free);
    Listen self = { host, limits, listener, connections };
    gint64 idle_since = g_get_monotonic_time();
    watch_children();
    while (!is_idle(&self, idle_since)) {
        gboolean new_one = FALSE;
        if (!wait_for_event(&self, next_deadline(&self, idle_since), &new_one))
            return error_set_errno(error, errno, "Waiting for connections");
        reap_workers(&self);
        drop_silent(&self); /* makes room for those who come */
        if (new_one && !take_connections(&self))
            return error_set_errno(error, errno, "Taking connections");
        start_workers(&self);
        if (connections->len > 0)
            idle_since = g_get_monotonic_time();
    }
    return TRUE;
}
