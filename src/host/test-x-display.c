/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/x-display.h"

static void test_names(void)
{
    static const struct {
        const char *text;
        gboolean good;
        const char *host, *socket;
        guint number;
    } cases[] = {
        { ":0", TRUE, NULL, "/tmp/.X11-unix/X0", 0 },
        { ":10.1", TRUE, NULL, "/tmp/.X11-unix/X10", 10 },
        { "unix:1", TRUE, NULL, "/tmp/.X11-unix/X1", 1 },
        { "alpha/unix:2", TRUE, NULL, "/tmp/.X11-unix/X2", 2 },
        { "localhost:10.0", TRUE, "localhost", NULL, 10 },
        { "tcp/far.example:0", TRUE, "far.example", NULL, 0 },
        { "[::1]:11", TRUE, "[::1]", NULL, 11 },
        { "/run/launchd/org.xquartz:0", TRUE, NULL, "/run/launchd/org.xquartz:0", 0 },
        { "0", FALSE, NULL, NULL, 0 },
        { ":", FALSE, NULL, NULL, 0 },
        { ":-1", FALSE, NULL, NULL, 0 },
        { ":x", FALSE, NULL, NULL, 0 },
        { ":0x", FALSE, NULL, NULL, 0 },
        { ":59536", FALSE, NULL, NULL, 0 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].text);
        XDisplayName name;
        g_assert_cmpint(x_display_parse(cases[i].text, &name), ==, cases[i].good);
        if (!cases[i].good)
            continue;
        g_assert_cmpstr(name.host, ==, cases[i].host);
        g_assert_cmpstr(name.socket, ==, cases[i].socket);
        g_assert_cmpuint(name.number, ==, cases[i].number);
        x_display_name_clear(&name);
    }
}

static void test_loopback(void)
{
    g_assert_true(x_display_is_loopback("localhost"));
    g_assert_true(x_display_is_loopback("127.0.0.1"));
    g_assert_false(x_display_is_loopback("far.example"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/x-display/names", test_names);
    g_test_add_func("/x-display/loopback", test_loopback);
    return g_test_run();
}
