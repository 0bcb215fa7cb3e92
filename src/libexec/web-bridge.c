/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-bridge.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "libexec/web-stream.h"

#define CHUNK (64u << 10)
#define KEEPALIVE_S 30

struct WebBridge {
    SoupWebsocketConnection *websocket;
    WebStream *stream; /* below it */
    char *path;
    int fd;         /* of the VNC server; -1: none */
    guint readable; /* sources on it; 0: none */
    guint writable;
    GByteArray *input; /* what the VNC server has not taken yet */
    guint64 queued;    /* bytes given to the WebSocket, counted as web_stream_written() counts */
    WebBridgeEnded ended;
    gpointer userdata;
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    strcpy(address.sun_path, path);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        return -1;
    return steal_fd(&fd);
}

static void hang_up(WebBridge *bridge)
{
    g_clear_handle_id(&bridge->readable, g_source_remove);
    g_clear_handle_id(&bridge->writable, g_source_remove);
    if (bridge->fd >= 0)
        close(steal_fd(&bridge->fd));
}

void web_bridge_close(WebBridge *bridge, gushort code, const char *reason)
{
    hang_up(bridge);
    if (soup_websocket_connection_get_state(bridge->websocket) == SOUP_WEBSOCKET_STATE_OPEN)
        soup_websocket_connection_close(bridge->websocket, code, reason);
}

gboolean web_bridge_is_joined(const WebBridge *bridge)
{
    return bridge->fd >= 0;
}

gsize web_bridge_backlog(const WebBridge *bridge)
{
    guint64 written = web_stream_written(bridge->stream);
    return bridge->queued > written ? (gsize)(bridge->queued - written) : 0;
}

/* Bytes of a frame's header, RFC 6455, 5.2: a server masks nothing. */
static gsize header_size(gsize length)
{
    return length < 126 ? 2 : length <= G_MAXUINT16 ? 4 : 10;
}

