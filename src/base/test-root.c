/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/root.h"

#include <glib/gstdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

static char *directory;

static void put(const char *path, const char *text)
{
    g_autofree char *full = g_strconcat(directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_true(file_write_atomic(full, text, strlen(text), 0644, NULL));
}

static void put_link(const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_cmpint(symlink(target, full), ==, 0);
}

static void test_attributes(void)
{
    put("/sys/devices/gpu/vendor", "0x8086\n");
    put("/sys/devices/gpu/irq", "010\n");
    put("/sys/devices/gpu/word", "many\n");
    put_link("/sys/bus/pci/devices/gpu", "../../../devices/gpu");
    put_link("/sys/devices/gpu/driver", "../../bus/pci/drivers/i915");

    g_autoptr(GError) error = NULL;
    g_autoptr(Root) root = root_open(directory, &error);
    g_assert_no_error(error);
    g_assert_false(root_is_system(root));

    guint64 value = 0;
    g_assert_true(root_read_u64(root, "/sys/bus/pci/devices/gpu/vendor", &value, NULL));
    g_assert_cmphex(value, ==, 0x8086);
    g_assert_true(root_read_u64(root, "/sys/bus/pci/devices/gpu/irq", &value, NULL));
    g_assert_cmpuint(value, ==, 10);
    g_assert_false(root_read_u64(root, "/sys/bus/pci/devices/gpu/word", &value, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);

    g_autofree char *driver = root_link_name(root, "/sys/bus/pci/devices/gpu/driver");
    g_assert_cmpstr(driver, ==, "i915");
    g_assert_null(root_link_name(root, "/sys/devices/gpu/vendor"));
    g_assert_null(root_read_attr(root, "/sys/none", NULL));

    g_auto(GStrv) names = root_list(root, "/sys/devices/gpu");
    g_autofree char *joined = g_strjoinv(" ", names);
    g_assert_cmpstr(joined, ==, "driver irq vendor word");
    g_auto(GStrv) none = root_list(root, "/sys/none");
    g_assert_cmpuint(g_strv_length(none), ==, 0);
}

/* an absolute or climbing link inside the root stays inside it */
static void test_confined(void)
{
    put("/etc/passwd", "fake\n");
    put_link("/absolute", "/etc/passwd");
    put_link("/climbing", "../../../../../../etc/passwd");
    g_autoptr(Root) root = root_open(directory, NULL);
    g_autofree char *absolute = root_read_attr(root, "/absolute", NULL);
    g_autofree char *climbing = root_read_attr(root, "/climbing", NULL);
    g_assert_cmpstr(absolute, ==, "fake");
    g_assert_cmpstr(climbing, ==, "fake");
}

static void test_limit(void)
{
    g_autofree char *large = g_strnfill(ROOT_READ_LIMIT + 1, 'x');
    put("/large", large);
    g_autoptr(Root) root = root_open(directory, NULL);
    g_autoptr(GError) error = NULL;
    g_assert_null(root_read(root, "/large", NULL, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

static void test_map(void)
{
    put("/usr/share/database", "many lines");
    put("/usr/share/empty", "");
    g_autoptr(Root) root = root_open(directory, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GMappedFile) file = root_map(root, "/usr/share/database", &error);
    g_assert_no_error(error);
    g_assert_cmpmem(g_mapped_file_get_contents(file), g_mapped_file_get_length(file), "many lines",
                    10);
    g_autoptr(GMappedFile) empty = root_map(root, "/usr/share/empty", NULL);
    g_assert_cmpuint(g_mapped_file_get_length(empty), ==, 0);
    g_assert_null(root_map(root, "/usr/share", NULL));
    g_assert_null(root_map(root, "/usr/share/none", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

static void test_no_directory(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(root_open("/no/such/root", &error));
    g_assert_cmpstr(error->message, ==,
                    "Opening root directory '/no/such/root' (VGPUCTL_ROOT): No such file or "
                    "directory");
}

/* a write that fails leaves the old file and nothing else */
static void test_atomic_write(void)
{
    g_autofree char *path = g_build_filename(directory, "state", NULL);
    g_assert_true(file_write_atomic(path, "old", 3, 0600, NULL));
    g_autofree char *below = g_build_filename(path, "x", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(file_write_atomic(below, "new", 3, 0600, &error));
    g_assert_nonnull(error);
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_assert_cmpstr(text, ==, "old");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-root-XXXXXX", NULL);
    g_test_add_func("/root/attributes", test_attributes);
    g_test_add_func("/root/confined", test_confined);
    g_test_add_func("/root/limit", test_limit);
    g_test_add_func("/root/map", test_map);
    g_test_add_func("/root/no-directory", test_no_directory);
    g_test_add_func("/root/atomic-write", test_atomic_write);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
