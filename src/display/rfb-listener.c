/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

#define ACCEPTS_AT_ONCE 8 /* before the viewers have their turn again */
#define PAUSE_MS 200      /* after the kernel could not give us a connection */

struct RfbListener {
    RfbListenerClass class;
    RfbSecurity security; /* owned */
    GSocket *socket;
    GSource *source; /* NULL: paused */
    guint pause;
};

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

/* The machine is theirs, or it is for them that we run. */
static gboolean is_ours(GSocket *socket)
{
    g_autoptr(GCredentials) credentials = g_socket_get_credentials(socket, NULL);
    uid_t uid = credentials != NULL ? g_credentials_get_unix_user(credentials, NULL) : (uid_t)-1;
    return uid == 0 || uid == getuid();
}

static void greet(RfbListener *listener, GSocket *socket)
{
    if (listener->security.certificate == NULL && !is_ours(socket)) {
        listener->class.refused("Another user's viewer was not let in", listener->class.userdata);
        return;
    }
    /* a key's way to the guest and back must not wait for the next one */
    if (g_socket_get_family(socket) != G_SOCKET_FAMILY_UNIX)
        (void)g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    g_socket_set_keepalive(socket, TRUE);
    g_autoptr(GSocketConnection) connection = g_socket_connection_factory_create_connection(socket);
    g_autofree char *place = place_of(connection);
    listener->class.came(listener, connection, place, listener->class.userdata);
}

static void watch(RfbListener *listener);

static gboolean on_pause_over(gpointer userdata)
{
    RfbListener *listener = userdata;
    listener->pause = 0;
    watch(listener);
    return G_SOURCE_REMOVE;
}

static void unwatch(RfbListener *listener)
{
    if (listener->source == NULL)
        return;
    g_source_destroy(listener->source);
    g_clear_pointer(&listener->source, g_source_unref);
}

/* The connection is still in the queue and would wake us at once. */
static void pause_listener(RfbListener *listener, const GError *why)
{
    g_autofree char *line = g_strdup_printf("Cannot accept viewers now: %s", why->message);
    listener->class.refused(line, listener->class.userdata);
    unwatch(listener);
    listener->pause = g_timeout_add(PAUSE_MS, on_pause_over, listener);
}

static gboolean on_connection(GSocket *listening, GIOCondition condition, gpointer userdata)
{
    RfbListener *listener = userdata;
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

static void watch(RfbListener *listener)
{
    listener->source = g_socket_create_source(listener->socket, G_IO_IN, NULL);
    g_source_set_callback(listener->source, G_SOURCE_FUNC(on_connection), listener, NULL);
    g_source_attach(listener->source, NULL);
}

RfbListener *rfb_listener_new(int fd, const RfbSecurity *security, const RfbListenerClass *class,
                              GError **error)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, error);
    if (socket == NULL) {
        close(fd);
        return NULL;
    }
    gboolean secure = security != NULL && security->certificate != NULL;
    if (!secure && g_socket_get_family(socket) != G_SOCKET_FAMILY_UNIX) {
        error_set(error, VGPUCTL_ERROR_REFUSED,
                  "Viewers from the network need a certificate and a password");
        return NULL;
    }
    g_socket_set_blocking(socket, FALSE);
    RfbListener *listener = g_new0(RfbListener, 1);
    listener->class = *class;
    listener->socket = g_steal_pointer(&socket);
    if (secure) {
        listener->security.certificate = g_object_ref(security->certificate);
        listener->security.password = g_strdup(security->password);
    }
    watch(listener);
    return listener;
}

void rfb_listener_free(RfbListener *listener)
{
    if (listener == NULL)
        return;
    unwatch(listener);
    if (listener->pause != 0)
        g_source_remove(listener->pause);
    g_clear_object(&listener->socket);
    g_clear_object(&listener->security.certificate);
    g_free((char *)listener->security.password);
    g_free(listener);
}

const RfbSecurity *rfb_listener_security(const RfbListener *listener)
{
    return &listener->security;
}
