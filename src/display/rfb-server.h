/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The RFB 3.8 server (RFC 6143): listens, does the security handshake, and keeps the viewers of one
 * screen. A socket that only its user can open needs no password; TCP has TLS and a password
 * (VeNCrypt: X509Vnc and X509Plain).
 */
#pragma once

#include "display/viewer.h"

/* Of one listening socket; NULL members: no security, for unix sockets of mode 0600 only. */
typedef struct {
    GTlsCertificate *certificate; /* with its key */
    const char *password;
} RfbSecurity;

typedef struct {
    ViewerHost host;         /* without cache and workers, which the server makes */
    guint viewers_limit;     /* at once; more are turned away with a reason */
    guint handshake_limit_s; /* for who connects and says nothing */
} RfbServerSpec;

typedef struct RfbServer RfbServer;

RfbServer *rfb_server_new(const RfbServerSpec *spec);
void rfb_server_free(RfbServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RfbServer, rfb_server_free)

/* Serves who connects to @fd, a listening socket, taken over. @security: NULL as above; copied. */
gboolean rfb_server_listen(RfbServer *server, int fd, const RfbSecurity *security, GError **error);

/* Viewers behind the handshake. */
guint rfb_server_viewers(const RfbServer *server);
