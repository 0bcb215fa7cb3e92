/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-options.h"

#include "base/error.h"
#include "libexec/display-log.h"

static gboolean parse(const char *line, DisplayOptions *options, GError **error)
{
    /* the values stay: options borrow them */
    char **words = g_strsplit(line, " ", -1);
    g_test_queue_destroy((GDestroyNotify)g_strfreev, words);
    return display_options_parse(words, options, error);
}

static void test_good(void)
{
    DisplayOptions options;
    g_autoptr(GError) error = NULL;
    g_assert_true(parse("--name a --source test --unix-fd 5", &options, &error));
    g_assert_no_error(error);
    g_assert_cmpstr(options.name, ==, "a");
    g_assert_cmpint(options.unix_fd, ==, 5);
    g_assert_cmpint(options.tcp_fd, ==, -1);
    g_assert_cmpint(options.socket_fd, ==, -1);
    g_assert_cmpint(options.ready_fd, ==, -1);
    g_assert_cmpstr(options.keymap, ==, "us");
    g_assert_cmpuint(options.viewers, ==, 16);
    g_assert_true(parse(
        "--name a --source auto --tcp-fd 7 --password-file p "
        "--certificate-directory d --socket-fd 9 --ready-fd 8 --keymap de --viewers 2 --qmp q "
        "--door o --node n --vnc v --input i --test t",
        &options, &error));
    g_assert_cmpint(options.tcp_fd, ==, 7);
    g_assert_cmpint(options.socket_fd, ==, 9);
    g_assert_cmpint(options.ready_fd, ==, 8);
    g_assert_cmpuint(options.viewers, ==, 2);
    g_assert_cmpstr(options.qmp, ==, "q");
    g_assert_cmpstr(options.input, ==, "i");
}

static void test_bad(void)
{
    static const struct {
        const char *line, *message;
    } rows[] = {
        { "--source test --unix-fd 5", "--name and --source are needed" },
        { "--name a --source test", "--unix-fd or --tcp-fd is needed" },
        { "--name a --source test --tcp-fd 5",
          "--tcp-fd needs --password-file and --certificate-directory" },
        { "--name", "--name needs a value" },
        { "--nome a", "'--nome' is no option" },
        { "--unix-fd -1", "--unix-fd -1: this is no number from 1 to 65535" },
        { "--viewers 0", "--viewers 0: this is no number from 1 to 64" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        DisplayOptions options;
        g_autoptr(GError) error = NULL;
        g_assert_false(parse(rows[i].line, &options, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
        g_assert_cmpstr(error->message, ==, rows[i].message);
    }
}

static void test_log(void)
{
    DisplayLog log = { 0 };
    guint64 left_out;
    gint64 now = 1000 * G_USEC_PER_SEC;
    for (guint i = 0; i < DISPLAY_LOG_BURST; i++)
        g_assert_true(display_log_may(&log, now, &left_out));
    for (guint i = 0; i < 100; i++)
        g_assert_false(display_log_may(&log, now + 1, &left_out));
    now += G_USEC_PER_SEC;
    g_assert_true(display_log_may(&log, now, &left_out));
    g_assert_cmpuint(left_out, ==, 100);
    g_assert_false(display_log_may(&log, now, &left_out));
    now += 3600 * (gint64)G_USEC_PER_SEC;
    for (guint i = 0; i < DISPLAY_LOG_BURST; i++)
        g_assert_true(display_log_may(&log, now, &left_out));
    g_assert_false(display_log_may(&log, now, &left_out));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/libexec/display-options/good", test_good);
    g_test_add_func("/libexec/display-options/bad", test_bad);
    g_test_add_func("/libexec/display-log", test_log);
    return g_test_run();
}
