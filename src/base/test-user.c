/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/user.h"

#include <pwd.h>
#include <unistd.h>

#define OTHER 65534 /* nobody: every system has it */

static void test_leave_sudo(void)
{
    const struct passwd *person = getpwuid(OTHER);
    if (geteuid() != 0 || person == NULL) {
        g_test_skip("only root can become another user, and there must be one");
        return;
    }
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    static const char *const of_root[] = { "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
                                           "XDG_DATA_HOME", "TMPDIR" };
    for (gsize i = 0; i < G_N_ELEMENTS(of_root); i++)
        g_setenv(of_root[i], "/root/somewhere", TRUE);
    g_setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus", TRUE);
    g_autofree char *home = g_strdup(person->pw_dir);
    g_setenv("SUDO_UID", G_STRINGIFY(OTHER), TRUE);
    g_autoptr(GError) error = NULL;
    user_leave_sudo(&error);
    g_assert_no_error(error);
    g_assert_cmpuint(geteuid(), ==, OTHER);
    g_assert_false(user_is_root());
    g_assert_cmpint(setuid(0), ==, -1);
    g_assert_cmpstr(g_getenv("HOME"), ==, home);
    for (gsize i = 0; i < G_N_ELEMENTS(of_root); i++)
        g_assert_null(g_getenv(of_root[i]));
    const char *bus = "/run/user/" G_STRINGIFY(OTHER) "/bus";
    gboolean exists = g_file_test(bus, G_FILE_TEST_EXISTS);
    g_autofree char *address = g_strconcat("unix:path=", bus, NULL);
    g_assert_cmpstr(g_getenv("DBUS_SESSION_BUS_ADDRESS"), ==, exists ? address : NULL);
}

static void test_ordinary(void)
{
    g_unsetenv("SUDO_UID");
    g_setenv("TMPDIR", "/somewhere", TRUE);
    g_autoptr(GError) error = NULL;
    user_leave_sudo(&error);
    g_assert_no_error(error);
    g_assert_cmpstr(g_getenv("TMPDIR"), ==, "/somewhere");
}

/* GLib's own g_get_user_name() warns of a user that no passwd has, which ends a test */
static void test_caller_without_name(void)
{
    const uid_t nobody_is = 3999999999u;
    if (geteuid() != 0 || getpwuid(nobody_is) != NULL) {
        g_test_skip("only root can become a user without a name");
        return;
    }
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    g_autofree char *root = user_caller_name();
    g_assert_cmpstr(root, ==, "root");
    g_assert_cmpint(setuid(nobody_is), ==, 0);
    g_autofree char *caller = user_caller_name();
    g_assert_cmpstr(caller, ==, "3999999999");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/user/leave-sudo", test_leave_sudo);
    g_test_add_func("/user/ordinary", test_ordinary);
    g_test_add_func("/user/caller-without-name", test_caller_without_name);
    return g_test_run();
}
