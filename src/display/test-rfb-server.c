/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-server.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/listen.h"
#include "display/tls-certificate.h"

#define NOBODY 65534

typedef struct {
    char *directory, *path;
    Screen *screen;
    GString *said;
    RfbServer *server;
} Room;

static void on_line(const char *line, gpointer said)
{
    g_string_append_printf(said, "%s\n", line);
}

static void set_up(Room *room, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    room->directory = g_dir_make_tmp("vgpuctl-server-XXXXXX", &error);
    g_assert_no_error(error);
    room->path = g_build_filename(room->directory, "vnc.sock", NULL);
    room->screen = screen_new();
    room->said = g_string_new("");
    const RfbServerSpec spec = {
        .host = { .name = "room", .screen = room->screen },
        .viewers_limit = 2,
        .handshake_limit_s = 60,
        .log = on_line,
        .log_userdata = room->said,
    };
    room->server = rfb_server_new(&spec);
    int fd = listen_unix(room->path, SOCK_STREAM, &error);
    g_assert_no_error(error);
    g_assert_true(rfb_server_listen(room->server, fd, NULL, &error));
    g_assert_no_error(error);
}

static void tear_down(Room *room, gconstpointer unused)
{
    rfb_server_free(room->server);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    screen_free(room->screen);
    g_string_free(room->said, TRUE);
    g_assert_true(file_remove_tree(room->directory, NULL));
    g_free(room->path);
    g_free(room->directory);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpuint(strlen(path), <, sizeof address.sun_path);
    strcpy(address.sun_path, path);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
    return fd;
}

/* What the server says next, while its main loop runs here. */
static void hear(int fd, const char *expected, gsize n)
{
    char heard[256];
    for (gsize got = 0; got < n;) {
        ssize_t now = recv(fd, heard + got, n - got, MSG_DONTWAIT);
        g_assert_true(now > 0 || (now < 0 && errno == EAGAIN));
        if (now > 0)
            got += (gsize)now;
        else
            g_main_context_iteration(NULL, FALSE);
    }
    g_assert_cmpmem(heard, n, expected, n);
}

#define HEAR(fd, text) hear(fd, text, sizeof(text) - 1)

static void say(int fd, const char *text, gsize n)
{
    g_assert_cmpint(send(fd, text, n, MSG_NOSIGNAL), ==, (ssize_t)n);
}

static int let_in(const Room *room)
{
    guint before = rfb_server_viewers(room->server);
    int fd = connect_to(room->path);
    HEAR(fd, "RFB 003.008\n");
    say(fd, "RFB 003.008\n\1", 13);
    HEAR(fd, "\1\1\0\0\0\0");
    while (rfb_server_viewers(room->server) == before)
        g_main_context_iteration(NULL, TRUE);
    return fd;
}

static void test_limit(Room *room, gconstpointer unused)
{
    autofd int first = let_in(room);
    int second = let_in(room);
    autofd int third = connect_to(room->path);
    HEAR(third, "RFB 003.008\n");
    say(third, "RFB 003.008\n", 12);
    HEAR(third, "\0\0\0\0\42There are too many viewers already");
    close(second);
    while (rfb_server_viewers(room->server) == 2)
        g_main_context_iteration(NULL, TRUE);
    autofd int fourth = let_in(room);
    g_assert_cmpuint(rfb_server_viewers(room->server), ==, 2);
    g_assert_nonnull(strstr(room->said->str, "Viewer 1 connected from this machine\n"));
    g_assert_nonnull(strstr(room->said->str, "Viewer 3 from this machine was not let in: There"));
    g_assert_nonnull(strstr(room->said->str, "Viewer 2 left\n"));
}

/* Who comes and says nothing makes room for who comes later. */
static void test_crowd(Room *room, gconstpointer unused)
{
    int silent[40];
    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++) {
        silent[i] = connect_to(room->path);
        HEAR(silent[i], "RFB 003.008\n");
    }
    autofd int honest = let_in(room);
    char byte;
    /* the first one has been sent away, the last one has not */
    g_assert_cmpint(recv(silent[0], &byte, 1, MSG_DONTWAIT), ==, 0);
    g_assert_cmpint(recv(silent[G_N_ELEMENTS(silent) - 1], &byte, 1, MSG_DONTWAIT), <, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(silent); i++)
        close(silent[i]);
    g_assert_nonnull(strstr(room->said->str, "too many come at once"));
}

