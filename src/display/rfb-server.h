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
    const char *password;         /* longer than 8 bytes: X509Plain only, VncAuth would cut it */
} RfbSecurity;

/*
 * One line about a viewer that came, left or was turned away. A stranger can cause as many of them
 * as it likes: who writes them somewhere counts them.
 */
typedef void (*RfbServerLog)(const char *line, gpointer userdata);

typedef struct {
    ViewerHost host;         /* without cache, share and workers, which the server makes */
    guint viewers_limit;     /* at once; more are turned away with a reason */
    guint handshake_limit_s; /* for who connects and says nothing */
    RfbServerLog log;        /* or NULL */
    gpointer log_userdata;
} RfbServerSpec;

typedef struct RfbServer RfbServer;

/*
 * What @spec points to must live as long as the server does. A viewer that asks to be alone
 * (the shared flag of ClientInit) gets the same as every other: no viewer can send others away.
 */
RfbServer *rfb_server_new(const RfbServerSpec *spec);
void rfb_server_free(RfbServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RfbServer, rfb_server_free)

/*
 * Serves who connects to @fd, a listening socket, taken over. @security: NULL as above; copied.
 * Without security only our own user and root are served. VGPUCTL_ERROR_REFUSED for a socket of
 * the network without security.
 */
gboolean rfb_server_listen(RfbServer *server, int fd, const RfbSecurity *security, GError **error);

/* Viewers behind the handshake. */
guint rfb_server_viewers(const RfbServer *server);
