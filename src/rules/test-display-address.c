/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/display-address.h"

#include "base/error.h"

static void test_good(void)
{
    static const struct {
        const char *text;
        DisplayAddressKind kind;
        const char *path, *written;
    } cases[] = {
        { "unix:/run/x.sock", DISPLAY_ADDRESS_VNC, "/run/x.sock", NULL },
        { ":1", DISPLAY_ADDRESS_QEMU_VNC, NULL, ":5901" },
        { "127.0.0.1:0", DISPLAY_ADDRESS_VNC, NULL, "127.0.0.1:5900" },
        { "localhost:5907", DISPLAY_ADDRESS_QEMU_VNC, NULL, "localhost:5907" },
        { "localhost:443", DISPLAY_ADDRESS_VNC, NULL, "localhost:443" },
        { "[::1]:5930", DISPLAY_ADDRESS_PORT, NULL, "[::1]:5930" },
        { "0.0.0.0:80", DISPLAY_ADDRESS_PORT, NULL, "0.0.0.0:80" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(DisplayAddress) address = { NULL };
        g_assert_true(display_address_parse(cases[i].text, cases[i].kind, &address, &error));
        g_assert_no_error(error);
        g_assert_cmpstr(address.path, ==, cases[i].path);
        g_autofree char *written = address.path == NULL ? display_address_to_text(&address) : NULL;
        g_assert_cmpstr(written, ==, cases[i].written);
    }
}

static void test_bad(void)
{
    static const char *const cases[] = { "",         "5901",      "host:",     "host:-1",
                                         "::1:5900", "h:65536",   "a b:1",     "a,b:1",
                                         "host:101", "unix:here", "host:1000", "unix:" };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_auto(DisplayAddress) address = { NULL };
        g_assert_false(display_address_parse(cases[i], DISPLAY_ADDRESS_QEMU_VNC, &address, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display-address/good", test_good);
    g_test_add_func("/display-address/bad", test_bad);
    return g_test_run();
}
