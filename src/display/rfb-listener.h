/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A socket that viewers connect to, accepted in the main context. Who needs no password shows by
 * SO_PEERCRED that they are our own user or root; others are sent away at once.
 */
#pragma once

#include "display/rfb-server.h"

typedef struct RfbListener RfbListener;

typedef struct {
    /* @place: where it comes from, in the words of RfbTries. @connection is borrowed. */
    void (*came)(RfbListener *listener, GSocketConnection *connection, const char *place,
                 gpointer userdata);
    /* A line for the log. */
    void (*refused)(const char *why, gpointer userdata);
    gpointer userdata;
} RfbListenerClass;

/*
 * @fd is taken over, @security and @class are copied. NULL with @error set; VGPUCTL_ERROR_REFUSED
 * for a socket of the network without security.
 */
RfbListener *rfb_listener_new(int fd, const RfbSecurity *security, const RfbListenerClass *class,
                              GError **error);
void rfb_listener_free(RfbListener *listener);

/* Borrowed; its members are NULL when there is none. */
const RfbSecurity *rfb_listener_security(const RfbListener *listener);
