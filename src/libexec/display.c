/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * display: shows the screen of one VM to any number of viewers. A process of its own for each VM,
 * without privileges, confined, and of no use to QEMU: it may end or be killed at any moment and be
 * started again, the guest does not notice.
 *
 * Exit status: 0 when QEMU has ended or SIGTERM came, 1 failed, 2 wrong usage; why on stderr.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "display/rfb-server.h"
#include "display/tls-certificate.h"
#include "libexec/confine.h"
#include "libexec/display-confine.h"
#include "libexec/display-files.h"
#include "libexec/display-log.h"
#include "libexec/display-options.h"
#include "libexec/display-source.h"

#define HANDSHAKE_LIMIT_S 60 /* time to type a password */
#define PICTURE_LIMIT_MS 1000
#define PASSWORD_LIMIT 256

#ifdef __SANITIZE_ADDRESS__
/* the search for leaks at the end looks into our own process in ways the filter kills for */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}
#endif

typedef struct {
    DisplayOptions options;
    DisplayLog log;
    GMainLoop *loop;
    gboolean ended;
    GError *failure; /* why it ended; NULL: all is well */
    char *password;
    GTlsCertificate *certificate;
    Screen *screen;
    Clipboard *clipboard;
    Keysyms *keysyms;
    Source *source;
    Input *input;
    RfbServer *server;
} Display;

/* Listening. */

static gboolean listen_unix(Display *display, GError **error)
{
    const int fds[] = { display->options.unix_fd, display->options.socket_fd };
    for (gsize i = 0; i < G_N_ELEMENTS(fds); i++)
        if (fds[i] >= 0 && !rfb_server_listen(display->server, fds[i], NULL, error))
            return FALSE;
    return TRUE;
}

/* The first line of the file. Owned; NULL with @error set. */
static char *read_password(const char *path, GError **error)
{
    g_autoptr(GError) why = NULL;
    char *text = NULL;
    struct stat status;
    if (stat(path, &status) == 0 && (status.st_mode & 0077) != 0) {
        error_set(error, VGPUCTL_ERROR_ACCESS, "Others may read the password: chmod 600 %s", path);
        return NULL;
    }
    if (!g_file_get_contents(path, &text, NULL, &why)) {
        error_set(error, VGPUCTL_ERROR_FAILED, "Reading the password: %s", why->message);
        return NULL;
    }
    text[strcspn(text, "\r\n")] = '\0';
    gsize length = strlen(text);
    if (length >= 1 && length <= PASSWORD_LIMIT)
        return text;
    g_free(text);
    error_set(error, VGPUCTL_ERROR_INVALID, "%s: the password must have 1 to %d bytes", path,
              PASSWORD_LIMIT);
    return NULL;
}

/* What needs files: behind the filter there are none. */
static gboolean read_security(Display *display, GError **error)
{
    const DisplayOptions *options = &display->options;
    if (options->tcp_fd < 0)
        return TRUE;
    display->password = read_password(options->password_file, error);
    if (display->password == NULL)
        return FALSE;
    display->certificate = tls_certificate_open(options->certificate_directory, error);
    g_autofree char *fingerprint = display->certificate != NULL
                                       ? tls_certificate_fingerprint(display->certificate, error)
                                       : NULL;
    if (fingerprint == NULL)
        return FALSE;
    g_autofree char *line = g_strdup_printf("Certificate's SHA-256: %s", fingerprint);
    display_log(line, &display->log);
    return TRUE;
}

static gboolean listen_tcp(Display *display, GError **error)
{
    const RfbSecurity security = { display->certificate, display->password };
    return display->options.tcp_fd < 0 ||
           rfb_server_listen(display->server, display->options.tcp_fd, &security, error);
}

static gboolean serve(Display *display, GError **error)
{
    const RfbServerSpec spec = {
        .host = {
            .name = display->options.name,
            .screen = display->screen,
            .source = display->source,
            .input = display->input,
            .keysyms = display->keysyms,
            .clipboard = display->clipboard,
        },
        .viewers_limit = display->options.viewers,
        .handshake_limit_s = HANDSHAKE_LIMIT_S,
        .log = display_log,
        .log_userdata = &display->log,
    };
    display->server = rfb_server_new(&spec);
    return listen_unix(display, error) && listen_tcp(display, error);
}

static gboolean say_ready(int fd, GError **error)
{
    if (fd < 0)
        return TRUE;
    ssize_t n = write(fd, "\n", 1);
    if (n != 1)
        return error_set_errno(error, errno, "Saying that viewers are served");
    close(fd);
    return TRUE;
}

/* Begin and end. */

static void end(Display *display)
{
    display->ended = TRUE;
    g_main_loop_quit(display->loop);
}

