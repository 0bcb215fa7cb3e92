/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Serving a listening socket (Accept=no). Each request is served by a process of its own, one at a
 * time for one user and MOST_WORKERS at a time for all; who connects and says nothing costs a
 * descriptor for a while. systemd's Accept=yes would start a process for each connection, count
 * them for all users together, and close the socket for good after 200 in two seconds
 * (systemd.socket(5), TriggerLimitBurst=): any user could shut out the others.
 */
#pragma once

#include "libexec/broker-answer.h"

typedef struct {
    guint patience_ms;   /* a peer's time to send its request */
    guint idle_ms;       /* with nobody there for so long it is over */
    guint most_per_user; /* connections of one user that wait; one more is refused at once */
} BrokerLimits;

/* Until nobody came for a while. FALSE with @error when the socket fails. */
gboolean broker_listen(const BrokerHost *host, int listener, const BrokerLimits *limits,
                       GError **error);
