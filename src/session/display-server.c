/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/display-server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/listen.h"
#include "base/user.h"
#include "session/helper-child.h"
#include "session/plane-door.h"
#include "session/storage.h"
#include "vm/rundir.h"

#define CERTIFICATE "certificate.pem" /* display/tls-certificate.h */

struct DisplayServer {
    DisplayServerSpec spec;
    int private_fd; /* in the run directory */
    int socket_fd;  /* where the user wants it; -1: nowhere */
    int tcp_fd;     /* -1: none */
    char *private;  /* path of @private_fd */
    char *socket;   /* path of @socket_fd */
    char *url;
    gboolean serves; /* display_server_start() has returned */
    gboolean ended;  /* and is not started again */
    HelperChild *display, *web;
};

static char *in_run_directory(const DisplayServer *server, const char *member)
{
    return g_build_filename(server->spec.run_directory, member, NULL);
}

static gboolean listen_all(DisplayServer *server, GError **error)
{
    const PlanServer *plan = server->spec.plan;
    g_autofree char *path = in_run_directory(server, RUNDIR_VNC_SOCKET);
    server->private_fd = listen_unix(path, SOCK_STREAM, error);
    if (server->private_fd < 0)
        return FALSE;
    server->private = g_steal_pointer(&path);
    if (plan->socket != NULL) {
        g_autofree char *socket = plan_place(plan->socket, server->spec.run_directory);
        server->socket_fd = listen_unix(socket, SOCK_STREAM, error);
        if (server->socket_fd < 0)
            return FALSE;
        server->socket = g_steal_pointer(&socket);
    }
    if (plan->host != NULL)
        server->tcp_fd = listen_tcp(plan->host, (guint16)plan->port, error);
    return plan->host == NULL || server->tcp_fd >= 0;
}

static void remove_socket(char **path)
{
    if (*path != NULL)
        (void)unlink(*path);
    g_clear_pointer(path, g_free);
}

static void close_all(DisplayServer *server)
{
    int *const fds[] = { &server->private_fd, &server->socket_fd, &server->tcp_fd };
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        if (*fds[i] >= 0)
            close(steal_fd(fds[i]));
    remove_socket(&server->private);
    remove_socket(&server->socket);
}

/* Adds an option and its value, which is taken over. */
static void add(GPtrArray *words, const char *option, char *value)
{
    g_ptr_array_add(words, g_strdup(option));
    g_ptr_array_add(words, value);
}

static void add_fd(GPtrArray *words, const char *option, int fd)
{
    if (fd >= 0)
        add(words, option, g_strdup_printf("%d", fd));
}

static void add_source(GPtrArray *words, const DisplayServer *server)
{
    const PlanServer *plan = server->spec.plan;
    gboolean vfio = plan->source == SERVER_VFIO;
    add(words, "--source", g_strdup(server_words[plan->source]));
    if (plan->source == SERVER_DBUS || plan->source == SERVER_AUTO)
        add(words, "--qmp", in_run_directory(server, RUNDIR_QMP_SOCKET));
    if (vfio || plan->source == SERVER_AUTO)
        add(words, "--door", in_run_directory(server, PLANE_DOOR_SOCKET));
    if (vfio)
        add(words, "--input", in_run_directory(server, RUNDIR_INPUT_SOCKET));
    if (plan->source == SERVER_RFB)
        add(words, "--vnc", in_run_directory(server, RUNDIR_QEMU_VNC_SOCKET));
    if (plan->node != NULL)
        add(words, "--node", g_strdup(plan->node));
}

/* The words behind the program's name. */
static GPtrArray *display_arguments(const DisplayServer *server)
{
    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    add(words, "--name", g_strdup(server->spec.name));
    add_source(words, server);
    add_fd(words, "--unix-fd", server->private_fd);
    add_fd(words, "--socket-fd", server->socket_fd);
    add_fd(words, "--tcp-fd", server->tcp_fd);
    if (server->tcp_fd >= 0) {
        add(words, "--password-file", in_run_directory(server, PLAN_SECRET_FILE));
        add(words, "--certificate-directory", user_data_directory(server->spec.root));
    }
    g_ptr_array_add(words, NULL);
    return words;
}

static void on_said(const char *text, gsize length, gpointer userdata)
{
    const DisplayServer *server = userdata;
    server->spec.said(text, length, server->spec.userdata);
}

static void tell_change(const DisplayServer *server)
{
    if (server->serves && server->spec.changed != NULL)
        server->spec.changed(server->spec.userdata);
}

