/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-server.h"

#include <libsoup/soup.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/error.h"
#include "libexec/web-answer.h"
#include "libexec/web-bridge.h"
#include "libexec/web-gate.h"
#include "libexec/web-stream.h"
#include "libexec/web-vms.h"

#define BACKLOG 128 /* of connections that nobody accepted yet */
#define UNSENT_BYTES                                                                               \
    (128 << 10)       /* what the kernel may hold of what was not sent: more is delay              \
                       */
#define DEAD_MS 60000 /* a browser that acknowledges nothing, or takes nothing */
#define SWEEP_S 5

/* A connection, as long as its stream lives. */
typedef struct {
    WebServer *server; /* NULL: it has gone */
    WebStream *stream; /* weak */
    GSocket *socket;
    gint64 deadline; /* of the monotonic clock; 0: it is being ended; G_MAXINT64: a viewer's */
} Client;

struct WebServer {
    const WebPages *pages;
    WebGate *gate;
    GPtrArray *vms;
    SoupServer *soup;
    GSocketService *service;
    GTlsCertificate *certificate;
    char *host; /* for the address */
    guint16 port;
    guint patience_s;
    GQueue clients; /* oldest first */
    GPtrArray *bridges;
    guint sweep; /* source; 0: nobody to look after */
};

static void hang_up(const Client *client)
{
    /* libsoup sees the end and lets go of it */
    (void)g_socket_shutdown(client->socket, TRUE, TRUE, NULL);
}

static void on_stream_gone(gpointer userdata, GObject *stream)
{
    Client *client = userdata;
    if (client->server != NULL)
        g_queue_remove(&client->server->clients, client);
    g_object_unref(client->socket);
    g_free(client);
}

static gboolean sweep(gpointer userdata)
{
    WebServer *server = userdata;
    gint64 now = g_get_monotonic_time();
    gboolean any = FALSE;
    for (GList *link = server->clients.head; link != NULL; link = link->next) {
        const Client *client = link->data;
        if (client->deadline <= now)
            hang_up(client);
        any |= client->deadline != G_MAXINT64;
    }
    if (any)
        return G_SOURCE_CONTINUE;
    server->sweep = 0;
    return G_SOURCE_REMOVE;
}

static void give_time(Client *client)
{
    WebServer *server = client->server;
    client->deadline = g_get_monotonic_time() + server->patience_s * G_USEC_PER_SEC;
    if (server->sweep == 0)
        server->sweep = g_timeout_add_seconds(MIN(SWEEP_S, server->patience_s), sweep, server);
}

/* FALSE: all are viewers. */
static gboolean make_room(WebServer *server)
{
    for (GList *link = server->clients.head; link != NULL; link = link->next) {
        Client *client = link->data;
        if (client->deadline == G_MAXINT64 || client->deadline == 0)
            continue;
        hang_up(client);
        client->deadline = 0;
        return TRUE;
    }
    return FALSE;
}

static void tune(GSocket *socket)
{
    if (g_socket_get_family(socket) == G_SOCKET_FAMILY_UNIX)
        return;
    (void)g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    (void)g_socket_set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT_BYTES, NULL);
    (void)g_socket_set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, DEAD_MS, NULL);
}

static GIOStream *with_tls(WebServer *server, GSocketConnection *connection)
{
    if (server->certificate == NULL)
        return g_object_ref(G_IO_STREAM(connection));
    return g_tls_server_connection_new(G_IO_STREAM(connection), server->certificate, NULL);
}

void web_server_accept(WebServer *server, GSocketConnection *connection)
{
    if (server->clients.length >= WEB_SERVER_CONNECTIONS && !make_room(server))
        return;
    GSocket *socket = g_socket_connection_get_socket(connection);
    tune(socket);
    g_autoptr(GIOStream) base = with_tls(server, connection);
    g_autoptr(GSocketAddress) local = g_socket_connection_get_local_address(connection, NULL);
    g_autoptr(GSocketAddress) remote = g_socket_connection_get_remote_address(connection, NULL);
    if (base == NULL)
        return;
    g_autoptr(WebStream) stream = web_stream_new(base);
    Client *client = g_new0(Client, 1);
    *client = (Client){ .server = server, .stream = stream, .socket = g_object_ref(socket) };
    g_queue_push_tail(&server->clients, client);
    g_object_weak_ref(G_OBJECT(stream), on_stream_gone, client);
    give_time(client);
    (void)soup_server_accept_iostream(server->soup, G_IO_STREAM(stream), local, remote, NULL);
}

