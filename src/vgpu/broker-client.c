/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/broker-client.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/libexec.h"
#include "base/spawn.h"
#include "base/user.h"

/* beyond the broker's own limit, so that its word is heard */
#define REPLY_LIMIT_S (BROKER_LIMIT_MS / 1000 + 15)

static gboolean refuse_absent(const Root *root, GError **error)
{
    g_autofree char *caller = user_caller_name();
    if (root_exists(root, "/run/systemd/system")) /* sd_booted(3) */
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "This user may not make a vGPU, and no broker runs that would; the "
                         "administrator starts it with: sudo systemctl enable --now "
                         "vgpuctl-broker.socket");
    return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                     "This user may not make a vGPU, and no broker runs that would; the "
                     "administrator makes one for them with: sudo vgpuctl create TYPE --user %s",
                     caller);
}

/* The socket is for a group, by its mode (data/systemd/system/vgpuctl-broker.socket). */
static gboolean refuse_access(const Root *root, GError **error)
{
    g_autofree char *caller = user_caller_name();
    struct stat info;
    const struct group *group = NULL;
    if (root_stat(root, BROKER_SOCKET, &info, NULL) && (info.st_mode & S_IWGRP) != 0)
        group = getgrgid(info.st_gid);
    if (group == NULL || info.st_gid == 0)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "This user may not ask the broker for a vGPU; the administrator makes one "
                         "for them with: sudo vgpuctl create TYPE --user %s",
                         caller);
    return error_set(error, VGPUCTL_ERROR_ACCESS,
                     "The broker gives a vGPU to members of group %s only; the administrator adds "
                     "this user with: sudo usermod -aG %s %s (then log in again)",
                     group->gr_name, group->gr_name, caller);
}

static gboolean refuse_errno(const Root *root, int errno_value, GError **error)
{
    if (errno_value == ENOENT || errno_value == ECONNREFUSED) /* a socket nobody listens on */
        return refuse_absent(root, error);
    if (errno_value == EACCES || errno_value == EPERM)
        return refuse_access(root, error);
    return error_set_errno(error, errno_value, "Connecting to the broker (%s)", BROKER_SOCKET);
}

/* The socket's own path may be longer than sun_path: it is named by a descriptor. */
static int connect_socket(const Root *root, struct sockaddr_un *address, GError **error)
{
    g_autoptr(GError) reason = NULL;
    autofd int place = root_open_file(root, BROKER_SOCKET, O_PATH, &reason);
    if (place < 0) {
        gboolean closed = g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_ACCESS);
        refuse_errno(root, closed ? EACCES : ENOENT, error);
        return -1;
    }
    g_snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d", place);
    autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    /* connect(2) waits for a place in the queue, this long at most (socket(7)) */
    const struct timeval limit = { .tv_sec = REPLY_LIMIT_S };
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0 ||
        connect(fd, (struct sockaddr *)address, sizeof *address) < 0) {
        refuse_errno(root, errno, error);
        return -1;
    }
    return steal_fd(&fd);
}

gboolean broker_available(const Root *root, GError **error)
{
    struct stat info;
    if (!root_stat(root, BROKER_SOCKET, &info, NULL) || !S_ISSOCK(info.st_mode))
        return refuse_absent(root, error);
    g_autofree char *path = root_host_path(root, BROKER_SOCKET);
    return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 || refuse_errno(root, errno, error);
}

static BrokerReply *receive_reply(int fd, GError **error)
{
    char text[BROKER_REPLY_LIMIT + 1];
    const struct timeval limit = { .tv_sec = REPLY_LIMIT_S };
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ssize_t length;
    /* a broker that had read nothing before it answered resets the connection: told once, before
     * the answer (net/unix/af_unix.c: unix_release_sock()) */
    do
        length = recv(fd, text, sizeof text, 0);
    while (length < 0 && (errno == EINTR || errno == ECONNRESET));
    if (length < 0 && errno == EAGAIN) {
        error_set(error, VGPUCTL_ERROR_TIMEOUT, "The broker did not answer within %d s",
                  REPLY_LIMIT_S);
        return NULL;
    }
    if (length <= 0) {
        error_set(error, VGPUCTL_ERROR_FAILED,
                  "The broker ended without an answer; why stands in: journalctl -u "
                  "vgpuctl-broker.service");
        return NULL;
    }
    BrokerReply *reply = broker_reply_from_text(text, (gsize)length, error);
    if (reply == NULL)
        g_prefix_error(error, "Reading the broker's answer: ");
    return reply;
}

static BrokerReply *ask_on(int fd, const BrokerRequest *request, GError **error)
{
    g_autofree char *text = broker_request_to_text(request);
    /* a broker that was just ending has left its word, or nothing: receiving tells */
    if (send(fd, text, strlen(text), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET) {
        error_set_errno(error, errno, "Asking the broker");
        return NULL;
    }
    g_autoptr(BrokerReply) reply = receive_reply(fd, error);
    return reply != NULL && broker_reply_check(reply, error) ? g_steal_pointer(&reply) : NULL;
}

static BrokerReply *ask(const Broker *broker, BrokerRequest *request, BrokerOp op, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    request->version = BROKER_VERSION;
    request->op = (int)op;
    if (broker->fd >= 0)
        return ask_on(broker->fd, request, error);
    autofd int fd = connect_socket(broker->root, &address, error);
    return fd >= 0 ? ask_on(fd, request, error) : NULL;
}

BrokerReply *broker_claim(const Broker *broker, const BrokerRequest *request, GError **error)
{
    BrokerRequest full = *request;
    g_autoptr(BrokerReply) reply = ask(broker, &full, BROKER_CLAIM, error);
    if (reply == NULL)
        return NULL;
    if (reply->uuid == NULL || reply->parent == NULL || reply->type == NULL ||
        reply->node == NULL) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The broker's answer names no device");
        return NULL;
    }
    return g_steal_pointer(&reply);
}

gboolean broker_release(const Broker *broker, const char *uuid, GError **error)
{
    BrokerRequest request = { .uuid = (char *)uuid };
    g_autoptr(BrokerReply) reply = ask(broker, &request, BROKER_RELEASE, error);
    return reply != NULL;
}

gboolean broker_collect(const Broker *broker, guint *ret_collected, GError **error)
{
    BrokerRequest request = { 0 };
    g_autoptr(BrokerReply) reply = ask(broker, &request, BROKER_COLLECT, error);
    if (reply != NULL && ret_collected != NULL)
        *ret_collected = (guint)MAX(reply->collected, 0);
    return reply != NULL;
}

gboolean broker_start(uid_t uid, int *ret_fd, pid_t *ret_pid, int *ret_pidfd, GError **error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return error_set_errno(error, errno, "Making a socket pair for the broker");
    autofd int ours = pair[0];
    autofd int theirs = pair[1];
    g_autofree char *program = libexec_path("broker");
    g_autofree char *user = g_strdup_printf("%u", (guint)uid);
    const char *argv[] = { program, "--peer-socket", "--uid", user, NULL };
    const SpawnRequest request = { .argv = argv, .in = theirs, .out = -1, .err = STDERR_FILENO };
    if (!spawn_child(&request, ret_pid, ret_pidfd, error))
        return FALSE;
    *ret_fd = steal_fd(&ours);
    return TRUE;
}
