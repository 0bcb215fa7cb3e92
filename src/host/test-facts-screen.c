/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-screen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

typedef struct {
    char *directory;
    Root *root;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    static const char *const names[] = { "DISPLAY",         "WAYLAND_DISPLAY",
                                         "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS",
                                         "SUDO_UID",        NULL };
    for (const char *const *name = names; *name != NULL; name++)
        g_unsetenv(*name);
    fixture->directory = g_dir_make_tmp("vgpuctl-screen-XXXXXX", NULL);
    fixture->root = root_open(fixture->directory, NULL);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    root_free(fixture->root);
    file_remove_tree(fixture->directory, NULL);
    g_free(fixture->directory);
}

/* A listening socket at @path of the fake machine. */
static int listen_at(const Fixture *fixture, const char *path)
{
    g_autofree char *full = g_strconcat(fixture->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int written = snprintf(address.sun_path, sizeof address.sun_path, "%s", full);
    g_assert_cmpint(written, <, (int)sizeof address.sun_path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_assert_cmpint(bind(fd, (struct sockaddr *)&address, sizeof address), ==, 0);
    g_assert_cmpint(listen(fd, 8), ==, 0);
    return fd;
}

static void check(const Fixture *fixture, ScreenKind kind, const char *display, const char *wayland,
                  const char *why)
{
    ScreenFacts *facts = screen_facts_read(fixture->root);
    g_assert_cmpstr(screen_words[facts->kind], ==, screen_words[kind]);
    g_assert_cmpstr(facts->display, ==, display);
    g_assert_cmpstr(facts->wayland_display, ==, wayland);
    g_assert_cmpstr(facts->why, ==, why);
    record_free(&screen_facts_type, facts);
}

static void test_none(Fixture *fixture, gconstpointer data)
{
    check(fixture, SCREEN_NONE, NULL, NULL, "neither DISPLAY nor WAYLAND_DISPLAY is set");
}

static void test_local(Fixture *fixture, gconstpointer data)
{
    autofd int server = listen_at(fixture, "/tmp/.X11-unix/X7");
    g_setenv("DISPLAY", ":7.0", TRUE);
    check(fixture, SCREEN_X11, ":7.0", NULL, "DISPLAY=:7.0 is an X server on this machine");
}

static void test_dead(Fixture *fixture, gconstpointer data)
{
    g_setenv("DISPLAY", ":7", TRUE);
    check(fixture, SCREEN_NONE, NULL, NULL,
          "DISPLAY=:7 does not answer: No such file or directory");
    close(listen_at(fixture, "/tmp/.X11-unix/X7")); /* the server died and left its socket */
    check(fixture, SCREEN_NONE, NULL, NULL, "DISPLAY=:7 does not answer: Connection refused");
    g_setenv("DISPLAY", "seven", TRUE);
    check(fixture, SCREEN_NONE, NULL, NULL, "DISPLAY=seven is no display name");
}

/* Binds the port of a display from 10 on, as sshd does; -1 when all are taken. */
static int listen_tcp(guint *ret_number)
{
    for (guint number = 10; number < 60; number++) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons((guint16)(6000 + number)),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        autofd int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 8) == 0) {
            *ret_number = number;
            return steal_fd(&fd);
        }
    }
    return -1;
}

static void test_forwarded(Fixture *fixture, gconstpointer data)
{
    guint number;
    autofd int server = listen_tcp(&number);
    if (server < 0) {
        g_test_skip("no loopback port of an X display is free");
        return;
    }
    g_autofree char *display = g_strdup_printf("localhost:%u.0", number);
    g_autofree char *why = g_strdup_printf("DISPLAY=%s is a TCP display", display);
    g_setenv("DISPLAY", display, TRUE);
    check(fixture, SCREEN_X11_FORWARDED, display, NULL, why);

    close(steal_fd(&server));
    g_autofree char *gone =
        g_strdup_printf("DISPLAY=%s does not answer: Connection refused", display);
    check(fixture, SCREEN_NONE, NULL, NULL, gone);
}

/* another machine is not asked: neither a look-up nor a connection */
static void test_far(Fixture *fixture, gconstpointer data)
{
    g_setenv("DISPLAY", "far.invalid:0", TRUE);
    check(fixture, SCREEN_X11_FORWARDED, "far.invalid:0", NULL,
          "DISPLAY=far.invalid:0 is a TCP display");
}

static void test_wayland(Fixture *fixture, gconstpointer data)
{
    autofd int compositor = listen_at(fixture, "/run/user/1000/wayland-1");
    autofd int xwayland = listen_at(fixture, "/tmp/.X11-unix/X0");
    g_setenv("XDG_RUNTIME_DIR", "/run/user/1000", TRUE);
    g_setenv("WAYLAND_DISPLAY", "wayland-1", TRUE);
    g_setenv("DISPLAY", ":0", TRUE);
    check(fixture, SCREEN_WAYLAND, ":0", "/run/user/1000/wayland-1",
          "WAYLAND_DISPLAY=wayland-1 is a compositor on this machine");
    g_setenv("WAYLAND_DISPLAY", "/run/user/1000/wayland-1", TRUE);
    check(fixture, SCREEN_WAYLAND, ":0", "/run/user/1000/wayland-1",
          "WAYLAND_DISPLAY=/run/user/1000/wayland-1 is a compositor on this machine");
}

/* the compositor is gone (su, a container), the X server is not */
static void test_dead_wayland(Fixture *fixture, gconstpointer data)
{
    autofd int server = listen_at(fixture, "/tmp/.X11-unix/X0");
    g_setenv("WAYLAND_DISPLAY", "wayland-1", TRUE);
    check(fixture, SCREEN_NONE, NULL, NULL,
          "WAYLAND_DISPLAY=wayland-1 does not answer: XDG_RUNTIME_DIR is not set");
    g_setenv("XDG_RUNTIME_DIR", "/run/user/1000", TRUE);
    g_setenv("DISPLAY", ":0", TRUE);
    check(fixture, SCREEN_X11, ":0", NULL,
          "DISPLAY=:0 is an X server on this machine; WAYLAND_DISPLAY=wayland-1 does not answer: "
          "No such file or directory");
}

static gboolean session_bus(const Fixture *fixture)
{
    ScreenFacts *facts = screen_facts_read(fixture->root);
    gboolean there = facts->session_bus;
    record_free(&screen_facts_type, facts);
    return there;
}

static void test_session_bus(Fixture *fixture, gconstpointer data)
{
    g_assert_false(session_bus(fixture));
    g_setenv("XDG_RUNTIME_DIR", "/run/user/1000", TRUE);
    g_assert_false(session_bus(fixture));
    autofd int bus = listen_at(fixture, "/run/user/1000/bus");
    g_assert_true(session_bus(fixture));
    g_unsetenv("XDG_RUNTIME_DIR");
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus", TRUE);
    g_assert_true(session_bus(fixture));
}

static void add(const char *path, void (*test)(Fixture *, gconstpointer))
{
    g_test_add(path, Fixture, NULL, set_up, test, tear_down);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    add("/facts-screen/none", test_none);
    add("/facts-screen/local", test_local);
    add("/facts-screen/dead", test_dead);
    add("/facts-screen/forwarded", test_forwarded);
    add("/facts-screen/far", test_far);
    add("/facts-screen/wayland", test_wayland);
    add("/facts-screen/dead-wayland", test_dead_wayland);
    add("/facts-screen/session-bus", test_session_bus);
    return g_test_run();
}
