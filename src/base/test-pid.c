/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pid.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

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
    g_assert_false(pid_runs_same(child, ticks + 1));
    g_assert_true(pid_runs_same(child, ticks));
    g_assert_false(pid_is_ending(child));
    autofd int fd = pid_open_same(child, ticks);
    g_assert_cmpint(fd, >=, 0);
    g_assert_cmpint(waitpid(child, NULL, WNOHANG), ==, 0);

    g_assert_true(pid_kill_same(child, ticks, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
    g_assert_false(pid_runs_same(child, ticks)); /* not waited for, but it has ended */
    g_assert_true(pid_is_ending(child));
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);

    g_assert_cmpint(pid_open_same(child, ticks), ==, -1);
    g_assert_true(pid_kill_same(child, ticks, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
}

static G_NORETURN void *outlive_main(void *userdata)
{
    const pthread_t *main_thread = userdata;
    pthread_join(*main_thread, NULL);
    (void)!write(STDOUT_FILENO, "", 1);
    for (;;)
        pause();
}

/* A process goes on when its first thread has ended, whatever that one's state says. */
static void test_first_thread(void)
{
    int told[2];
    g_assert_cmpint(pipe2(told, O_CLOEXEC), ==, 0);
    pid_t child = fork();
    if (child == 0) {
        static pthread_t main_thread;
        pthread_t other;
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        main_thread = pthread_self();
        if (dup2(told[1], STDOUT_FILENO) < 0 ||
            pthread_create(&other, NULL, outlive_main, &main_thread) != 0)
            _exit(1);
        pthread_exit(NULL);
    }
    char byte;
    close(told[1]);
    g_assert_cmpint(read(told[0], &byte, 1), ==, 1);
    g_assert_false(pid_is_ending(child));
    g_assert_cmpint(kill(child, SIGKILL), ==, 0);
    g_assert_true(pid_is_ending(child));
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    close(told[0]);
}

static void test_ask(void)
{
    pid_t child = start_child();
    guint64 ticks = 0;
    g_assert_true(pid_start_ticks(child, &ticks));
    g_autoptr(GError) error = NULL;

    g_assert_false(pid_ask_same(child, ticks, SIGCONT, 1, &error)); /* which ends nobody */
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_error(&error);
    g_assert_true(pid_ask_same(child, ticks, SIGTERM, LONG_LIMIT_MS, &error));
    g_assert_no_error(error);
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

static void test_parse_stat(void)
{
    PidStat stat;
    g_assert_true(pid_parse_stat("812 (a) b (c) S 1 812 812 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 4 0 "
                                 "7041 1 2\n",
                                 &stat));
    g_assert_cmpint(stat.state, ==, 'S');
    g_assert_cmpint(stat.parent, ==, 1);
    g_assert_cmpuint(stat.flags, ==, 4194560);
    g_assert_cmpuint(stat.start_ticks, ==, 7041);
    g_assert_false(pid_parse_stat("", &stat));
    g_assert_false(pid_parse_stat("812 (a) S 1 812", &stat));
    g_assert_false(
        pid_parse_stat("812 (a) S 1 812 812 0 -1 x 9 0 0 0 1 2 0 0 20 0 4 0 7041 1", &stat));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pid/start-ticks", test_start_ticks);
    g_test_add_func("/pid/environment", test_environment);
    g_test_add_func("/pid/kill", test_kill);
    g_test_add_func("/pid/first-thread", test_first_thread);
    g_test_add_func("/pid/ask", test_ask);
    g_test_add_func("/pid/parse-stat", test_parse_stat);
    return g_test_run();
}
