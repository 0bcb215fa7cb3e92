/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"

static char *directory;

/* Starts @argv as if it were QEMU; the number of its monitor's descriptor is 100. */
static Supervisor *start(const char *const *argv, int signal_fd, guint grace_s, GError **error)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    autofd int theirs = dup2(pair[1], 100);
    close(pair[1]);
    g_autofree char *log = g_build_filename(directory, "log", NULL);
    g_autofree char *serial = g_build_filename(directory, "serial", NULL);
    SupervisorSpec spec = { .argv = argv,
                            .keep = (int[]){ theirs, -1 },
                            .qmp_fd = pair[0],
                            .serial_fd = -1,
                            .signal_fd = signal_fd,
                            .log_path = log,
                            .serial_path = serial,
                            .grace_s = grace_s };
    return supervisor_start(&spec, error);
}

static Supervisor *start_shell(const char *script)
{
    g_autoptr(GError) error = NULL;
    Supervisor *supervisor =
        start((const char *[]){ "bash", "-c", script, NULL }, /* signal_fd= */ -1, 1, &error);
    g_assert_no_error(error);
    return supervisor;
}

static gboolean is_gone(pid_t pid)
{
    return kill(pid, 0) < 0 && errno == ESRCH;
}

static void test_missing(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(start((const char *[]){ "/no/such/qemu", NULL }, -1, 1, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

static void test_dies_at_once(void)
{
    g_autoptr(Supervisor) supervisor = start_shell("echo 'no luck' >&2; exit 1");
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_cmpstr(error->message, ==, "QEMU exited with status 1 while it was starting");
    g_assert_cmpstr(supervisor_output(supervisor), ==, "no luck\n");
    g_assert_false(supervisor_crashed(supervisor));
}

static void test_crashes(void)
{
    g_autoptr(Supervisor) supervisor = start_shell("kill -SEGV $$");
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_cmpstr(error->message, ==, "QEMU was killed by SIGSEGV while it was starting");
    g_assert_true(supervisor_crashed(supervisor));
}

/* who kills it has a reason of their own */
static void test_killed_at_start(void)
{
    g_autoptr(Supervisor) supervisor = start_shell("kill -KILL $$");
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_false(supervisor_crashed(supervisor));
}

static void test_hangs(void)
{
    g_autoptr(Supervisor) supervisor = start_shell("exec sleep 1000");
    pid_t pid = supervisor_pid(supervisor);
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 1, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    g_clear_pointer(&supervisor, supervisor_free);
    g_assert_true(is_gone(pid));
}

/* what it prints without end neither fills the disk nor keeps us from seeing its end */
static void test_floods(void)
{
    g_autoptr(Supervisor) supervisor =
        start_shell("yes 'a line that says nothing' | head -c 20000000 >&2; exit 7");
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_cmpstr(error->message, ==, "QEMU exited with status 7 while it was starting");
}

/* what says more than QMP on its monitor is no QEMU, but still ours to end */
static void test_garbage_monitor(void)
{
    g_autoptr(Supervisor) supervisor = start_shell("echo garbage >&100; exec sleep 1000");
    pid_t pid = supervisor_pid(supervisor);
    g_autoptr(GError) error = NULL;
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    g_clear_pointer(&supervisor, supervisor_free);
    g_assert_true(is_gone(pid));
}

static Supervisor *start_qemu(int signal_fd)
{
    g_autofree char *qemu = g_find_program_in_path("qemu-system-x86_64");
    if (qemu == NULL) {
        g_test_skip("qemu-system-x86_64 is not installed");
        return NULL;
    }
    g_autoptr(GError) error = NULL;
    Supervisor *supervisor =
        start((const char *[]){ qemu, "-M", "none", "-nodefaults", "-display", "none", "-chardev",
                                "socket,id=m,fd=100", "-mon", "chardev=m,mode=control", NULL },
              signal_fd, /* grace_s= */ 1, &error);
    g_assert_no_error(error);
    g_assert_true(supervisor_await_running(supervisor, 120, &error));
    g_assert_no_error(error);
    return supervisor;
}

static void test_quit(void)
{
    g_autoptr(Supervisor) supervisor = start_qemu(-1);
    if (supervisor == NULL)
        return;
    g_autoptr(GError) error = NULL;
    supervisor_stop(supervisor, SUPERVISOR_STOP_QUIT);
    g_assert_true(supervisor_await_end(supervisor, &error));
    g_assert_no_error(error);
}

/* a machine without a guest ignores the power button: the ladder goes on to quit by itself */
static void test_power_off_ignored(void)
{
    g_autoptr(Supervisor) supervisor = start_qemu(-1);
    if (supervisor == NULL)
        return;
    g_autoptr(GError) error = NULL;
    supervisor_stop(supervisor, SUPERVISOR_STOP_POWER_OFF);
    g_assert_true(supervisor_await_end(supervisor, &error));
    g_assert_no_error(error);
}

static void test_killed_behind_our_back(void)
{
    g_autoptr(Supervisor) supervisor = start_qemu(-1);
    if (supervisor == NULL)
        return;
    g_autoptr(GError) error = NULL;
    kill(supervisor_pid(supervisor), SIGKILL);
    g_assert_false(supervisor_await_end(supervisor, &error));
    g_assert_cmpstr(error->message, ==, "QEMU was killed by SIGKILL");
}

static void test_signal(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGQUIT);
    g_assert_cmpint(sigprocmask(SIG_BLOCK, &signals, NULL), ==, 0);
    autofd int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    g_autoptr(Supervisor) supervisor = start_qemu(signal_fd);
    if (supervisor == NULL)
        return;
    g_autoptr(GError) error = NULL;
    kill(getpid(), SIGQUIT);
    g_assert_true(supervisor_await_end(supervisor, &error));
    g_assert_no_error(error);
}

/* a stop signal while QEMU starts ends the start */
static void test_interrupted(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    g_assert_cmpint(sigprocmask(SIG_BLOCK, &signals, NULL), ==, 0);
    autofd int signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    g_autoptr(GError) error = NULL;
    g_autoptr(Supervisor) supervisor =
        start((const char *[]){ "sleep", "1000", NULL }, signal_fd, 1, &error);
    g_assert_no_error(error);
    kill(getpid(), SIGTERM);
    g_assert_false(supervisor_await_running(supervisor, 60, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    directory = g_dir_make_tmp("vgpuctl-supervisor-XXXXXX", NULL);
    g_test_add_func("/supervisor/missing", test_missing);
    g_test_add_func("/supervisor/dies-at-once", test_dies_at_once);
    g_test_add_func("/supervisor/crashes", test_crashes);
    g_test_add_func("/supervisor/killed-at-start", test_killed_at_start);
    g_test_add_func("/supervisor/hangs", test_hangs);
    g_test_add_func("/supervisor/floods", test_floods);
    g_test_add_func("/supervisor/garbage-monitor", test_garbage_monitor);
    g_test_add_func("/supervisor/quit", test_quit);
    g_test_add_func("/supervisor/power-off-ignored", test_power_off_ignored);
    g_test_add_func("/supervisor/killed-behind-our-back", test_killed_behind_our_back);
    g_test_add_func("/supervisor/signal", test_signal);
    g_test_add_func("/supervisor/interrupted", test_interrupted);
    int result = g_test_run();
    file_remove_tree(directory, NULL);
    g_free(directory);
    return result;
}