static gboolean on_incoming(GSocketService *service, GSocketConnection *connection, GObject *source,
                            gpointer userdata)
{
    web_server_accept(userdata, connection);
    return TRUE;
}

static Client *client_of(WebServer *server, const WebStream *stream)
{
    for (GList *link = server->clients.head; link != NULL; link = link->next)
        if (((Client *)link->data)->stream == stream)
            return link->data;
    return NULL;
}

static void on_bridge_ended(WebBridge *bridge, gpointer userdata)
{
    WebServer *server = userdata;
    g_ptr_array_remove_fast(server->bridges, bridge);
}

static WebSite site_of(WebServer *server)
{
    return (WebSite){ server->pages, server->gate, server->vms };
}

static guint count_viewers(const WebServer *server)
{
    guint count = 0;
    for (guint i = 0; i < server->bridges->len; i++)
        count += web_bridge_is_joined(server->bridges->pdata[i]) ? 1 : 0;
    return count;
}

/* The answer that says so has been written: the connection is a WebSocket now. */
static void on_upgraded(SoupServerMessage *message, gpointer userdata)
{
    WebServer *server = userdata;
    const WebSite site = site_of(server);
    g_autoptr(SoupServerMessage) keep = g_object_ref(message); /* the next line may be its end */
    g_autoptr(GIOStream) io = soup_server_message_steal_connection(message);
    Client *client = client_of(server, web_stream_find(io));
    if (client != NULL)
        client->deadline = G_MAXINT64;
    g_autoptr(SoupWebsocketConnection) websocket = soup_websocket_connection_new(
        io, soup_server_message_get_uri(message), SOUP_WEBSOCKET_CONNECTION_SERVER,
        /* origin= */ NULL, /* protocol= */ NULL, /* extensions= */ NULL);

    g_autofree char *name = web_answer_vm(&site, message);
    const WebVm *vm = name != NULL ? web_vms_find(server->vms, name) : NULL;
    gboolean full = count_viewers(server) >= WEB_SERVER_VIEWERS;
    WebBridge *bridge =
        web_bridge_new(websocket, vm != NULL && !full ? vm->socket : NULL, on_bridge_ended, server);
    g_ptr_array_add(server->bridges, bridge);
    if (vm == NULL)
        web_bridge_close(bridge, WEB_CLOSE_NO_VM, "No such VM runs");
    else if (full)
        web_bridge_close(bridge, WEB_CLOSE_BUSY, "Too many viewers");
}

static void on_request(SoupServer *soup, SoupServerMessage *message, const char *path,
                       GHashTable *query, gpointer userdata)
{
    WebServer *server = userdata;
    const WebSite site = site_of(server);
    soup_message_body_set_accumulate(soup_server_message_get_request_body(message), FALSE);
    if (web_answer(&site, message, path, query) == WEB_ANSWER_UPGRADE)
        g_signal_connect(message, "wrote-informational", G_CALLBACK(on_upgraded), server);
}

/* The first address of a name, or the address in figures that it is. */
static GSocketAddress *find_address(const char *listen, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autofree char *full = g_strconcat(listen[0] == ':' ? "0.0.0.0" : "", listen, NULL);
    g_autoptr(GSocketConnectable) named = g_network_address_parse(full, 0, &reason);
    g_autoptr(GSocketAddressEnumerator) each =
        named != NULL ? g_socket_connectable_enumerate(named) : NULL;
    GSocketAddress *address =
        each != NULL ? g_socket_address_enumerator_next(each, NULL, &reason) : NULL;
    if (address == NULL || !G_IS_INET_SOCKET_ADDRESS(address)) {
        g_clear_object(&address);
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "'%s' is no address to listen on (%s); 127.0.0.1:0 is any free port of this "
                  "machine alone",
                  listen, reason != NULL ? reason->message : "not of the Internet's kind");
    }
    return address;
}

gboolean web_server_check_address(const char *listen, gboolean *ret_loopback, GError **error)
{
    g_autoptr(GSocketAddress) address = find_address(listen, error);
    if (address == NULL)
        return FALSE;
    *ret_loopback = g_inet_address_get_is_loopback(
        g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address)));
    return TRUE;
}