static void on_given_up(gpointer userdata)
{
    DisplayServer *server = userdata;
    close_all(server); /* who connects shall learn that nobody serves */
    server->ended = TRUE;
    g_clear_pointer(&server->web, helper_child_free); /* its page waits for what does not come */
    g_clear_pointer(&server->url, g_free);
    tell_change(server);
}

static gboolean start_display(DisplayServer *server, GError **error)
{
    g_autoptr(GPtrArray) words = display_arguments(server);
    const int fds[] = { server->private_fd, server->socket_fd, server->tcp_fd };
    int keep[G_N_ELEMENTS(fds) + 1];
    guint kept = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0)
            keep[kept++] = fds[i];
    keep[kept] = -1;
    const HelperChildSpec spec = { .program = "display",
                                   .arguments = (const char *const *)words->pdata,
                                   .keep = keep,
                                   .qemu_pidfd = server->spec.qemu_pidfd,
                                   .said = on_said,
                                   .given_up = on_given_up,
                                   .userdata = server };
    server->display = helper_child_start(&spec, server->spec.limit_s, error);
    return server->display != NULL;
}

/* The first line that web prints is the address of its page, with a new token each time. */
static void on_told(const char *line, gpointer userdata)
{
    DisplayServer *server = userdata;
    g_free(server->url);
    server->url = g_strdup(line);
    tell_change(server);
}

static gboolean start_web(DisplayServer *server, GError **error)
{
    if (!server->spec.plan->web)
        return TRUE;
    g_autofree char *path = in_run_directory(server, RUNDIR_VNC_SOCKET);
    const char *const words[] = { "--vnc-socket", path,          "--name", server->spec.name,
                                  "--listen",     "127.0.0.1:0", NULL };
    const HelperChildSpec spec = { .program = "web",
                                   .arguments = words,
                                   .qemu_pidfd = server->spec.qemu_pidfd,
                                   .said = on_said,
                                   .told = on_told,
                                   .userdata = server };
    server->web = helper_child_start(&spec, server->spec.limit_s, error);
    return server->web != NULL;
}

DisplayServer *display_server_start(const DisplayServerSpec *spec, GError **error)
{
    g_autoptr(DisplayServer) server = g_new0(DisplayServer, 1);
    server->spec = *spec;
    server->private_fd = server->socket_fd = server->tcp_fd = -1;
    if (!listen_all(server, error) || !start_display(server, error) || !start_web(server, error))
        return NULL;
    server->serves = TRUE;
    return g_steal_pointer(&server);
}

void display_server_free(DisplayServer *server)
{
    if (server == NULL)
        return;
    helper_child_free(server->web);
    helper_child_free(server->display);
    close_all(server);
    g_free(server->url);
    g_free(server);
}

const char *display_server_url(const DisplayServer *server)
{
    return server->url;
}

gboolean display_server_has_ended(const DisplayServer *server)
{
    return server->ended;
}

char *display_server_ended_words(const Root *root, const char *name)
{
    g_autofree char *log = session_log_path(root, name, /* serial= */ FALSE);
    return g_strdup_printf("The display server of VM '%s' has ended, why is in its log, %s; the VM "
                           "runs on, and shows its screen when it is started anew",
                           name, log);
}

/* The SHA-256 of the first certificate in @pem (RFC 7468). Owned, NULL: there is none. */
static char *fingerprint_of(const char *pem)
{
    static const char begin[] = "-----BEGIN CERTIFICATE-----", end[] = "-----END CERTIFICATE-----";
    const char *first = strstr(pem, begin);
    const char *last = first != NULL ? strstr(first, end) : NULL;
    if (last == NULL)
        return NULL;
    first += strlen(begin);
    g_autofree char *base64 = g_strndup(first, (gsize)(last - first));
    gsize length = 0;
    g_autofree guchar *der = g_base64_decode(base64, &length);
    g_autofree char *digits = g_compute_checksum_for_data(G_CHECKSUM_SHA256, der, length);
    GString *text = g_string_new(NULL);
    for (const char *c = digits; *c != '\0'; c += 2)
        g_string_append_printf(text, "%s%c%c", text->len > 0 ? ":" : "", g_ascii_toupper(c[0]),
                               g_ascii_toupper(c[1]));
    return g_string_free(text, FALSE);
}

char *display_server_fingerprint(const DisplayServer *server)
{
    if (server->spec.plan->host == NULL)
        return NULL;
    g_autofree char *directory = user_data_directory(server->spec.root);
    g_autofree char *path = g_build_filename(directory, CERTIFICATE, NULL);
    g_autofree char *pem = NULL;
    return g_file_get_contents(path, &pem, NULL, NULL) ? fingerprint_of(pem) : NULL;
}
