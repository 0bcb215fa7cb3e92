/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/listen.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct {
    char *directory, *path;
} Place;

static void place_init(Place *place)
{
    place->directory = g_dir_make_tmp("listen-XXXXXX", NULL);
    place->path = g_build_filename(place->directory, "socket", NULL);
}

static void place_clear(Place *place)
{
    g_unlink(place->path);
    g_rmdir(place->directory);
    g_free(place->path);
    g_free(place->directory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Place, place_clear)

static gboolean connects(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

static void test_unix(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    autofd int fd = listen_unix(place.path, SOCK_STREAM, &error);
    g_assert_no_error(error);
    struct stat info;
    g_assert_cmpint(stat(place.path, &info), ==, 0);
    g_assert_cmpint(info.st_mode & 0777, ==, 0600);
    g_assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    g_assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    g_assert_true(connects(place.path));
}

/* one that listens is left alone, what a dead one left gives way, and nothing else does */
static void test_taken(void)
{
    g_auto(Place) place;
    place_init(&place);
    g_autoptr(GError) error = NULL;
    int first = listen_unix(place.path, SOCK_STREAM, &error);
    g_assert_no_error(error);
    g_assert_cmpint(listen_unix(place.path, SOCK_STREAM, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, place.path));
    g_clear_error(&error);
    g_assert_true(connects(place.path));
    close(first);
    autofd int second = listen_unix(place.path, SOCK_STREAM, &error);
    g_assert_no_error(error);
    g_assert_true(connects(place.path));

    g_unlink(place.path);
    g_assert_true(g_file_set_contents(place.path, "a file", -1, NULL));
    g_assert_cmpint(listen_unix(place.path, SOCK_STREAM, &error), ==, -1);
    g_assert_nonnull(error);
    g_assert_true(g_file_test(place.path, G_FILE_TEST_IS_REGULAR));
}

static void test_long(void)
{
    g_autofree char *path = g_strnfill(200, 'x');
    path[0] = '/';
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(listen_unix(path, SOCK_STREAM, &error), ==, -1);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
}

static guint16 port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    g_assert_cmpint(getsockname(fd, (struct sockaddr *)&address, &length), ==, 0);
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

static void check_reached(guint16 port)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons(port),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(connect(fd, (const struct sockaddr *)&address, sizeof address), ==, 0);
}

static void test_tcp(void)
{
    static const char *const hosts[] = { "127.0.0.1", "" };
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_autoptr(GError) error = NULL;
        autofd int fd = listen_tcp(hosts[i], 0, &error);
        g_assert_no_error(error);
        check_reached(port_of(fd));
        autofd int again = listen_tcp(hosts[i], port_of(fd), &error);
        g_assert_cmpint(again, ==, -1);
        g_assert_nonnull(strstr(error->message, "already in use"));
    }
}

static void test_no_address(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(listen_tcp("192.0.2.1", 5900, &error), ==, -1);
    g_assert_nonnull(strstr(error->message, "192.0.2.1 port 5900"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/listen/unix", test_unix);
    g_test_add_func("/listen/taken", test_taken);
    g_test_add_func("/listen/long", test_long);
    g_test_add_func("/listen/tcp", test_tcp);
    g_test_add_func("/listen/no-address", test_no_address);
    return g_test_run();
}
