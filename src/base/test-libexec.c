/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/libexec.h"

#include <glib.h>
#include <glib/gstdio.h>

#include "config.h"

static void test_environment(void)
{
    g_setenv("VGPUCTL_LIBEXECDIR", "/some/where", TRUE);
    g_autofree char *path = libexec_path("probe-gl");
    g_assert_cmpstr(path, ==, "/some/where/probe-gl");
}

/* the programs of the build tree find each other; this test lies beside libexec/ as vgpuctl does */
static void test_build_tree(void)
{
    g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
    g_autofree char *directory = g_path_get_dirname(self);
    g_autofree char *helpers = g_build_filename(directory, "libexec", NULL);
    g_autofree char *helper = g_build_filename(helpers, "test-libexec-helper", NULL);
    g_assert_cmpint(g_mkdir_with_parents(helpers, 0755), ==, 0);
    g_assert_true(g_file_set_contents_full(helper, "", 0, G_FILE_SET_CONTENTS_NONE, 0755, NULL));

    g_unsetenv("VGPUCTL_LIBEXECDIR");
    g_autofree char *path = libexec_path("test-libexec-helper");
    g_unlink(helper);
    g_assert_cmpstr(path, ==, helper);
}

static void test_installed(void)
{
    g_setenv("VGPUCTL_LIBEXECDIR", "", TRUE);
    g_autofree char *path = libexec_path("no-such-helper");
    g_assert_cmpstr(path, ==, VGPUCTL_LIBEXECDIR "/no-such-helper");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/libexec/environment", test_environment);
    g_test_add_func("/libexec/build-tree", test_build_tree);
    g_test_add_func("/libexec/installed", test_installed);
    return g_test_run();
}
