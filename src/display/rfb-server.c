/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "display/rfb-handshake.h"

/*
 * Connections within the handshake, of all and of one address. The oldest one of the same address
 * makes room for the next: who opens hundreds of them is in its own way only, and not in that of
 * somebody elsewhere who types a password.
 */
#define ARRIVALS_LIMIT 64
#define ARRIVALS_OF_ONE_LIMIT 16
#define ACCEPTS_AT_ONCE 8 /* before the viewers have their turn again */
#define PAUSE_MS 200      /* after the kernel could not give us a connection */
#define CACHE_BYTES (64u << 20)
#define WORKERS_LIMIT 8

typedef struct {
    RfbServer *server;
    GSocket *socket;
    GSource *source; /* NULL: paused */
    guint pause;
    RfbSecurity security; /* owned */
} Listener;

/* Somebody who is not let in yet. */
typedef struct {
    RfbServer *server;
    RfbHandshake *handshake;
    guint number;
    char *place;
    guint timeout;
} Arrival;

/* A viewer with its name in the log. */
typedef struct {
    RfbServer *server;
    Viewer *viewer;
    guint number;
} Seat;

struct RfbServer {
    RfbServerSpec spec;
    ViewerHost host;
    EncodeCache *cache;
    UpdateShare *share;
    GThreadPool *workers;
    RfbTries *tries;
    GPtrArray *listeners; /* Listener, owned */
    GQueue arrivals;      /* Arrival, owned, the oldest first */
    GPtrArray *seats;     /* Seat, owned */
    guint last_number;
};

static void tell(RfbServer *server, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void tell(RfbServer *server, const char *format, ...)
{
    if (server->spec.log == NULL)
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    server->spec.log(line, server->spec.log_userdata);
}

/* Viewers. */

static void tell_source(RfbServer *server)
{
    gboolean wanted = FALSE;
    for (guint i = 0; i < server->seats->len && !wanted; i++)
        wanted = viewer_wants(((Seat *)server->seats->pdata[i])->viewer);
    screen_set_wanted(server->host.screen, wanted);
}

static void seat_free(gpointer data)
{
    Seat *seat = data;
    viewer_free(seat->viewer);
    g_free(seat);
}

static void on_screen_changed(gpointer userdata)
{
    RfbServer *server = userdata;
    for (guint i = 0; i < server->seats->len; i++)
        viewer_look(((Seat *)server->seats->pdata[i])->viewer);
    tell_source(server);
}

static void on_viewer_changed(Viewer *viewer, gpointer userdata)
{
    tell_source(((Seat *)userdata)->server);
}

static void on_viewer_ended(Viewer *viewer, const GError *reason, gpointer userdata)
{
    Seat *seat = userdata;
    RfbServer *server = seat->server;
    if (reason != NULL)
        tell(server, "Viewer %u ended: %s", seat->number, reason->message);
    else
        tell(server, "Viewer %u left", seat->number);
    g_ptr_array_remove_fast(server->seats, seat);
    tell_source(server);
}

static void add_viewer(RfbServer *server, guint number, const char *place, GIOStream *stream)
{
    Seat *seat = g_new0(Seat, 1);
    seat->server = server;
    seat->number = number;
    seat->viewer = viewer_new(&server->host, stream, on_viewer_ended, on_viewer_changed, seat);
    g_ptr_array_add(server->seats, seat);
    tell(server, "Viewer %u connected from %s", number, place);
    tell_source(server);
}

/* Arrivals. */

static void arrival_free(gpointer data)
{
    Arrival *arrival = data;
    if (arrival->timeout != 0)
        g_source_remove(arrival->timeout);
    rfb_handshake_free(arrival->handshake);
    g_free(arrival->place);
    g_free(arrival);
}

static void drop_arrival(Arrival *arrival)
{
    g_queue_remove(&arrival->server->arrivals, arrival);
    arrival_free(arrival);
}

static void on_handshake_done(RfbHandshake *handshake, GIOStream *stream, const GError *reason,
                              gpointer userdata)
{
    Arrival *arrival = userdata;
    RfbServer *server = arrival->server;
    if (stream == NULL)
        tell(server, "Viewer %u from %s was not let in: %s", arrival->number, arrival->place,
             reason->message);
    else if (server->seats->len >= server->spec.viewers_limit) /* others were quicker */
        g_object_unref(stream);
    else
        add_viewer(server, arrival->number, arrival->place, stream);
    drop_arrival(arrival);
}

static gboolean on_too_slow(gpointer userdata)
{
    Arrival *arrival = userdata;
    arrival->timeout = 0;
    tell(arrival->server, "Viewer %u from %s was not let in: it did not say enough in %u seconds",
         arrival->number, arrival->place, arrival->server->spec.handshake_limit_s);
    drop_arrival(arrival);
    return G_SOURCE_REMOVE;
}

/* The arrival that must go when somebody comes from @place; NULL: there is room. */
static Arrival *in_the_way(RfbServer *server, const char *place)
{
    Arrival *oldest = NULL;
    guint n = 0;
    for (GList *link = server->arrivals.tail; link != NULL; link = link->prev) {
        Arrival *arrival = link->data;
        if (g_str_equal(arrival->place, place)) {
            oldest = arrival;
            n++;
        }
    }
    if (n >= ARRIVALS_OF_ONE_LIMIT)
        return oldest;
    return server->arrivals.length < ARRIVALS_LIMIT ? NULL : server->arrivals.head->data;
}

static void make_room(RfbServer *server, const char *place)
{
    Arrival *arrival = in_the_way(server, place);
    if (arrival == NULL)
        return;
    tell(server, "Viewer %u from %s was not let in: too many come at once", arrival->number,
         arrival->place);
    drop_arrival(arrival);
}

/* Where it comes from, in the words of RfbTries: of IPv6 the half that its user cannot choose. */
static char *place_of(GSocketConnection *connection)
{
    g_autoptr(GSocketAddress) address = g_socket_connection_get_remote_address(connection, NULL);
    if (!G_IS_INET_SOCKET_ADDRESS(address))
        return g_strdup("this machine");
    GInetAddress *host = g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address));
    if (g_inet_address_get_family(host) != G_SOCKET_FAMILY_IPV6)
        return g_inet_address_to_string(host);
    guint8 bytes[16];
    memcpy(bytes, g_inet_address_to_bytes(host), sizeof bytes);
    if (IN6_IS_ADDR_V4MAPPED((const struct in6_addr *)(gconstpointer)bytes))
        return g_strdup_printf("%u.%u.%u.%u", bytes[12], bytes[13], bytes[14], bytes[15]);
    memset(bytes + 8, 0, 8);
    g_autoptr(GInetAddress) net = g_inet_address_new_from_bytes(bytes, G_SOCKET_FAMILY_IPV6);
    g_autofree char *text = g_inet_address_to_string(net);
    return g_strconcat(text, "/64", NULL);
}

