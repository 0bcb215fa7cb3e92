/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/vm-options.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/error.h"
#include "vm/definitions.h"

/* Each test in a process of its own: what was given stays given. */
static VmConfig *apply(const char *const *words, GError **error)
{
    g_autoptr(GOptionContext) context = g_option_context_new(NULL);
    g_option_context_add_main_entries(context, vm_options, NULL);
    g_auto(GStrv) argv = g_strdupv((char **)words);
    g_autoptr(GError) reason = NULL;
    g_option_context_parse_strv(context, &argv, &reason);
    g_assert_no_error(reason);
    g_autoptr(VmConfig) config = vm_config_new();
    return vm_options_apply(config, NULL, error) ? g_steal_pointer(&config) : NULL;
}

static void test_disk_paths(void)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    static const char *const words[] = { "x", "--disk", "d.raw", "--disk", "/vm/e,,f.raw,readonly",
                                         NULL };
    g_autoptr(GError) error = NULL;
    g_autoptr(VmConfig) config = apply(words, &error);
    g_assert_no_error(error);
    g_autofree char *here = g_get_current_dir();
    g_autofree char *expected = g_build_filename(here, "d.raw", NULL);
    g_assert_cmpuint(config->disks->len, ==, 2);
    g_assert_cmpstr(((const VmDisk *)config->disks->pdata[0])->path, ==, expected);
    g_assert_cmpstr(((const VmDisk *)config->disks->pdata[1])->path, ==, "/vm/e,f.raw");
}

static void test_empty(gconstpointer data)
{
    if (!g_test_subprocess()) {
        g_test_trap_subprocess(NULL, 0, 0);
        g_test_trap_assert_passed();
        return;
    }
    const char *const words[] = { "x", data, "", NULL };
    g_autoptr(GError) error = NULL;
    g_assert_null(apply(words, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    g_autofree char *start = g_strconcat(data, " is empty; give it a value", NULL);
    g_assert_true(g_str_has_prefix(error->message, start));
}

/* what cannot be read back is not written */
static void test_store(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-test-XXXXXX", NULL);
    g_autoptr(Root) root = root_open(directory, NULL);
    g_setenv("XDG_CONFIG_HOME", directory, TRUE);
    g_autoptr(VmConfig) config = vm_config_new();
    config->name = g_strdup("e1");
    config->append = g_strdup("");
    g_autoptr(GError) error = NULL;
    g_assert_false(definition_store(root, config, FALSE, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    g_assert_true(g_str_has_prefix(error->message, "VM 'e1' was not defined: "));
    g_assert_nonnull(strstr(error->message, "append= has no value"));
    g_autofree char *path = definition_path(root, "e1");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    g_assert_cmpint(g_rmdir(directory), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vm-options/disk-paths", test_disk_paths);
    g_test_add_data_func("/vm-options/empty/append", "--append", test_empty);
    g_test_add_data_func("/vm-options/empty/vgpu", "--vgpu", test_empty);
    g_test_add_data_func("/vm-options/empty/kernel", "--kernel", test_empty);
    g_test_add_func("/vm-options/store", test_store);
    return g_test_run();
}
