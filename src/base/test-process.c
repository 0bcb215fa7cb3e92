/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

static ProcessResult run_shell(const char *script, const char *input, guint limit_ms, gsize limit)
{
    ProcessRequest request = { .argv = (const char *[]){ "sh", "-c", script, NULL },
                               .environment = (const char *[]){ "GREETING=hello", NULL },
                               .input = input,
                               .limit_ms = limit_ms,
                               .output_limit = limit };
    ProcessResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(process_run(&request, &result, &error));
    g_assert_no_error(error);
    return result;
}

static void test_output(void)
{
    g_auto(ProcessResult) result =
        run_shell("cat; echo $GREETING; echo oops >&2; exit 3", "in\n", 0, 0);
    g_assert_cmpstr(result.out, ==, "in\nhello\n");
    g_assert_cmpstr(result.err, ==, "oops\n");
    g_assert_cmpint(result.status, ==, 3);
    g_assert_false(process_succeeded(&result));
    g_autofree char *text = process_describe(&result);
    g_assert_cmpstr(text, ==, "exited with status 3");
}

static void test_missing(void)
{
    ProcessRequest request = { .argv = (const char *[]){ "/no/such/program", NULL } };
    ProcessResult result;
    g_autoptr(GError) error = NULL;
    g_assert_false(process_run(&request, &result, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, "Starting /no/such/program: No such file or directory");
}

/* the whole group dies, a shell's child included; its pipe would keep us waiting otherwise */
static void test_time_limit(void)
{
    g_auto(ProcessResult) result = run_shell("echo first; sleep 1000 & wait", NULL, 300, 0);
    g_assert_true(result.timed_out);
    g_assert_cmpstr(result.out, ==, "first\n");
}

/* a program that floods is read to its end and kept in part */
static void test_flood(void)
{
    g_auto(ProcessResult) result =
        run_shell("head -c 3000000 /dev/zero | tr '\\0' x", NULL, 0, 100);
    g_assert_true(process_succeeded(&result));
    g_assert_cmpuint(strlen(result.out), ==, 100);
}

/* a grandchild that holds the pipe does not hold us, and does not outlive the call */
static void test_grandchild(void)
{
    g_auto(ProcessResult) result = run_shell("sleep 1000 & echo $!", NULL, 60000, 0);
    g_assert_false(result.timed_out);
    pid_t grandchild = (pid_t)atoi(result.out);
    g_assert_cmpint(grandchild, >, 1);
    for (int i = 0; i < 1000 && kill(grandchild, 0) == 0; i++)
        g_usleep(1000); /* it is init's to reap now, so there is no event for us */
    g_autofree char *state = g_strdup_printf("/proc/%d/stat", (int)grandchild);
    g_autofree char *stat = NULL;
    if (g_file_get_contents(state, &stat, NULL, NULL))
        g_assert_nonnull(strstr(stat, ") Z "));
}

/* a descriptor that our caller left open without FD_CLOEXEC stays ours */
static void test_descriptors(void)
{
    int leak = open("/dev/null", O_RDONLY);
    g_assert_cmpint(leak, >, 2);
    g_auto(ProcessResult) result = run_shell("ls /proc/self/fd", NULL, 0, 0);
    close(leak);
    /* the streams, and the directory that ls reads */
    g_assert_cmpstr(result.out, ==, "0\n1\n2\n3\n");
}

static void test_signal(void)
{
    g_auto(ProcessResult) result = run_shell("kill -SEGV $$", NULL, 0, 0);
    g_autofree char *text = process_describe(&result);
    g_assert_cmpstr(text, ==, "was killed by SIGSEGV");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/process/output", test_output);
    g_test_add_func("/process/missing", test_missing);
    g_test_add_func("/process/time-limit", test_time_limit);
    g_test_add_func("/process/flood", test_flood);
    g_test_add_func("/process/grandchild", test_grandchild);
    g_test_add_func("/process/descriptors", test_descriptors);
    g_test_add_func("/process/signal", test_signal);
    return g_test_run();
}
