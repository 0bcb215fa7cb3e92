/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

typedef gboolean (*Write)(const char *path, const void *data, gsize length, mode_t mode,
                          GError **error);

static char *directory;

static void check_written(Write write, const char *path, const char *text, mode_t mode)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(write(path, text, strlen(text), mode, &error));
    g_assert_no_error(error);
    g_autofree char *read = NULL;
    g_assert_true(g_file_get_contents(path, &read, NULL, NULL));
    g_assert_cmpstr(read, ==, text);
    struct stat info;
    g_assert_cmpint(stat(path, &info), ==, 0);
    g_assert_cmpuint(info.st_mode & 07777, ==, mode);
}

static guint count_files(void)
{
    guint count = 0;
    g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
    while (g_dir_read_name(dir) != NULL)
        count++;
    return count;
}

static void test_write(void)
{
    g_autofree char *path = g_build_filename(directory, "written", NULL);
    guint before = count_files();
    check_written(file_write_atomic, path, "one\n", 0644);
    check_written(file_write_atomic, path, "two\n", 0600);
    g_assert_cmpuint(count_files(), ==, before + 1);
}

/* One that is there stays as it was, and nothing is left beside it. */
static void test_create(void)
{
    g_autofree char *path = g_build_filename(directory, "created", NULL);
    guint before = count_files();
    check_written(file_create_atomic, path, "one\n", 0640);
    g_autoptr(GError) error = NULL;
    g_assert_false(file_create_atomic(path, "two\n", 4, 0644, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS);
    g_autofree char *read = NULL;
    g_assert_true(g_file_get_contents(path, &read, NULL, NULL));
    g_assert_cmpstr(read, ==, "one\n");
    g_assert_cmpuint(count_files(), ==, before + 1);
}

static void test_no_directory(void)
{
    g_autofree char *path = g_build_filename(directory, "none", "file", NULL);
    g_autoptr(GError) error = NULL;
    g_assert_false(file_write_atomic(path, "", 0, 0644, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_false(file_create_atomic(path, "", 0, 0644, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-file-XXXXXX", NULL);
    g_test_add_func("/file/write", test_write);
    g_test_add_func("/file/create", test_create);
    g_test_add_func("/file/no-directory", test_no_directory);
    int status = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return status;
}
