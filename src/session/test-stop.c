/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/stop.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pid.h"
#include "vm/rundir.h"

static char *directory; /* stands for / and, for users, for $XDG_RUNTIME_DIR */
static Root *root;

static void set_up(void)
{
    directory = g_dir_make_tmp("vgpuctl-stop-XXXXXX", NULL);
    g_setenv("XDG_RUNTIME_DIR", directory, TRUE);
    root = root_open(directory, NULL);
    g_assert_nonnull(root);
}

static void tear_down(void)
{
    root_free(root);
    g_assert_true(file_remove_tree(directory, NULL));
    g_clear_pointer(&directory, g_free);
}

/* A VM whose supervisor is this process, or one that began @later ticks after it. */
static void write_state(const RunDir *dir, guint64 later)
{
    g_autoptr(VmState) state = record_new(&vm_state_type);
    state->name = g_strdup("web");
    state->pid = (int)getpid();
    g_assert_true(pid_start_ticks(state->pid, &state->supervisor_started_ticks));
    state->supervisor_started_ticks += later;
    g_assert_true(rundir_write_state(dir, state, NULL));
}

static void expect_none(VgpuctlError code)
{
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(session_supervisor_pidfd(root, "web", &error), ==, -1);
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
}

static void test_supervisor(void)
{
    set_up();
    expect_none(VGPUCTL_ERROR_NOT_FOUND);
    g_autoptr(RunDir) dir = rundir_create(root, "web", NULL);
    g_assert_nonnull(dir);
    expect_none(VGPUCTL_ERROR_BUSY);
    write_state(dir, 0);
    autofd int pidfd = session_supervisor_pidfd(root, "web", NULL);
    struct pollfd alive = { .fd = pidfd, .events = POLLIN };
    g_assert_cmpint(pidfd, >=, 0);
    g_assert_cmpint(poll(&alive, 1, 0), ==, 0);
    tear_down();
}

/* the process of that pid is not the one that wrote the state */
static void test_pid_reused(void)
{
    set_up();
    g_autoptr(RunDir) dir = rundir_create(root, "web", NULL);
    g_assert_nonnull(dir);
    write_state(dir, 1);
    expect_none(VGPUCTL_ERROR_NOT_FOUND);
    tear_down();
}

/* Lets a child wait for the supervisor of "web"; whether it found one is its exit status. */
static pid_t start_waiter(RunDir *dir)
{
    pid_t child = fork();
    if (child != 0)
        return child;
    rundir_free(dir); /* a lock is held until all have closed it */
    g_autoptr(GError) error = NULL;
    int pidfd = session_await_supervisor(root, "web", &error);
    gboolean none = g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    _exit(pidfd >= 0 ? 0 : none ? 1 : 2);
}

static void expect_end(pid_t child, int expected)
{
    int status = -1;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, expected);
}

/* Until it waits: it has looked in vain then, or does so once more. */
static void expect_waiting(pid_t child)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/fdinfo", (int)child);
    for (gboolean watches = FALSE; !watches; g_usleep(1000)) {
        g_assert_cmpint(waitpid(child, NULL, WNOHANG), ==, 0);
        g_autoptr(GDir) fds = g_dir_open(path, 0, NULL);
        for (const char *fd; (fd = g_dir_read_name(fds)) != NULL && !watches;) {
            g_autofree char *file = g_build_filename(path, fd, NULL);
            g_autofree char *text = NULL;
            watches =
                g_file_get_contents(file, &text, NULL, NULL) && strstr(text, "inotify wd:") != NULL;
        }
    }
}

static void test_await(void)
{
    set_up();
    expect_end(start_waiter(NULL), 1);
    g_autoptr(RunDir) dir = rundir_create(root, "web", NULL);
    g_assert_nonnull(dir);
    pid_t waiter = start_waiter(dir);
    expect_waiting(waiter);
    write_state(dir, 0);
    expect_end(waiter, 0);
    tear_down();
}

/* one that ends before it ran: in order, and killed, when only its lock tells */
static void test_await_in_vain(void)
{
    set_up();
    for (int killed = 0; killed < 2; killed++) {
        RunDir *dir = rundir_create(root, "web", NULL);
        g_assert_nonnull(dir);
        pid_t waiter = start_waiter(dir);
        expect_waiting(waiter);
        g_assert_true(killed || rundir_remove(dir, NULL));
        rundir_free(dir);
        expect_end(waiter, 1);
    }
    tear_down();
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stop/supervisor", test_supervisor);
    g_test_add_func("/stop/pid-reused", test_pid_reused);
    g_test_add_func("/stop/await", test_await);
    g_test_add_func("/stop/await-in-vain", test_await_in_vain);
    return g_test_run();
}