static void send_to_browser(WebBridge *bridge, const guint8 *data, gsize length)
{
    /* pings are written, too, but not counted here: begin anew whenever all was written */
    bridge->queued = MAX(bridge->queued, web_stream_written(bridge->stream));
    bridge->queued += header_size(length) + length;
    soup_websocket_connection_send_binary(bridge->websocket, data, length);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer userdata)
{
    WebBridge *bridge = userdata;
    guint8 data[CHUNK];
    if (soup_websocket_connection_get_state(bridge->websocket) != SOUP_WEBSOCKET_STATE_OPEN) {
        bridge->readable = 0; /* libsoup met what is no WebSocket's: it is closing */
        hang_up(bridge);
        return G_SOURCE_REMOVE;
    }
    gssize length = recv(fd, data, sizeof data, 0);
    if (length < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (length <= 0) {
        bridge->readable = 0;
        web_bridge_close(bridge, WEB_CLOSE_NO_DISPLAY, "The display server has closed");
        return G_SOURCE_REMOVE;
    }
    send_to_browser(bridge, data, (gsize)length);
    if (web_bridge_backlog(bridge) < WEB_BRIDGE_BACKLOG)
        return G_SOURCE_CONTINUE;
    bridge->readable = 0;
    return G_SOURCE_REMOVE;
}

/* Reads on when the browser has taken enough. */
static void on_written(gpointer userdata)
{
    WebBridge *bridge = userdata;
    if (bridge->fd >= 0 && bridge->readable == 0 && web_bridge_backlog(bridge) < WEB_BRIDGE_BACKLOG)
        bridge->readable = g_unix_fd_add(bridge->fd, G_IO_IN | G_IO_HUP, on_readable, bridge);
}

/* Bytes taken by the VNC server, at once; -1: it is gone. */
static gssize send_to_server(int fd, const guint8 *data, gsize length)
{
    gsize done = 0;
    while (done < length) {
        gssize step = send(fd, data + done, length - done, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (step < 0 && errno == EINTR)
            continue;
        if (step < 0)
            return errno == EAGAIN ? (gssize)done : -1;
        done += (gsize)step;
    }
    return (gssize)done;
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer userdata)
{
    WebBridge *bridge = userdata;
    gssize done = send_to_server(fd, bridge->input->data, bridge->input->len);
    if (done > 0)
        g_byte_array_remove_range(bridge->input, 0, (guint)done);
    if (done >= 0 && bridge->input->len > 0)
        return G_SOURCE_CONTINUE;
    bridge->writable = 0;
    return G_SOURCE_REMOVE;
}

static void on_message(SoupWebsocketConnection *websocket, gint type, GBytes *message,
                       gpointer userdata)
{
    WebBridge *bridge = userdata;
    gsize length = 0, done = 0;
    const guint8 *data = g_bytes_get_data(message, &length);
    if (bridge->fd < 0)
        return;
    if (type != SOUP_WEBSOCKET_DATA_BINARY) {
        web_bridge_close(bridge, SOUP_WEBSOCKET_CLOSE_UNSUPPORTED_DATA, "RFB is binary");
        return;
    }
    /* what is wrong with the server, the reader will see */
    gssize step = bridge->input->len == 0 ? send_to_server(bridge->fd, data, length) : 0;
    if (step > 0)
        done = (gsize)step;
    g_byte_array_append(bridge->input, data + done, (guint)(length - done));
    if (bridge->input->len > WEB_BRIDGE_INPUT)
        web_bridge_close(bridge, WEB_CLOSE_STUCK, "The display server does not read");
    else if (bridge->input->len > 0 && bridge->writable == 0)
        bridge->writable = g_unix_fd_add(bridge->fd, G_IO_OUT, on_writable, bridge);
}

static gboolean tell_end(gpointer userdata)
{
    WebBridge *bridge = userdata;
    bridge->ended(bridge, bridge->userdata);
    return G_SOURCE_REMOVE;
}

/* One side has said that it is over: nothing more goes either way. */
static void on_closing(SoupWebsocketConnection *websocket, gpointer userdata)
{
    hang_up(userdata);
}

static void on_closed(SoupWebsocketConnection *websocket, gpointer userdata)
{
    WebBridge *bridge = userdata;
    hang_up(bridge);
    g_idle_add(tell_end, bridge); /* libsoup is not done with the connection yet */
}

WebBridge *web_bridge_new(SoupWebsocketConnection *websocket, const char *path,
                          WebBridgeEnded ended, gpointer userdata)
{
    WebBridge *bridge = g_new0(WebBridge, 1);
    bridge->websocket = g_object_ref(websocket);
    bridge->stream =
        g_object_ref(web_stream_find(soup_websocket_connection_get_io_stream(websocket)));
    bridge->path = g_strdup(path);
    bridge->input = g_byte_array_new();
    bridge->queued = web_stream_written(bridge->stream);
    bridge->ended = ended;
    bridge->userdata = userdata;
    g_signal_connect(websocket, "message", G_CALLBACK(on_message), bridge);
    g_signal_connect(websocket, "closing", G_CALLBACK(on_closing), bridge);
    g_signal_connect(websocket, "closed", G_CALLBACK(on_closed), bridge);
    web_stream_watch(bridge->stream, on_written, bridge);
    soup_websocket_connection_set_keepalive_interval(websocket, KEEPALIVE_S);

    bridge->fd = path != NULL ? connect_to(path) : -1;
    if (bridge->fd >= 0)
        on_written(bridge);
    else if (path != NULL)
        web_bridge_close(bridge, WEB_CLOSE_NO_DISPLAY, "The display server is not there");
    return bridge;
}

void web_bridge_free(WebBridge *bridge)
{
    if (bridge == NULL)
        return;
    hang_up(bridge);
    g_idle_remove_by_data(bridge);
    web_stream_watch(bridge->stream, /* written= */ NULL, NULL);
    g_signal_handlers_disconnect_by_data(bridge->websocket, bridge);
    g_object_unref(bridge->websocket);
    g_object_unref(bridge->stream);
    g_byte_array_unref(bridge->input);
    g_free(bridge->path);
    g_free(bridge);
}

const char *web_bridge_path(const WebBridge *bridge)
{
    return bridge->path;
}
