/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The web server: the page, the list of VMs and a WebSocket to each. Below the gate's prefix
 * (web-gate.h) there are
 *
 *     (nothing)    the page; the first time with "?token=..."
 *     vms.json     the VMs (web_vms_for_page())
 *     vnc/NAME     WebSocket to that VM's VNC server (web-bridge.h)
 *     ...          the page's files
 *
 * What somebody can make it keep is bounded: so many connections, so long without a WebSocket, no
 * body of a request, and web-bridge.h's bound for each WebSocket. It lives in the main context.
 */
#pragma once

#include <gio/gio.h>

#include "libexec/web-pages.h"

#define WEB_SERVER_CONNECTIONS 128 /* the oldest without a WebSocket makes room for a new one */
#define WEB_SERVER_VIEWERS 64
#define WEB_SERVER_PATIENCE_S 60 /* for a request and its answer */

typedef struct {
    WebPages *pages;              /* borrowed */
    const char *listen;           /* "HOST:PORT"; port 0: any; no host: every address */
    GTlsCertificate *certificate; /* with its key; NULL: no TLS, for loopback only */
    guint patience_s;             /* 0: WEB_SERVER_PATIENCE_S */
} WebServerSpec;

typedef struct WebServer WebServer;

/* Listens. NULL with @error set. */
WebServer *web_server_new(const WebServerSpec *spec, GError **error);
void web_server_free(WebServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebServer, web_server_free)

/* The address that lets the first who opens it in, at the VM @name (NULL: at the list). Owned. */
char *web_server_url(const WebServer *server, const char *name);

/* Shows these from now on (web-vms.h), taken over; who watches one that is gone is told. */
void web_server_set_vms(WebServer *server, GPtrArray *vms);

/* Serves a connection that did not come by the listening socket. */
void web_server_accept(WebServer *server, GSocketConnection *connection);

/* Whether @listen is an address that only this machine reaches. FALSE with @error when it is none.
 */
gboolean web_server_check_address(const char *listen, gboolean *ret_loopback, GError **error);
