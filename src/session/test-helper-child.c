/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Helpers that serve, that fail, that are killed and that cannot live: shell scripts. */
#include "session/helper-child.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

#define READY "for n; do :; done; echo > /proc/self/fd/$n\n"
#define STAY "exec sleep 1000\n"
#define LIMIT_S 600

static char *directory;

/* What became of a helper. */
typedef struct {
    GString *said;
    GPtrArray *told;
    gboolean given_up;
    int qemu; /* stands for the pidfd: readable once QEMU "has ended" */
} Log;

static void log_init(Log *log)
{
    *log = (Log){ .said = g_string_new(NULL),
                  .told = g_ptr_array_new_with_free_func(g_free),
                  .qemu = eventfd(0, EFD_CLOEXEC) };
}

static void log_clear(Log *log)
{
    g_string_free(log->said, TRUE);
    g_ptr_array_unref(log->told);
    close(log->qemu);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Log, log_clear)

static void on_said(const char *text, gsize length, gpointer userdata)
{
    g_string_append_len(((Log *)userdata)->said, text, (gssize)length);
}

static void on_told(const char *line, gpointer userdata)
{
    g_ptr_array_add(((Log *)userdata)->told, g_strdup(line));
}

static void on_given_up(gpointer userdata)
{
    ((Log *)userdata)->given_up = TRUE;
}

static HelperChild *start(Log *log, const char *script, GError **error)
{
    g_autofree char *path = g_build_filename(directory, "helper", NULL);
    g_autofree char *text = g_strconcat("#!/bin/sh\n", script, NULL);
    g_assert_true(file_write_atomic(path, text, strlen(text), 0755, NULL));
    const char *const words[] = { "--word", "two words", NULL };
    const HelperChildSpec spec = { .program = "helper",
                                   .arguments = words,
                                   .qemu_pidfd = log->qemu,
                                   .said = on_said,
                                   .told = on_told,
                                   .given_up = on_given_up,
                                   .userdata = log };
    return helper_child_start(&spec, LIMIT_S, error);
}

/* Runs the main loop until @told lines were told. */
static const char *await_told(Log *log, guint told)
{
    while (log->told->len < told)
        g_main_context_iteration(NULL, TRUE);
    return log->told->pdata[told - 1];
}

static void test_serves(void)
{
    g_auto(Log) log;
    log_init(&log);
    g_autoptr(GError) error = NULL;
    g_autoptr(HelperChild) child =
        start(&log, "echo \"$2\"; echo warning >&2\n" READY STAY, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(await_told(&log, 1), ==, "two words");
    while (log.said->len == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpstr(log.said->str, ==, "warning\n");
    g_assert_false(log.given_up);
}

static void test_fails(void)
{
    static const struct {
        const char *script, *message;
        int code;
    } cases[] = {
        { "echo first >&2; echo the reason >&2; exit 3\n",
          "helper ended before it served: the reason", VGPUCTL_ERROR_FAILED },
        { "exit 0\n", "helper ended before it served", VGPUCTL_ERROR_FAILED },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Log) log;
        log_init(&log);
        g_autoptr(GError) error = NULL;
        g_assert_null(start(&log, cases[i].script, &error));
        g_assert_error(error, VGPUCTL_ERROR, cases[i].code);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_absent(void)
{
    g_auto(Log) log;
    log_init(&log);
    const char *const words[] = { NULL };
    const HelperChildSpec spec = { .program = "no-such-helper",
                                   .arguments = words,
                                   .qemu_pidfd = log.qemu,
                                   .said = on_said,
                                   .userdata = &log };
    g_autoptr(GError) error = NULL;
    g_assert_null(helper_child_start(&spec, LIMIT_S, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "/no-such-helper"));
}

static void end_qemu(Log *log)
{
    guint64 one = 1;
    g_assert_cmpint(write(log->qemu, &one, sizeof one), ==, sizeof one);
}

static void test_qemu_ends_before(void)
{
    g_auto(Log) log;
    log_init(&log);
    end_qemu(&log);
    g_autoptr(GError) error = NULL;
    g_assert_null(start(&log, STAY, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
}

/* it begins anew as often as it may, and no more */
static void test_killed(void)
{
    g_auto(Log) log;
    log_init(&log);
    g_autoptr(GError) error = NULL;
    g_autoptr(HelperChild) child = start(&log, "echo $$\n" READY STAY, &error);
    g_assert_no_error(error);
    for (guint life = 1; life <= HELPER_CHILD_DEATHS; life++) {
        g_assert_false(log.given_up);
        int pid = atoi(await_told(&log, life));
        g_assert_cmpint(kill(pid, SIGKILL), ==, 0);
    }
    while (!log.given_up)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(log.told->len, ==, HELPER_CHILD_DEATHS);
    g_assert_nonnull(strstr(log.said->str, "helper: it was killed by SIGKILL, and was started "
                                           "again\n"));
    g_assert_nonnull(strstr(log.said->str, "is not started again\n"));
}

/* who dies of QEMU's end is not started again */
static void test_ends_with_qemu(void)
{
    g_auto(Log) log;
    log_init(&log);
    g_autoptr(GError) error = NULL;
    g_autoptr(HelperChild) child =
        start(&log, "echo $$\n" READY "sleep 1000\necho last >&2\n", &error);
    g_assert_no_error(error);
    int pid = atoi(await_told(&log, 1));
    end_qemu(&log);
    g_assert_cmpint(kill(-pid, SIGTERM), ==, 0);
    while (kill(pid, 0) == 0)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(log.told->len, ==, 1);
    g_assert_null(strstr(log.said->str, "started again"));
    g_assert_false(log.given_up);
}

/* nothing of it is left when it is freed */
static void test_freed(void)
{
    g_auto(Log) log;
    log_init(&log);
    g_autoptr(GError) error = NULL;
    HelperChild *child = start(&log, "echo $$\n" READY STAY, &error);
    g_assert_no_error(error);
    int pid = atoi(await_told(&log, 1));
    helper_child_free(child);
    g_assert_cmpint(kill(pid, 0), ==, -1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("helper-XXXXXX", NULL);
    g_setenv("VGPUCTL_LIBEXECDIR", directory, TRUE);
    g_test_add_func("/helper-child/serves", test_serves);
    g_test_add_func("/helper-child/fails", test_fails);
    g_test_add_func("/helper-child/absent", test_absent);
    g_test_add_func("/helper-child/qemu-ends-before", test_qemu_ends_before);
    g_test_add_func("/helper-child/killed", test_killed);
    g_test_add_func("/helper-child/ends-with-qemu", test_ends_with_qemu);
    g_test_add_func("/helper-child/freed", test_freed);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
