/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-server.h"

#include "display/rfb-handshake.h"
#include "display/rfb-listener.h"

/*
 * Connections within the handshake, of all and of one address. The oldest one of the same address
 * makes room for the next, or of the address that has most: who opens hundreds of them is in its
 * own way only, and not in that of somebody elsewhere who types a password.
 */
#define ARRIVALS_LIMIT 64
#define ARRIVALS_OF_ONE_LIMIT 16
#define CACHE_BYTES (64u << 20)
#define WORKERS_LIMIT 8

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
    GPtrArray *listeners; /* RfbListener, owned */
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

/* How many come from there; the oldest of them. */
static guint count_arrivals(const RfbServer *server, const char *place, Arrival **ret_oldest)
{
    guint n = 0;
    for (GList *link = server->arrivals.tail; link != NULL; link = link->prev) {
        Arrival *arrival = link->data;
        if (!g_str_equal(arrival->place, place))
            continue;
        *ret_oldest = arrival;
        n++;
    }
    return n;
}

/* The oldest from where most come. */
static Arrival *of_the_largest_crowd(const RfbServer *server)
{
    Arrival *found = NULL, *oldest = NULL;
    guint most = 0;
    for (GList *link = server->arrivals.head; link != NULL; link = link->next) {
        guint n = count_arrivals(server, ((Arrival *)link->data)->place, &oldest);
        if (n > most) {
            most = n;
            found = oldest;
        }
    }
    return found;
}

/* The arrival that must go when somebody comes from @place; NULL: there is room. */
static Arrival *in_the_way(const RfbServer *server, const char *place)
{
    Arrival *oldest = NULL;
    if (count_arrivals(server, place, &oldest) >= ARRIVALS_OF_ONE_LIMIT)
        return oldest;
    return server->arrivals.length < ARRIVALS_LIMIT ? NULL : of_the_largest_crowd(server);
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

static const char *refusal(const RfbServer *server, const RfbSecurity *security, const char *place)
{
    if (server->seats->len >= server->spec.viewers_limit)
        return "There are too many viewers already";
    if (security->password != NULL && !rfb_tries_may(server->tries, place, g_get_monotonic_time()))
        return "Too many wrong passwords: wait some minutes";
    return NULL;
}

static void add_arrival(RfbListener *listener, GSocketConnection *connection, const char *place,
                        gpointer userdata)
{
    RfbServer *server = userdata;
    const RfbSecurity *security = rfb_listener_security(listener);
    make_room(server, place);
    Arrival *arrival = g_new0(Arrival, 1);
    arrival->server = server;
    arrival->number = ++server->last_number;
    arrival->place = g_strdup(place);
    arrival->timeout = g_timeout_add_seconds(server->spec.handshake_limit_s, on_too_slow, arrival);
    const RfbHandshakeSpec spec = {
        .security = security,
        .tries = security->password != NULL ? server->tries : NULL,
        .place = arrival->place,
        .refusal = refusal(server, security, arrival->place),
    };
    arrival->handshake = rfb_handshake_new(&spec, connection, on_handshake_done, arrival);
    g_queue_push_tail(&server->arrivals, arrival);
}

/* Listeners. */

static void on_refused(const char *why, gpointer userdata)
{
    tell(userdata, "%s", why);
}

gboolean rfb_server_listen(RfbServer *server, int fd, const RfbSecurity *security, GError **error)
{
    const RfbListenerClass class = { add_arrival, on_refused, server };
    RfbListener *listener = rfb_listener_new(fd, security, &class, error);
    if (listener == NULL)
        return FALSE;
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
    server->listeners = g_ptr_array_new_with_free_func((GDestroyNotify)rfb_listener_free);
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