/* What stands for the machine in its address, and the port that it got. */
static void note_address(WebServer *server, GInetSocketAddress *address)
{
    GInetAddress *host = g_inet_socket_address_get_address(address);
    g_autofree char *figures = g_inet_address_to_string(host);
    if (g_inet_address_get_is_any(host))
        server->host = g_strdup(g_get_host_name());
    else if (g_inet_address_get_family(host) == G_SOCKET_FAMILY_IPV6)
        server->host = g_strdup_printf("[%s]", figures);
    else
        server->host = g_steal_pointer(&figures);
    server->port = g_inet_socket_address_get_port(address);
}

static gboolean listen_on(WebServer *server, const char *listen, GError **error)
{
    g_autoptr(GSocketAddress) address = find_address(listen, error);
    if (address == NULL)
        return FALSE;
    g_autoptr(GSocketAddress) effective = NULL;
    g_socket_listener_set_backlog(G_SOCKET_LISTENER(server->service), BACKLOG);
    if (!g_socket_listener_add_address(G_SOCKET_LISTENER(server->service), address,
                                       G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP,
                                       /* source_object= */ NULL, &effective, error)) {
        g_prefix_error(error, "Listening on %s: ", listen);
        return FALSE;
    }
    note_address(server, G_INET_SOCKET_ADDRESS(effective));
    return TRUE;
}

static const char *scheme_of(const WebServer *server)
{
    return server->certificate != NULL ? "https" : "http";
}

WebServer *web_server_new(const WebServerSpec *spec, GError **error)
{
    g_autoptr(WebServer) server = g_new0(WebServer, 1);
    server->pages = spec->pages;
    server->certificate = spec->certificate != NULL ? g_object_ref(spec->certificate) : NULL;
    server->patience_s = spec->patience_s != 0 ? spec->patience_s : WEB_SERVER_PATIENCE_S;
    server->vms = web_vms_new();
    server->bridges = g_ptr_array_new_with_free_func((GDestroyNotify)web_bridge_free);
    server->soup = soup_server_new(NULL, NULL);
    server->service = g_socket_service_new();
    if (!listen_on(server, spec->listen, error))
        return NULL;
    const char *const names[] = { g_get_host_name(), server->host, NULL };
    server->gate = web_gate_new(scheme_of(server), server->port, names, error);
    if (server->gate == NULL)
        return NULL;
    soup_server_add_early_handler(server->soup, NULL, on_request, server, NULL);
    g_signal_connect(server->service, "incoming", G_CALLBACK(on_incoming), server);
    g_socket_service_start(server->service);
    return g_steal_pointer(&server);
}

void web_server_free(WebServer *server)
{
    if (server == NULL)
        return;
    g_socket_service_stop(server->service);
    g_socket_listener_close(G_SOCKET_LISTENER(server->service));
    g_object_unref(server->service);
    g_ptr_array_unref(server->bridges);
    soup_server_disconnect(server->soup);
    g_object_unref(server->soup);
    g_clear_handle_id(&server->sweep, g_source_remove);
    for (GList *link = server->clients.head; link != NULL; link = link->next)
        ((Client *)link->data)->server = NULL; /* libsoup lets go of them later */
    g_queue_clear(&server->clients);
    g_ptr_array_unref(server->vms);
    web_gate_free(server->gate);
    g_clear_object(&server->certificate);
    g_free(server->host);
    g_free(server);
}

char *web_server_url(const WebServer *server, const char *name)
{
    g_autofree char *invitation = web_gate_invitation(server->gate);
    return g_strdup_printf("%s://%s:%u%s%s%s%s", scheme_of(server), server->host, server->port,
                           web_gate_prefix(server->gate), invitation, name != NULL ? "#" : "",
                           name != NULL ? name : "");
}

static gboolean has_socket(const GPtrArray *vms, const char *path)
{
    for (guint i = 0; i < vms->len; i++)
        if (g_strcmp0(((const WebVm *)vms->pdata[i])->socket, path) == 0)
            return TRUE;
    return FALSE;
}

void web_server_set_vms(WebServer *server, GPtrArray *vms)
{
    g_ptr_array_unref(server->vms);
    server->vms = vms;
    for (guint i = 0; i < server->bridges->len; i++) {
        WebBridge *bridge = server->bridges->pdata[i];
        if (!has_socket(vms, web_bridge_path(bridge)))
            web_bridge_close(bridge, WEB_CLOSE_NO_VM, "The VM has ended");
    }
}
