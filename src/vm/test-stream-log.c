/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/stream-log.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

static char *directory;

static char *content(const char *name)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, NULL, NULL);
    return text;
}

static void test_kept(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autofree char *path = g_build_filename(directory, "log", NULL);
    g_autoptr(GError) error = NULL;
    StreamLog *log = stream_log_new(fds[0], path, STREAM_LOG_OURS, &error);
    g_assert_no_error(error);

    g_assert_true(file_write_all(fds[1], "one\n", 4));
    while (*stream_log_tail(log) == '\0')
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(file_write_all(fds[1], "two\n", 4));
    close(fds[1]);
    stream_log_drain(log);
    stream_log_add(log, "beside\n", 7);
    g_assert_cmpstr(stream_log_tail(log), ==, "one\ntwo\n");
    stream_log_free(log);
    g_autofree char *text = content("log");
    g_assert_cmpstr(text, ==, "one\ntwo\nbeside\n");
}

/* ten times the limit is written: two files of at most the limit, the last bytes in the newer one
 */
static void test_flood(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autofree char *path = g_build_filename(directory, "flood", NULL);
    StreamLog *log = stream_log_new(fds[0], path, STREAM_LOG_OURS, NULL);
    g_autofree char *chunk = g_strnfill(4096, 'x');
    for (guint i = 0; i < 10 * STREAM_LOG_LIMIT / 4096; i++) {
        g_assert_true(file_write_all(fds[1], chunk, 4096));
        stream_log_drain(log);
    }
    g_assert_true(file_write_all(fds[1], "END", 3));
    close(fds[1]);
    stream_log_free(log);

    GStatBuf now, before;
    g_autofree char *old = g_strconcat(path, ".1", NULL);
    g_assert_cmpint(g_stat(path, &now), ==, 0);
    g_assert_cmpint(g_stat(old, &before), ==, 0);
    g_assert_cmpint(now.st_size, <=, STREAM_LOG_LIMIT);
    g_assert_cmpint(before.st_size, <=, STREAM_LOG_LIMIT);
    g_autofree char *text = content("flood");
    g_assert_true(g_str_has_suffix(text, "END"));
    g_assert_cmpint(now.st_mode & 0777, ==, 0600);
}

static void test_full_disk(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(GError) error = NULL;
    StreamLog *log = stream_log_new(fds[0], "/dev/full", STREAM_LOG_USERS, &error);
    g_assert_no_error(error);
    g_assert_true(file_write_all(fds[1], "lost", 4));
    stream_log_drain(log);
    g_assert_true(file_write_all(fds[1], " but seen", 9));
    stream_log_drain(log);
    g_assert_cmpstr(stream_log_tail(log), ==, "lost but seen");
    close(fds[1]);
    stream_log_free(log);
}

/* what the user named is never renamed, however much is written, and never waited for */
static void test_users(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autofree char *path = g_build_filename(directory, "fifo", NULL);
    g_assert_cmpint(mkfifo(path, 0600), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(stream_log_new(dup(fds[0]), path, STREAM_LOG_USERS, &error)); /* no reader */
    g_assert_nonnull(error);

    int reader = open(path, O_RDONLY | O_NONBLOCK);
    StreamLog *log = stream_log_new(fds[0], path, STREAM_LOG_USERS, NULL);
    g_assert_nonnull(log);
    g_autofree char *chunk = g_strnfill(4096, 'x');
    for (guint i = 0; i < 2 * STREAM_LOG_LIMIT / 4096; i++) { /* more than a FIFO holds */
        g_assert_true(file_write_all(fds[1], chunk, 4096));
        stream_log_drain(log);
    }
    close(fds[1]);
    stream_log_free(log);
    close(reader);
    g_autofree char *turned = g_strconcat(path, ".1", NULL);
    g_assert_false(g_file_test(turned, G_FILE_TEST_EXISTS));
    g_assert_true(g_file_test(path, G_FILE_TEST_EXISTS));
}

static void test_no_directory(void)
{
    int fds[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(stream_log_new(fds[0], "/no/such/directory/log", STREAM_LOG_OURS, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    close(fds[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-log-XXXXXX", NULL);
    g_test_add_func("/stream-log/kept", test_kept);
    g_test_add_func("/stream-log/flood", test_flood);
    g_test_add_func("/stream-log/full-disk", test_full_disk);
    g_test_add_func("/stream-log/users", test_users);
    g_test_add_func("/stream-log/no-directory", test_no_directory);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
