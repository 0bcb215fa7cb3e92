/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asking the broker for a vGPU: what a program without privileges does where it may not write to
 * sysfs. The claim's owner is the process that asked; it ends with it.
 */
#pragma once

#include <sys/types.h>

#include "base/root.h"
#include "vgpu/broker-protocol.h"

/* Whom to ask. */
typedef struct {
    const Root *root; /* below it the socket of the host, BROKER_SOCKET */
    int fd;           /* of broker_start(); -1: that socket */
} Broker;

/*
 * Whether there is one that this user may ask. FALSE with @error: VGPUCTL_ERROR_NOT_FOUND, there is
 * none; VGPUCTL_ERROR_ACCESS, it is not for this user; both with the administrator's command.
 */
gboolean broker_available(const Root *root, GError **error);

/*
 * Claims a vGPU for the calling process; opening its node is granted to its user alone. @request
 * has at least a type; version and op are set here. The reply, owned, has uuid, parent, type and
 * node. NULL with @error: what the broker said (VGPUCTL_ERROR_BUSY: none is left, and who holds
 * what), or why it could not be asked, as broker_available().
 */
BrokerReply *broker_claim(const Broker *broker, const BrokerRequest *request, GError **error);

/* Gives one back: of this user, and not open any more. */
gboolean broker_release(const Broker *broker, const char *uuid, GError **error);

/* Has all that dead owners left taken back, whoever they were; how many (may be NULL). */
gboolean broker_collect(const Broker *broker, guint *ret_collected, GError **error);

/*
 * For root that is about to become @uid (user_leave_sudo()): starts a broker that serves this
 * process and @uid alone over an inherited socket. It gives back what was claimed through it when
 * the socket closes, which is at the latest when this process ends. *@ret_fd is owned, and closed
 * at exec. The socket names its creator: call it in the process that is to own the claims. The
 * caller reaps @ret_pid and closes @ret_pidfd.
 */
gboolean broker_start(uid_t uid, int *ret_fd, pid_t *ret_pid, int *ret_pidfd, GError **error);
