/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is at the other end of a unix socket, as the kernel says it and not as they do. */
#pragma once

#include <glib.h>
#include <sys/types.h>

typedef struct {
    uid_t uid;
    pid_t pid;
    guint64 started_ticks; /* of that process: a pid alone is given to another one some day */
    GArray *groups;        /* gid_t: its own and the supplementary ones; none with a vouched uid */
    gboolean vouched;      /* root said who it is (broker_peer_vouched()) */
} BrokerPeer;

/*
 * The process that connected, its user and groups as they were then (unix(7): SO_PEERCRED,
 * SO_PEERGROUPS, and SO_PEERPIDFD since Linux 6.5). NULL with @error (VGPUCTL_ERROR_ACCESS) when
 * that process is gone, or its pid names somebody else by now.
 */
BrokerPeer *broker_peer_read(int fd, GError **error);

/*
 * The process that made the socket pair which @fd is one end of, as user @uid. Whoever made it has
 * to have been root then (else VGPUCTL_ERROR_ACCESS): root could do all that the broker does.
 */
BrokerPeer *broker_peer_vouched(int fd, uid_t uid, GError **error);

/* The user that connected; FALSE with @error. */
gboolean broker_peer_uid(int fd, uid_t *ret_uid, GError **error);

void broker_peer_free(BrokerPeer *peer);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerPeer, broker_peer_free)
