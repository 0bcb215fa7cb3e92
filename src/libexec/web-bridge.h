/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One viewer: a WebSocket (RFC 6455, binary messages; noVNC's way of carrying RFB) on one side, the
 * unix socket of a VM's VNC server on the other. It reads from the VNC server only while less than
 * WEB_BRIDGE_BACKLOG bytes wait for the browser, so that the server feels how slow the browser is,
 * and a browser that stands still costs that much memory and no more.
 */
#pragma once

#include <libsoup/soup.h>

#define WEB_BRIDGE_BACKLOG (256u << 10)
/* What a VNC server that does not read may make us keep of its viewer's messages. */
#define WEB_BRIDGE_INPUT (1u << 20)

/* Codes of closing (RFC 6455, 7.4.2: 4000 and up are an application's); web/view.js knows them. */
enum {
    WEB_CLOSE_NO_VM = 4001,      /* no such VM runs, or no longer */
    WEB_CLOSE_NO_DISPLAY = 4002, /* its display server is not there: it may come again */
    WEB_CLOSE_BUSY = 4003,       /* too many viewers */
    WEB_CLOSE_STUCK = 4004,      /* the VNC server does not read */
};

typedef struct WebBridge WebBridge;

/* Called once, when both sides are closed; then it is to be freed. */
typedef void (*WebBridgeEnded)(WebBridge *bridge, gpointer userdata);

/*
 * Joins @websocket, made on a WebStream, with the server on @path; with NULL there it is only for
 * web_bridge_close(). Whatever fails is told to the browser by a code, and @ended comes later,
 * never from within.
 */
WebBridge *web_bridge_new(SoupWebsocketConnection *websocket, const char *path,
                          WebBridgeEnded ended, gpointer userdata);
void web_bridge_free(WebBridge *bridge);

/* Ends it with a word to the browser. */
void web_bridge_close(WebBridge *bridge, gushort code, const char *reason);

/* Borrowed; NULL as above. */
const char *web_bridge_path(const WebBridge *bridge);

/* Whether the VNC server is at its other end: not before it is asked, nor when it is closing. */
gboolean web_bridge_is_joined(const WebBridge *bridge);

/* Bytes that wait for the browser. */
gsize web_bridge_backlog(const WebBridge *bridge);