static const char *refusal(const RfbServer *server, const Listener *listener, const char *place)
{
    if (server->seats->len >= server->spec.viewers_limit)
        return "There are too many viewers already";
    if (listener->security.password != NULL &&
        !rfb_tries_may(server->tries, place, g_get_monotonic_time()))
        return "Too many wrong passwords: wait some minutes";
    return NULL;
}

static void add_arrival(Listener *listener, GSocketConnection *connection)
{
    RfbServer *server = listener->server;
    Arrival *arrival = g_new0(Arrival, 1);
    arrival->server = server;
    arrival->number = ++server->last_number;
    arrival->place = place_of(connection);
    make_room(server, arrival->place);
    arrival->timeout = g_timeout_add_seconds(server->spec.handshake_limit_s, on_too_slow, arrival);
    const RfbHandshakeSpec spec = {
        .security = &listener->security,
        .tries = listener->security.password != NULL ? server->tries : NULL,
        .place = arrival->place,
        .refusal = refusal(server, listener, arrival->place),
    };
    arrival->handshake = rfb_handshake_new(&spec, connection, on_handshake_done, arrival);
    g_queue_push_tail(&server->arrivals, arrival);
}

/* Listeners. */

/* Who needs no password shows by SO_PEERCRED that the machine is theirs or that we run for them. */
static gboolean is_ours(GSocket *socket)
{
    g_autoptr(GCredentials) credentials = g_socket_get_credentials(socket, NULL);
    uid_t uid = credentials != NULL ? g_credentials_get_unix_user(credentials, NULL) : (uid_t)-1;
    return uid == 0 || uid == getuid();
}

