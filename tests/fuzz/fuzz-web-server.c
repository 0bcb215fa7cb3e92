/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A connection to the web server: any bytes. "@P" in them becomes the server's prefix, "@C" its
 * session and "@H" its host, which nobody could guess; without "@C" nothing is served and nothing
 * becomes a WebSocket. Behind the WebSocket is a VNC server that says its version and hangs up.
 */
#include "fuzz.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "libexec/web-server.h"
#include "libexec/web-vms.h"

#define ROUNDS 64

/* libsoup 3.2 forgets the method of a request whose other words are wrong; web-stream.c sees to it
 * that it is short, and tests/integration/test_web.py that this is enough */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

static WebServer *server;
static int vnc = -1;
static char *prefix, *cookie, *host;

static int listen_for_bridges(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    g_assert(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0);
    g_assert(listen(fd, 128) == 0);
    return fd;
}

/* What happens as long as something happens; the answer is added to @answer. TRUE: it hung up. */
static gboolean go_on(int fd, GString *answer)
{
    for (int quiet = 0; quiet < ROUNDS; quiet++) {
        char chunk[4096];
        if (g_main_context_iteration(NULL, FALSE))
            quiet = 0;
        int visitor = accept4(vnc, NULL, NULL, SOCK_CLOEXEC);
        if (visitor >= 0) {
            (void)!write(visitor, "RFB 003.008\n", 12);
            close(visitor);
        }
        gssize length = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
        if (length == 0 || (length < 0 && errno != EAGAIN))
            return TRUE;
        if (length > 0)
            g_string_append_len(answer, chunk, length);
    }
    return FALSE;
}

static void talk(const char *data, gsize size, GString *answer)
{
    int ends[2];
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    g_autoptr(GSocket) socket = g_socket_new_from_fd(ends[0], NULL);
    GSocketConnection *connection = g_socket_connection_factory_create_connection(socket);
    web_server_accept(server, connection);
    g_object_unref(connection);
    for (gsize done = 0; done < size;) {
        gssize step = send(ends[1], data + done, size - done, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (step < 0 && errno != EAGAIN)
            break;
        done += step > 0 ? (gsize)step : 0;
        if (go_on(ends[1], answer) || (step < 0 && done < size))
            break; /* it hung up, or will not read on before it is answered */
    }
    (void)shutdown(ends[1], SHUT_WR);
    (void)go_on(ends[1], answer);
    close(ends[1]);
    (void)go_on(vnc, answer);
}

/* Lets itself in, as a browser would. */
static void set_up(void)
{
    g_autofree char *directory = g_dir_make_tmp("fuzz-web-XXXXXX", NULL);
    g_autofree char *index = g_build_filename(directory, "index.html", NULL);
    g_autofree char *socket = g_build_filename(directory, "vnc", NULL);
    g_assert(g_file_set_contents(index, "page", -1, NULL));
    static WebPages *pages;
    pages = web_pages_read(directory, NULL);
    vnc = listen_for_bridges(socket);
    const WebServerSpec spec = { .pages = pages, .listen = "127.0.0.1:0" };
    server = web_server_new(&spec, NULL);
    g_assert(server != NULL);
    GPtrArray *vms = web_vms_new();
    g_assert(web_vms_add(vms, "vm", socket, NULL));
    web_server_set_vms(server, vms);

    g_autofree char *url = web_server_url(server, NULL);
    const char *after = strstr(url, "//") + 2, *slash = strchr(after, '/');
    host = g_strndup(after, (gsize)(slash - after));
    prefix = g_strndup(slash, (gsize)(strchr(slash, '?') - slash));
    g_autofree char *entry = g_strdup_printf("GET %s HTTP/1.1\r\nHost: %s\r\n\r\n", slash, host);
    g_autoptr(GString) answer = g_string_new(NULL);
    talk(entry, strlen(entry), answer);
    g_assert(g_str_has_prefix(answer->str, "HTTP/1.1 200"));
    const char *given = strstr(answer->str, "vgpuctl=");
    cookie = g_strndup(given, strcspn(given, ";"));
}

/* As replace() of others, for bytes. */
static GString *fill_in(const uint8_t *data, size_t size, gboolean *ret_has_session)
{
    GString *text = g_string_new(NULL);
    *ret_has_session = FALSE;
    for (size_t i = 0; i < size; i++) {
        char sign = data[i] == '@' && i + 1 < size ? (char)data[i + 1] : '\0';
        const char *filled = sign == 'P'   ? prefix
                             : sign == 'C' ? cookie
                             : sign == 'H' ? host
                                           : NULL;
        if (filled == NULL) {
            g_string_append_c(text, (char)data[i]);
            continue;
        }
        g_string_append(text, filled);
        *ret_has_session |= sign == 'C';
        i++;
    }
    return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (server == NULL)
        set_up();
    gboolean has_session = FALSE;
    g_autoptr(GString) text = fill_in(data, size, &has_session);
    g_autoptr(GString) answer = g_string_new(NULL);
    talk(text->str, text->len, answer);
    if (!has_session) {
        g_assert(strstr(answer->str, "HTTP/1.1 200") == NULL);
        g_assert(strstr(answer->str, "HTTP/1.1 101") == NULL);
        g_assert(strstr(answer->str, "Set-Cookie") == NULL);
    }
    return 0;
}
