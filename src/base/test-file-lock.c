/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-lock.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static char *directory;

static int open_lock(const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autoptr(GError) error = NULL;
    int fd = file_lock_open(path, &error);
    g_assert_no_error(error);
    return fd;
}

static void test_exclusive(void)
{
    autofd int first = open_lock("exclusive");
    autofd int second = open_lock("exclusive");
    g_assert_false(file_lock_is_held(second));
    g_assert_true(file_lock_try(first, FILE_LOCK_EXCLUSIVE));
    g_assert_true(file_lock_is_held(second));
    g_assert_false(file_lock_is_held(first));
    g_assert_false(file_lock_try(second, FILE_LOCK_EXCLUSIVE));
    g_assert_cmpint(errno, ==, EAGAIN);
    g_assert_false(file_lock_wait(second, FILE_LOCK_SHARED, g_get_monotonic_time() + 2000));
    g_assert_cmpint(errno, ==, EAGAIN);

    close(steal_fd(&first));
    g_assert_false(file_lock_is_held(second));
    g_assert_true(file_lock_try(second, FILE_LOCK_EXCLUSIVE));
}

static void test_shared(void)
{
    autofd int first = open_lock("shared");
    autofd int second = open_lock("shared");
    g_assert_true(file_lock_try(first, FILE_LOCK_SHARED));
    g_assert_true(file_lock_try(second, FILE_LOCK_SHARED));
    g_assert_false(file_lock_try(second, FILE_LOCK_EXCLUSIVE));

    g_assert_false(file_lock_is_held(second));
    g_assert_false(file_lock_is_free(second));
    close(steal_fd(&first));
    g_assert_true(file_lock_is_free(second));
}

static void test_directory(void)
{
    g_autofree char *path = g_build_filename(directory, "locked", NULL);
    g_assert_true(file_make_directory(path, 0755, NULL));
    autofd int first = file_lock_directory(path, g_get_monotonic_time(), NULL);
    g_assert_cmpint(first, >=, 0);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(file_lock_directory(path, g_get_monotonic_time() + 2000, &error), ==, -1);
    g_assert_cmpint(errno, ==, EAGAIN);
    g_assert_nonnull(error);

    close(steal_fd(&first));
    autofd int second = file_lock_directory(path, g_get_monotonic_time(), NULL);
    g_assert_cmpint(second, >=, 0);
    g_autofree char *missing = g_build_filename(directory, "missing", NULL);
    g_assert_cmpint(file_lock_directory(missing, 0, NULL), ==, -1);
    g_assert_cmpint(errno, ==, ENOENT);
}

/* the end of the process that holds it is the end of the lock */
static void test_holder_dies(void)
{
    int ready[2];
    g_assert_cmpint(pipe(ready), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        close(ready[0]);
        int fd = open_lock("dies");
        if (!file_lock_try(fd, FILE_LOCK_EXCLUSIVE) || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ready[1]);
    char byte;
    g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
    close(ready[0]);

    autofd int fd = open_lock("dies");
    g_assert_false(file_lock_try(fd, FILE_LOCK_EXCLUSIVE));
    kill(child, SIGKILL);
    g_assert_true(
        file_lock_wait(fd, FILE_LOCK_EXCLUSIVE, g_get_monotonic_time() + G_USEC_PER_SEC * 60));
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
}

static void test_link(void)
{
    g_autofree char *path = g_build_filename(directory, "link", NULL);
    g_assert_cmpint(symlink("elsewhere", path), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(file_lock_open(path, &error), ==, -1);
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-lock-XXXXXX", NULL);
    g_test_add_func("/file-lock/exclusive", test_exclusive);
    g_test_add_func("/file-lock/shared", test_shared);
    g_test_add_func("/file-lock/directory", test_directory);
    g_test_add_func("/file-lock/holder-dies", test_holder_dies);
    g_test_add_func("/file-lock/link", test_link);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
