/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/stop.h"

#include <poll.h>
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

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/stop/supervisor", test_supervisor);
    g_test_add_func("/stop/pid-reused", test_pid_reused);
    return g_test_run();
}
