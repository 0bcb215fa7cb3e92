/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pid.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

#define LONG_LIMIT_MS 60000

static void die_with_us(gpointer userdata)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
}

static pid_t start_child(void)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    return child;
}

/* a name with spaces and parentheses does not move the fields */
static void test_start_ticks(void)
{
    guint64 before = 0, after = 0;
    g_assert_true(pid_start_ticks(getpid(), &before));
    g_assert_cmpuint(before, >, 0);
    prctl(PR_SET_NAME, ") 1 2 (x) y");
    g_assert_true(pid_start_ticks(getpid(), &after));
    g_assert_cmpuint(after, ==, before);
    g_assert_false(pid_start_ticks(0, &after));
    g_assert_false(pid_start_ticks(-1, &after));
}

static void test_environment(void)
{
    const char *argv[] = { "sleep", "1000", NULL };
    char *environment[] = { (char *)"AB=1", (char *)"A=x=y z", (char *)"EMPTY=", NULL };
    GPid child = 0;
    g_autoptr(GError) error = NULL;
    g_spawn_async(NULL, (char **)argv, environment, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
                  die_with_us, NULL, &child, &error);
    g_assert_no_error(error);
    g_autofree char *a = pid_environment(child, "A");
    g_autofree char *empty = pid_environment(child, "EMPTY");
    g_assert_cmpstr(a, ==, "x=y z");
    g_assert_cmpstr(empty, ==, "");
    g_assert_null(pid_environment(child, "B"));
    g_assert_null(pid_environment(0, "A"));
    kill(child, SIGKILL);
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    g_assert_null(pid_environment(child, "A"));
}

static void test_kill(void)
{
    pid_t child = start_child();
    guint64 ticks = 0;
    g_assert_true(pid_start_ticks(child, &ticks));
    g_autoptr(GError) error = NULL;

    /* another process by that pid is left alone */
    g_assert_true(pid_kill_same(child, ticks + 1, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
    autofd int fd = pid_open_same(child, ticks);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(waitpid(child, NULL, WNOHANG), ==, 0);

    g_assert_true(pid_kill_same(child, ticks, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    g_assert_cmpint(pid_open_same(child, ticks), ==, -1);
    g_assert_true(pid_kill_same(child, ticks, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pid/start-ticks", test_start_ticks);
    g_test_add_func("/pid/environment", test_environment);
    g_test_add_func("/pid/kill", test_kill);
    return g_test_run();
}
