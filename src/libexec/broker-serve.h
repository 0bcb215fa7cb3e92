/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Serving one connection that is there. */
#pragma once

#include "libexec/broker-answer.h"

/* One request, within BROKER_LIMIT_MS; the peer has @patience_ms to send it. */
void broker_serve_connection(const BrokerHost *host, int fd, guint patience_ms);

/*
 * All requests of a peer that root vouches for, until the socket closes; then what was claimed and
 * not released is taken back.
 */
void broker_serve_peer(const BrokerHost *host, const BrokerPeer *peer, int fd);

/* A line for the journal, or for whoever reads our stderr. */
void broker_log(const char *line);