static int connect_from(guint32 here, guint16 port)
{
    struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(here) };
    struct sockaddr_in to = { .sin_family = AF_INET,
                              .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                              .sin_port = htons(port) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (const struct sockaddr *)&from, sizeof from), ==, 0);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&to, sizeof to), ==, 0);
    HEAR(fd, "RFB 003.008\n");
    return fd;
}

static guint16 listen_to_network(const Room *room, const RfbSecurity *security)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    g_autoptr(GError) error = NULL;
    int fd = listen_tcp("127.0.0.1", 0, &error);
    g_assert_no_error(error);
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &size), ==, 0);
    g_assert_true(rfb_server_listen(room->server, fd, security, &error));
    g_assert_no_error(error);
    return ntohs(address.sin_port);
}

/* Two come from an address each, then 62 from four others: of those one makes room. */
static void test_crowds(Room *room, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GTlsCertificate) certificate = tls_certificate_open(room->directory, &error);
    if (certificate == NULL) {
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND); /* no TLS here */
        g_test_skip(error->message);
        return;
    }
    guint16 port =
        listen_to_network(room, &(RfbSecurity){ .password = "x", .certificate = certificate });
    autofd int first = connect_from(INADDR_LOOPBACK + 1, port);
    autofd int second = connect_from(INADDR_LOOPBACK + 2, port);
    int crowd[62];
    for (guint i = 0; i < G_N_ELEMENTS(crowd); i++)
        crowd[i] = connect_from(INADDR_LOOPBACK + 10 + i / 16, port);
    autofd int late = connect_from(INADDR_LOOPBACK + 3, port);
    g_assert_cmpstr(room->said->str, ==,
                    "Viewer 3 from 127.0.0.11 was not let in: too many come at once\n");
    for (guint i = 0; i < G_N_ELEMENTS(crowd); i++)
        close(crowd[i]);
}

/* The mode of a socket is one fence; who is on the other end is told by the kernel. */
static void test_another_user(Room *room, gconstpointer unused)
{
    if (geteuid() != 0) {
        g_test_skip("needs root, who can be another user");
        return;
    }
    g_assert_cmpint(chmod(room->directory, 0755), ==, 0);
    g_assert_cmpint(chmod(room->path, 0666), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        char byte;
        if (setgid(NOBODY) < 0 || setuid(NOBODY) < 0)
            _exit(2);
        _exit(recv(connect_to(room->path), &byte, 1, 0) == 0 ? 0 : 1);
    }
    while (room->said->len == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(room->said->str, ==, "Another user's viewer was not let in\n");
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

/* What is open to the network is never open without a password. */
static void test_network(Room *room, gconstpointer unused)
{
    g_autoptr(GError) error = NULL;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(fd, >=, 0);
    const RfbSecurity nothing = { 0 };
    g_assert_false(rfb_server_listen(room->server, fd, &nothing, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
}

/* Freed at any moment: with half a handshake, and with viewers. */
static void test_freed_within(Room *room, gconstpointer unused)
{
    autofd int inside = let_in(room);
    autofd int half = connect_to(room->path);
    HEAR(half, "RFB 003.008\n");
    g_clear_pointer(&room->server, rfb_server_free);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    char byte;
    g_assert_cmpint(recv(half, &byte, 1, MSG_DONTWAIT), ==, 0);
    g_assert_cmpint(recv(inside, &byte, 1, MSG_DONTWAIT), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
    g_test_add("/display/rfb-server/" name, Room, NULL, set_up, function, tear_down)
    ADD("limit", test_limit);
    ADD("crowd", test_crowd);
    ADD("crowds", test_crowds);
    ADD("another-user", test_another_user);
    ADD("network", test_network);
    ADD("freed-within", test_freed_within);
    return g_test_run();
}
