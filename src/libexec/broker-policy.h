/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may have what from the broker: /etc/vgpuctl/broker.conf (vgpuctl-broker(8)), a key file.
 *
 *     [broker]
 *     groups=vgpu          names or numbers
 *     users=               in addition
 *     types=               mdev types, whole names; empty: all
 *     parents=             GPUs; empty: all
 *     max-per-user=4
 *
 * The names mean numbers when it is read, so that nobody is looked up while a request is served.
 */
#pragma once

#include "base/root.h"
#include "libexec/broker-peer.h"
#include "vgpu/broker-protocol.h"

#define BROKER_CONF "/etc/vgpuctl/broker.conf"
#define BROKER_DEFAULT_GROUP "vgpu"
#define BROKER_DEFAULT_MAX 4

typedef struct {
    GArray *groups; /* gid_t */
    GArray *users;  /* uid_t */
    GStrv types, parents;
    guint max_per_user;
} BrokerPolicy;

/* Without the file, or a key of it, as above; a group or user that is not known is nobody. NULL
 * with
 * @error for a file that is wrong, or that others than root may write: then nobody is served. */
BrokerPolicy *broker_policy_read(const Root *root, GError **error);
void broker_policy_free(BrokerPolicy *policy);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(BrokerPolicy, broker_policy_free)

/* Whether @peer is served at all: root, whom root vouches for, and those named. Else FALSE with
 * VGPUCTL_ERROR_ACCESS. */
gboolean broker_policy_check_peer(const BrokerPolicy *policy, const BrokerPeer *peer,
                                  GError **error);

/*
 * Whether @peer may make that claim while it has @held. A type that is allowed is written into
 * @request whole, so that its end cannot come to mean another one. Else FALSE with
 * VGPUCTL_ERROR_ACCESS or, for one too many, VGPUCTL_ERROR_BUSY.
 */
gboolean broker_policy_check_claim(const BrokerPolicy *policy, const BrokerPeer *peer,
                                   BrokerRequest *request, guint held, GError **error);
