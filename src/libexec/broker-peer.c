/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pid.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

void broker_peer_free(BrokerPeer *peer)
{
    if (peer == NULL)
        return;
    g_clear_pointer(&peer->groups, g_array_unref);
    g_free(peer);
}

static gboolean read_credentials(int fd, struct ucred *ret_credentials, GError **error)
{
    socklen_t size = sizeof *ret_credentials;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ret_credentials, &size) < 0)
        return error_set_errno(error, errno, "Asking the kernel who connected");
    /* 0: a process of a PID namespace that we cannot look into */
    if (ret_credentials->pid <= 0 || ret_credentials->uid == (uid_t)-1)
        return error_set(error, VGPUCTL_ERROR_ACCESS, "The process that asks cannot be seen");
    return TRUE;
}

gboolean broker_peer_uid(int fd, uid_t *ret_uid, GError **error)
{
    struct ucred credentials;
    if (!read_credentials(fd, &credentials, error))
        return FALSE;
    *ret_uid = credentials.uid;
    return TRUE;
}

/* unix(7): the first call tells the size. */
static gboolean read_groups(int fd, gid_t primary, GArray *groups, GError **error)
{
    socklen_t size = 0;
    g_array_append_val(groups, primary);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0)
        return TRUE; /* there are none */
    if (errno != ERANGE || size > NGROUPS_MAX * sizeof(gid_t))
        return error_set_errno(error, errno, "Asking the kernel for the groups of the user");
    g_autofree gid_t *list = g_malloc(size);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &size) < 0)
        return error_set_errno(error, errno, "Asking the kernel for the groups of the user");
    g_array_append_vals(groups, list, size / sizeof(gid_t));
    return TRUE;
}

/* The process itself where the kernel has kept it, else what has that pid now. */
static int open_process(int fd, pid_t pid)
{
    int pidfd = -1;
    socklen_t size = sizeof pidfd;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
        return pidfd;
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

/* Its real and effective user (proc(5), status): /proc/PID itself is root's when it cannot be
 * traced. */
static gboolean is_of_user(pid_t pid, uid_t uid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/status", (int)pid);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    const char *line = strstr(text, "\nUid:\t");
    if (line == NULL)
        return FALSE;
    char *end = NULL;
    guint64 real = g_ascii_strtoull(line + strlen("\nUid:\t"), &end, 10);
    guint64 effective = g_ascii_strtoull(end, NULL, 10);
    return real == uid || effective == uid;
}

/*
 * @uid -1: anybody's. What was read of the pid is of the process behind @pidfd when that has not
 * ended since.
 */
static gboolean read_start(int pidfd, BrokerPeer *peer, uid_t uid, GError **error)
{
    struct pollfd ended = { .fd = pidfd, .events = POLLIN };
    if (pidfd < 0 || !pid_start_ticks(peer->pid, &peer->started_ticks) ||
        (uid != (uid_t)-1 && !is_of_user(peer->pid, uid)) || poll(&ended, 1, 0) != 0)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "The process %d that asks is gone, or became another user",
                         (int)peer->pid);
    return TRUE;
}

BrokerPeer *broker_peer_read(int fd, GError **error)
{
    struct ucred credentials;
    if (!read_credentials(fd, &credentials, error))
        return NULL;
    g_autoptr(BrokerPeer) peer = g_new0(BrokerPeer, 1);
    peer->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    peer->uid = credentials.uid;
    peer->pid = credentials.pid;
    autofd int pidfd = open_process(fd, peer->pid);
    if (!read_groups(fd, credentials.gid, peer->groups, error) ||
        !read_start(pidfd, peer, peer->uid, error))
        return NULL;
    return g_steal_pointer(&peer);
}

BrokerPeer *broker_peer_vouched(int fd, uid_t uid, GError **error)
{
    struct ucred credentials;
    if (!read_credentials(fd, &credentials, error))
        return NULL;
    if (credentials.uid != 0) {
        error_set(error, VGPUCTL_ERROR_ACCESS,
                  "User %u made the socket and says who asks: only root is believed",
                  (guint)credentials.uid);
        return NULL;
    }
    g_autoptr(BrokerPeer) peer = g_new0(BrokerPeer, 1);
    peer->groups = g_array_new(FALSE, FALSE, sizeof(gid_t));
    peer->uid = uid;
    peer->pid = credentials.pid;
    peer->vouched = TRUE;
    autofd int pidfd = open_process(fd, peer->pid);
    return read_start(pidfd, peer, (uid_t)-1, error) ? g_steal_pointer(&peer) : NULL;
}