static void on_source_ended(const GError *reason, gpointer userdata)
{
    Display *display = userdata;
    /* QEMU is gone: that is how the life of a screen ends */
    if (display->failure == NULL &&
        !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        display->failure = g_error_copy(reason);
    end(display);
}

static gboolean on_signal(gpointer userdata)
{
    end(userdata);
    return G_SOURCE_CONTINUE;
}

/* SIGTERM and SIGINT, which end us in good order. */
static gboolean mask_signals(int how, GError **error)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    int result = pthread_sigmask(how, &signals, NULL);
    return result == 0 || error_set_errno(error, result, "Masking signals");
}

/* Starts a thread of GLib's, so it has to wait until files are limited; blocked until then, no
 * signal is lost. */
static gboolean watch_signals(Display *display, GError **error)
{
    g_unix_signal_add(SIGTERM, on_signal, display);
    g_unix_signal_add(SIGINT, on_signal, display);
    return mask_signals(SIG_UNBLOCK, error);
}

static void on_picture(gpointer userdata)
{
    Display *display = userdata;
    g_main_loop_quit(display->loop);
}

static gboolean on_no_picture(gpointer userdata)
{
    on_picture(userdata);
    return G_SOURCE_CONTINUE;
}

/* Who looks at once sees the guest, and in its size; a guest that shows nothing delays nobody long.
 */
static void await_picture(Display *display)
{
    screen_watch(display->screen, NULL, on_picture, display);
    screen_set_wanted(display->screen, TRUE);
    guint limit = g_timeout_add(PICTURE_LIMIT_MS, on_no_picture, display);
    g_autoptr(Frame) there = screen_frame(display->screen);
    if (there == NULL && !display->ended)
        g_main_loop_run(display->loop);
    g_source_remove(limit);
    screen_set_wanted(display->screen, FALSE);
    screen_watch(display->screen, NULL, NULL, NULL);
}

static gboolean start(Display *display, GError **error)
{
    autofd int console = -1;
    display->keysyms = keysyms_new(display->options.keymap, error);
    if (display->keysyms == NULL || !read_security(display, error))
        return FALSE;
    if (!display_source_attach(&display->options, &console, error) ||
        !display_limit_files(display->options.node, error) || !watch_signals(display, error))
        return FALSE;
    const DisplayPlace place = { .options = &display->options,
                                 .screen = display->screen,
                                 .clipboard = display->clipboard,
                                 .console = steal_fd(&console),
                                 .ended = on_source_ended,
                                 .userdata = display };
    display->source = display_source_new(&place, &display->input, error);
    if (display->source == NULL || !display_filter_syscalls(display->options.node != NULL, error))
        return FALSE;
    await_picture(display);
    return serve(display, error) && say_ready(display->options.ready_fd, error);
}

static gboolean check_fd(int *fd, GError **error)
{
    if (*fd >= 0 && fcntl(*fd, F_SETFD, FD_CLOEXEC) < 0)
        return error_set_errno(error, errno, "Descriptor %d", *fd);
    return TRUE;
}

static gboolean run(Display *display, GError **error)
{
    DisplayOptions *options = &display->options;
    if (!mask_signals(SIG_BLOCK, error) || !confine_give_up_privileges(error) ||
        !check_fd(&options->ready_fd, error) || !check_fd(&options->unix_fd, error) ||
        !check_fd(&options->socket_fd, error) || !check_fd(&options->tcp_fd, error))
        return FALSE;
    display->loop = g_main_loop_new(NULL, FALSE);
    display->screen = screen_new();
    display->clipboard = clipboard_new();
    if (!start(display, error))
        return FALSE;
    if (!display->ended)
        g_main_loop_run(display->loop);
    if (display->failure == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&display->failure));
    return FALSE;
}

/* Viewers first, as they use all the rest. */
static void clear(Display *display)
{
    rfb_server_free(display->server);
    if (display->screen != NULL)
        screen_cancel(display->screen);
    /* its keys may go through the source */
    input_free(display->input);
    if (display->source != NULL)
        source_free(display->source);
    clipboard_free(display->clipboard);
    keysyms_free(display->keysyms);
    screen_free(display->screen);
    g_clear_object(&display->certificate);
    g_free(display->password);
    g_clear_pointer(&display->loop, g_main_loop_unref);
    g_clear_error(&display->failure);
}

int main(int argc, char **argv)
{
    Display display = { 0 };
    g_autoptr(GError) error = NULL;
    if (argc < 1 || !display_options_parse(argv + 1, &display.options, &error)) {
        fprintf(stderr, "%s\n%s", error != NULL ? error->message : "No arguments", display_usage);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    gboolean good = run(&display, &error);
    clear(&display);
    if (good)
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE) ? 2 : 1;
}