static void greet(Listener *listener, GSocket *socket)
{
    if (listener->security.certificate == NULL && !is_ours(socket)) {
        tell(listener->server, "Another user's viewer was not let in");
        return;
    }
    /* a key's way to the guest and back must not wait for the next one */
    if (g_socket_get_family(socket) != G_SOCKET_FAMILY_UNIX)
        (void)g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    g_socket_set_keepalive(socket, TRUE);
    g_autoptr(GSocketConnection) connection = g_socket_connection_factory_create_connection(socket);
    add_arrival(listener, connection);
}

static void watch(Listener *listener);

static gboolean on_pause_over(gpointer userdata)
{
    Listener *listener = userdata;
    listener->pause = 0;
    watch(listener);
    return G_SOURCE_REMOVE;
}

/* The connection is still in the queue and would wake us at once. */
static void pause_listener(Listener *listener, const GError *why)
{
    tell(listener->server, "Cannot accept viewers now: %s", why->message);
    g_source_destroy(listener->source);
    g_clear_pointer(&listener->source, g_source_unref);
    listener->pause = g_timeout_add(PAUSE_MS, on_pause_over, listener);
}

static gboolean on_connection(GSocket *listening, GIOCondition condition, gpointer userdata)
{
    Listener *listener = userdata;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(GSocket) socket = g_socket_accept(listening, NULL, &error);
        if (socket != NULL) {
            greet(listener, socket);
        } else {
            if (!g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
                pause_listener(listener, error);
            break;
        }
    }
    return G_SOURCE_CONTINUE;
}

static void watch(Listener *listener)
{
    listener->source = g_socket_create_source(listener->socket, G_IO_IN, NULL);
    g_source_set_callback(listener->source, G_SOURCE_FUNC(on_connection), listener, NULL);
    g_source_attach(listener->source, NULL);
}

static void listener_free(gpointer data)
{
    Listener *listener = data;
    if (listener->source != NULL) {
        g_source_destroy(listener->source);
        g_source_unref(listener->source);
    }
    if (listener->pause != 0)
        g_source_remove(listener->pause);
    g_clear_object(&listener->socket);
    g_clear_object(&listener->security.certificate);
    g_free((char *)listener->security.password);
    g_free(listener);
}

gboolean rfb_server_listen(RfbServer *server, int fd, const RfbSecurity *security, GError **error)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);
    if (socket == NULL) {
        close(fd);
        return FALSE;
    }
    gboolean secure = security != NULL && security->certificate != NULL;
    if (!secure && g_socket_get_family(socket) != G_SOCKET_FAMILY_UNIX)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "Viewers from the network need a certificate and a password");
    g_socket_set_blocking(socket, FALSE);
    Listener *listener = g_new0(Listener, 1);
    listener->server = server;
    listener->socket = g_steal_pointer(&socket);
    if (secure) {
        listener->security.certificate = g_object_ref(security->certificate);
        listener->security.password = g_strdup(security->password);
    }
    watch(listener);
    g_ptr_array_add(server->listeners, listener);
    return TRUE;
}

RfbServer *rfb_server_new(const RfbServerSpec *spec)
{
    RfbServer *server = g_new0(RfbServer, 1);
    server->spec = *spec;
    server->cache = encode_cache_new(CACHE_BYTES);
    server->share = update_share_new();
    server->workers = g_thread_pool_new(
        viewer_work, NULL, (int)CLAMP(g_get_num_processors(), 1, WORKERS_LIMIT), FALSE, NULL);
    server->host = spec->host;
    server->host.cache = server->cache;
    server->host.share = server->share;
    server->host.workers = server->workers;
    server->tries = rfb_tries_new();
    server->listeners = g_ptr_array_new_with_free_func(listener_free);
    g_queue_init(&server->arrivals);
    server->seats = g_ptr_array_new_with_free_func(seat_free);
    screen_watch(spec->host.screen, NULL, on_screen_changed, server);
    return server;
}

void rfb_server_free(RfbServer *server)
{
    if (server == NULL)
        return;
    screen_watch(server->host.screen, NULL, NULL, NULL);
    g_ptr_array_unref(server->listeners);
    g_queue_clear_full(&server->arrivals, arrival_free);
    g_ptr_array_unref(server->seats);
    screen_set_wanted(server->host.screen, FALSE);
    g_thread_pool_free(server->workers, FALSE, TRUE);
    update_share_free(server->share);
    encode_cache_free(server->cache);
    rfb_tries_free(server->tries);
    g_free(server);
}

guint rfb_server_viewers(const RfbServer *server)
{
    return server->seats->len;
}
