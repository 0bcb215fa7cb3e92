/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * web: shows VMs in a browser. It serves the page with noVNC and carries each viewer's VNC to the
 * unix socket of its VM. On its standard output it prints one line, the address that lets the first
 * who opens it in; then it serves until SIGINT or SIGTERM. With --follow a second line is the
 * SHA-256 of its certificate, or empty; each line of its standard input is the list of VMs from
 * then on (web-vms.h), and the end of the input is its own.
 *
 * It reads all it needs first, then gives up whatever it could still do (web-confine.h).
 * Exit status: 0 asked to end, 1 failed, 2 wrong usage; why on stderr.
 */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "config.h"
#include "display/tls-certificate.h"
#include "libexec/web-confine.h"
#include "libexec/web-server.h"
#include "libexec/web-vms.h"

#define LIST_LIMIT (4u << 20)

#ifdef __SANITIZE_ADDRESS__
/* the search for leaks at the end looks into our own process in ways the filter kills for */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

typedef struct {
    char *listen;
    char **vms; /* NAME=SOCKET */
    char *vnc_socket, *name;
    char *tls_directory;
    int ready_fd;
    gboolean follow;
} Options;

typedef struct {
    WebServer *server;
    GMainLoop *loop;
    GString *input; /* a line that is not whole yet */
    GError *error;
} Web;

static gboolean parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        { "listen", 0, 0, G_OPTION_ARG_STRING, &options->listen,
          "Where to listen (127.0.0.1:0: any free port)", "HOST:PORT" },
        { "vm", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->vms, "A VM and its VNC socket",
          "NAME=SOCKET" },
        { "vnc-socket", 0, 0, G_OPTION_ARG_FILENAME, &options->vnc_socket, "That of one VM",
          "SOCKET" },
        { "name", 0, 0, G_OPTION_ARG_STRING, &options->name, "Its name", "NAME" },
        { "tls-directory", 0, 0, G_OPTION_ARG_FILENAME, &options->tls_directory,
          "Serve https, with the certificate in there", "DIRECTORY" },
        { "ready-fd", 0, 0, G_OPTION_ARG_INT, &options->ready_fd, "Gets a byte when it serves",
          "N" },
        { "follow", 0, 0, G_OPTION_ARG_NONE, &options->follow,
          "Each line of standard input is a list of VMs", NULL },
        G_OPTION_ENTRY_NULL,
    };
    options->ready_fd = -1;
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_summary(context, "Shows VMs in a browser");
    if (!g_option_context_parse(context, argc, argv, error)) {
        if (error != NULL && *error != NULL)
            (*error)->domain = VGPUCTL_ERROR, (*error)->code = VGPUCTL_ERROR_USAGE;
        return FALSE;
    }
    if (*argc > 1)
        return error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no option", (*argv)[1]);
    if ((options->vnc_socket == NULL) != (options->name == NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE, "--vnc-socket and --name go together");
    return TRUE;
}

static void options_clear(Options *options)
{
    g_free(options->listen);
    g_strfreev(options->vms);
    g_free(options->vnc_socket);
    g_free(options->name);
    g_free(options->tls_directory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

/* The VMs named on the command line. */
static GPtrArray *named_vms(const Options *options, GError **error)
{
    g_autoptr(GPtrArray) vms = web_vms_new();
    if (options->name != NULL && !web_vms_add(vms, options->name, options->vnc_socket, error))
        return NULL;
    for (char **word = options->vms; word != NULL && *word != NULL; word++) {
        const char *equals = strchr(*word, '=');
        g_autofree char *name = g_strndup(*word, equals != NULL ? (gsize)(equals - *word) : 0);
        if (!web_vms_add(vms, name, equals != NULL ? equals + 1 : NULL, error)) {
            g_prefix_error(error, "--vm %s: ", *word);
            return NULL;
        }
    }
    return g_steal_pointer(&vms);
}

/*
 * Beyond this machine only with TLS: the token and all that is shown would be for all to read. On
 * loopback there is nobody to read it, and no browser trusts our certificate.
 */
static gboolean open_certificate(const char *listen, const Options *options,
                                 GTlsCertificate **ret_certificate, GError **error)
{
    gboolean loopback = FALSE;
    if (!web_server_check_address(listen, &loopback, error))
        return FALSE;
    if (loopback)
        return TRUE;
    if (options->tls_directory == NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "%s is open to other machines: --tls-directory is needed there", listen);
    *ret_certificate = tls_certificate_open(options->tls_directory, error);
    return *ret_certificate != NULL;
}

static void end_with(Web *web, GError *error)
{
    web->error = error;
    g_main_loop_quit(web->loop);
}

static gboolean take_list(Web *web, const char *text, gsize length, GError **error)
{
    GPtrArray *vms = web_vms_from_text(text, length, error);
    if (vms != NULL)
        web_server_set_vms(web->server, vms);
    return vms != NULL;
}

static gboolean on_input(gint fd, GIOCondition condition, gpointer userdata)
{
    Web *web = userdata;
    char data[4096];
    gssize length = read(fd, data, sizeof data);
    if (length < 0 && (errno == EINTR || errno == EAGAIN))
        return G_SOURCE_CONTINUE;
    GError *error = NULL;
    if (length <= 0) {
        end_with(web, NULL);
        return G_SOURCE_REMOVE;
    }
    g_string_append_len(web->input, data, length);
    for (char *end; error == NULL && (end = memchr(web->input->str, '\n', web->input->len));) {
        gsize line = (gsize)(end - web->input->str);
        if (take_list(web, web->input->str, line, &error))
            g_string_erase(web->input, 0, (gssize)line + 1);
    }
    if (error == NULL && web->input->len > LIST_LIMIT)
        error_set(&error, VGPUCTL_ERROR_INVALID, "The list of VMs does not end");
    if (error == NULL)
        return G_SOURCE_CONTINUE;
    end_with(web, error);
    return G_SOURCE_REMOVE;
}

static gboolean on_signal(gpointer userdata)
{
    end_with(userdata, NULL);
    return G_SOURCE_CONTINUE;
}

/* What is printed when it serves; owned. */
static char *announcement(const Web *web, const GPtrArray *vms, const Options *options,
                          GTlsCertificate *certificate, GError **error)
{
    if (!options->follow) {
        const WebVm *only = vms->len == 1 ? vms->pdata[0] : NULL;
        g_autofree char *url = web_server_url(web->server, only != NULL ? only->name : NULL);
        return g_strconcat(url, "\n", NULL);
    }
    g_autofree char *url = web_server_url(web->server, NULL);
    if (certificate == NULL)
        return g_strconcat(url, "\n\n", NULL);
    g_autofree char *fingerprint = tls_certificate_fingerprint(certificate, error);
    return fingerprint != NULL ? g_strconcat(url, "\n", fingerprint, "\n", NULL) : NULL;
}

/* A test may make it shorter; 0: as usual. */
static guint patience_s(void)
{
#ifdef VGPUCTL_TEST_HOOKS
    const char *limit = g_getenv("VGPUCTL_TEST_WEB_PATIENCE_S");
    if (limit != NULL)
        return (guint)atoi(limit);
#endif
    return 0;
}

static gboolean announce(const char *text, int ready_fd, GError **error)
{
    if (!file_write_all(STDOUT_FILENO, text, strlen(text)))
        return error_set_errno(error, errno, "Printing the address");
    if (ready_fd >= 0 && !file_write_all(ready_fd, "", 1))
        return error_set_errno(error, errno, "Saying that we are ready");
    if (ready_fd >= 0)
        close(ready_fd);
    return TRUE;
}

static gboolean serve(Web *web, const Options *options, GError **error)
{
    const char *listen = options->listen != NULL ? options->listen : "127.0.0.1:0";
    g_autofree char *directory = web_pages_directory(), *text = NULL;
    g_autoptr(GTlsCertificate) certificate = NULL;
    g_autoptr(WebPages) pages = NULL;
    if (!open_certificate(listen, options, &certificate, error) ||
        (pages = web_pages_read(directory, error)) == NULL)
        return FALSE;
    const WebServerSpec spec = { pages, listen, certificate, patience_s() };
    g_autoptr(WebServer) server = web_server_new(&spec, error);
    GPtrArray *vms = server != NULL ? named_vms(options, error) : NULL;
    if (vms == NULL)
        return FALSE;
    web->server = server;
    web_server_set_vms(server, vms);
    text = announcement(web, vms, options, certificate, error);
    if (text == NULL || !web_confine(error) || !announce(text, options->ready_fd, error))
        return FALSE;
    if (options->follow)
        g_unix_fd_add(STDIN_FILENO, G_IO_IN | G_IO_HUP, on_input, web);
    g_main_loop_run(web->loop);
    if (web->error == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&web->error));
    return FALSE;
}

int main(int argc, char **argv)
{
    signal(SIGPIPE, SIG_IGN);
    g_autoptr(GError) error = NULL;
    g_auto(Options) options = { 0 };
    Web web = { .loop = g_main_loop_new(NULL, FALSE), .input = g_string_new(NULL) };
    g_unix_signal_add(SIGINT, on_signal, &web);
    g_unix_signal_add(SIGTERM, on_signal, &web);
    gboolean good = parse_options(&argc, &argv, &options, &error) && serve(&web, &options, &error);
    g_string_free(web.input, TRUE);
    g_main_loop_unref(web.loop);
    if (good)
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE) ? 2 : 1;
}
