/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/rundir.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/pid.h"
#include "vm/rundir-list.h"

static char *directory; /* stands for / and, for users, for $XDG_RUNTIME_DIR */
static Root *root;

static void set_up(void)
{
    directory = g_dir_make_tmp("vgpuctl-run-XXXXXX", NULL);
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

static RunDir *create(const char *name)
{
    g_autoptr(GError) error = NULL;
    RunDir *dir = rundir_create(root, name, &error);
    g_assert_no_error(error);
    return dir;
}

static void expect_refused(const char *name, VgpuctlError code, const char *words)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(rundir_create(root, name, &error));
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
    g_assert_nonnull(strstr(error->message, words));
    g_assert_null(strchr(error->message, '\n'));
}

static void expect_mode(const char *path, guint mode)
{
    struct stat info;
    g_assert_cmpint(lstat(path, &info), ==, 0);
    g_assert_cmphex(info.st_mode & 07777, ==, mode);
}

static void test_create(void)
{
    RunDir *dir = create("first");
    expect_mode(rundir_path(dir), 0700);
    g_autofree char *lock = rundir_file(dir, "lock");
    g_autofree char *holder = NULL;
    g_assert_true(g_file_get_contents(lock, &holder, NULL, NULL));
    g_assert_cmpint(atoi(holder), ==, getpid());

    g_autofree char *words = g_strdup_printf("VM 'first' is running (pid %d): ", (int)getpid());
    expect_refused("first", VGPUCTL_ERROR_EXISTS, words);
    g_autoptr(RunDir) other = create("second");

    g_autofree char *path = g_strdup(rundir_path(dir));
    g_assert_true(rundir_remove(dir, NULL));
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
    rundir_free(dir);
    g_autoptr(RunDir) again = create("first");
}

static void test_names(void)
{
    static const char *const names[] = { "",     ".",    "..",  ".hidden",     "-x",       "a/b",
                                         "../a", "a\nb", "a b", "gr\xc3\xbcn", "\x1b[31m", "/" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        expect_refused(names[i], VGPUCTL_ERROR_USAGE, "VM name '");
    g_autofree char *longest = g_strnfill(65, 'x');
    expect_refused(longest, VGPUCTL_ERROR_USAGE, "VM name '");
    g_autoptr(GError) error = NULL;
    g_assert_null(rundir_find_running(root, "../first", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
}

static VmState *new_state(const char *name)
{
    VmState *state = record_new(&vm_state_type);
    state->name = g_strdup(name);
    state->pid = (int)getpid();
    state->started_at_s = 1700000000;
    state->phase = VM_PHASE_RUNNING;
    return state;
}

static void write_state(const RunDir *dir, const VmState *state)
{
    g_autoptr(GError) error = NULL;
    rundir_write_state(dir, state, &error);
    g_assert_no_error(error);
}

static void test_list(void)
{
    g_autoptr(RunDir) b = create("b"), starting = create("a");
    g_autoptr(VmState) state = new_state("b");
    write_state(b, state);
    RunDir *stale = create("c");
    write_state(stale, state);
    rundir_free(stale);
    /* neither a link nor a file is a VM */
    g_autofree char *base = rundir_base(root, NULL);
    g_autofree char *link = g_build_filename(base, "link", NULL);
    g_assert_cmpint(symlink(rundir_path(b), link), ==, 0);

    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) entries = rundir_list(root, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(entries->len, ==, 3);
    const RunDirEntry *first = entries->pdata[0], *second = entries->pdata[1],
                      *third = entries->pdata[2];
    g_assert_cmpstr(first->name, ==, "a");
    g_assert_true(first->running);
    g_assert_null(first->state);
    g_assert_cmpstr(second->path, ==, rundir_path(b));
    g_assert_true(second->running);
    g_assert_cmpuint(second->state->started_at_s, ==, 1700000000);
    g_assert_cmpint(second->state->phase, ==, VM_PHASE_RUNNING);
    g_assert_false(third->running);

    g_autoptr(RunDirEntry) found = rundir_find_running(root, "b", &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found->state->name, ==, "b");
    g_assert_null(rundir_find_running(root, "c", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_assert_null(rundir_find_running(root, "link", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

/* A child that stands for a QEMU its supervisor did not take along. */
static pid_t start_qemu(VmState *state)
{
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        for (;;)
            pause();
    }
    state->qemu_pid = (int)child;
    g_assert_true(pid_start_ticks(child, &state->qemu_started_ticks));
    return child;
}

static void expect_killed(pid_t child)
{
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void leave_stale(const char *name, const VmState *state)
{
    g_autoptr(RunDir) dir = create(name);
    write_state(dir, state);
    g_autofree char *file = rundir_file(dir, "deep/er");
    g_autofree char *parent = g_path_get_dirname(file);
    g_assert_true(file_make_directory(parent, 0700, NULL));
    g_assert_true(file_write_atomic(file, "x", 1, 0600, NULL));
}

static guint collect(void)
{
    guint removed = 0;
    g_autoptr(GError) error = NULL;
    g_assert_true(rundir_collect(root, &removed, NULL, &error));
    g_assert_no_error(error);
    return removed;
}

/* stale ones go with their QEMU, running ones stay; a second time there is nothing to do */
static void test_collect(void)
{
    g_autoptr(VmState) state = new_state("dead");
    g_autoptr(RunDir) alive = create("alive");
    g_autoptr(VmState) alive_state = new_state("alive");
    pid_t kept = start_qemu(alive_state);
    write_state(alive, alive_state);
    pid_t child = start_qemu(state);
    leave_stale("dead", state);
    state->qemu_pid = 0;
    leave_stale("dead2", state);
    g_autofree char *torn = g_build_filename(rundir_path(alive), "../torn", NULL);
    g_assert_cmpint(mkdir(torn, 0700), ==, 0);

    g_assert_cmpuint(collect(), ==, 3);
    expect_killed(child);
    g_autoptr(GPtrArray) entries = rundir_list(root, NULL);
    g_assert_cmpuint(entries->len, ==, 1);
    g_assert_cmpuint(collect(), ==, 0);
    g_assert_cmpint(waitpid(kept, NULL, WNOHANG), ==, 0);
    kill(kept, SIGKILL);
    expect_killed(kept);
}

/* its lock cannot be opened, whoever we are */
static void test_collect_fails(void)
{
    g_autofree char *base = rundir_base(root, NULL);
    g_autofree char *lock = g_build_filename(base, "bad", "lock", NULL);
    g_assert_true(file_make_directory(lock, 0700, NULL));
    g_autoptr(VmState) state = new_state("dead");
    leave_stale("dead", state);

    guint removed = 0;
    g_auto(GStrv) left = NULL;
    g_autoptr(GError) error = NULL;
    g_assert_true(rundir_collect(root, &removed, &left, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(removed, ==, 1);
    g_assert_cmpuint(g_strv_length(left), ==, 1);
    g_assert_nonnull(strstr(left[0], lock));

    g_autoptr(RunDir) other = create("other");
    g_assert_true(rundir_collect_name(root, "dead", &error));
    g_assert_false(rundir_collect_name(root, "bad", &error));
    g_assert_nonnull(strstr(error->message, lock));
    g_assert_null(rundir_create(root, "bad", NULL));
}

/* a pid that belongs to another process by now is left alone */
static void test_pid_reused(void)
{
    g_autoptr(VmState) state = new_state("dead");
    pid_t child = start_qemu(state);
    state->qemu_started_ticks--;
    leave_stale("dead", state);
    g_assert_cmpuint(collect(), ==, 1);
    g_assert_cmpint(waitpid(child, NULL, WNOHANG), ==, 0);
    kill(child, SIGKILL);
    expect_killed(child);
}

/* a new VM of a dead one's name gets an empty directory, and the old QEMU is gone before */
static void test_create_over_stale(void)
{
    g_autoptr(VmState) state = new_state("again");
    pid_t child = start_qemu(state);
    leave_stale("again", state);
    g_autoptr(RunDir) dir = create("again");
    expect_killed(child);
    g_autofree char *left = rundir_file(dir, RUNDIR_STATE);
    g_assert_false(g_file_test(left, G_FILE_TEST_EXISTS));
    g_autofree char *deep = rundir_file(dir, "deep");
    g_assert_false(g_file_test(deep, G_FILE_TEST_EXISTS));
}

/* Runs @func in @count processes at once; returns how many of them exited with status 0. */
static guint in_processes(guint count, gboolean (*func)(void))
{
    int gate[2];
    g_assert_cmpint(pipe(gate), ==, 0);
    pid_t children[8];
    for (guint i = 0; i < count; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            char byte;
            close(gate[1]);
            (void)!read(gate[0], &byte, 1);
            _exit(func() ? 0 : 1);
        }
    }
    close(gate[0]);
    close(gate[1]); /* they all begin now */
    guint good = 0;
    for (guint i = 0; i < count; i++) {
        int status = -1;
        g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
        g_assert_true(WIFEXITED(status));
        good += WEXITSTATUS(status) == 0;
    }
    return good;
}

/* the winner holds it until all have tried */
static gboolean try_to_create(void)
{
    g_autoptr(GError) error = NULL;
    const RunDir *dir = rundir_create(root, "race", &error);
    g_autofree char *tried = g_build_filename(directory, "tried", NULL);
    autofd int fd = open(tried, O_WRONLY | O_CREAT | O_APPEND, 0600);
    struct stat info = { 0 };
    if (fd < 0 || write(fd, "x", 1) != 1 ||
        (dir == NULL && !g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS)))
        abort();
    while (dir != NULL && fstat(fd, &info) == 0 && info.st_size < 8)
        g_usleep(1000);
    return dir != NULL;
}

static void test_one_wins(void)
{
    g_assert_cmpuint(in_processes(8, try_to_create), ==, 1);
}

/*
 * Makes and removes the same VM over and over beside others who do, and who collect. Whoever has it
 * has it alone: no member of another appears, and none of its own vanishes.
 */
static gboolean hammer(void)
{
    for (guint made = 0, round = 0; made < 40; round++) {
        g_autoptr(GError) error = NULL;
        if (round % 7 == 0 && !rundir_collect(root, NULL, NULL, &error))
            return FALSE;
        g_autoptr(RunDir) dir = rundir_create(root, "hammer", &error);
        if (dir == NULL) {
            if (!g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS))
                return FALSE;
            sched_yield();
            continue;
        }
        g_autofree char *file = rundir_file(dir, RUNDIR_QMP_LOCK);
        autofd int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, "x", 1) != 1 || unlink(file) < 0)
            return FALSE;
        if (made % 5 != 0 && !rundir_remove(dir, NULL)) /* else it is left stale */
            return FALSE;
        made++;
    }
    return TRUE;
}

static void test_hammer(void)
{
    g_assert_cmpuint(in_processes(4, hammer), ==, 4);
    collect();
    g_autoptr(GPtrArray) entries = rundir_list(root, NULL);
    g_assert_cmpuint(entries->len, ==, 0);
}

static void test_traps(void)
{
    g_autofree char *base = rundir_base(root, NULL);
    g_autofree char *victim = g_build_filename(directory, "victim", NULL);
    g_assert_cmpint(mkdir(victim, 0700), ==, 0);
    g_autofree char *path = g_build_filename(base, "x", NULL);
    g_assert_cmpint(symlink(victim, path), ==, 0);
    expect_refused("x", VGPUCTL_ERROR_ACCESS, "is a symbolic link");
    g_assert_cmpuint(collect(), ==, 0);

    unlink(path);
    g_assert_true(g_file_set_contents(path, "", 0, NULL));
    expect_refused("x", VGPUCTL_ERROR_ACCESS, "is no directory");
    unlink(path);
    g_assert_cmpint(mkdir(path, 0700), ==, 0);
    g_assert_cmpint(chmod(path, 0750), ==, 0);
    expect_refused("x", VGPUCTL_ERROR_ACCESS, "is open to others (mode 0750)");

    g_assert_true(file_remove_tree(base, NULL));
    g_assert_cmpint(symlink(victim, base), ==, 0);
    expect_refused("x", VGPUCTL_ERROR_ACCESS, "is a symbolic link");
}

static void test_long_path(void)
{
    g_autofree char *component = g_strnfill(60, 'd');
    g_autofree char *deep = g_build_filename(directory, component, NULL);
    g_assert_cmpint(mkdir(deep, 0700), ==, 0);
    g_setenv("XDG_RUNTIME_DIR", deep, TRUE);
    g_autoptr(Root) deep_root = root_open(deep, NULL);
    g_autofree char *name = g_strnfill(64, 'n');
    g_autoptr(GError) error = NULL;
    g_assert_null(rundir_create(deep_root, name, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    g_assert_nonnull(strstr(error->message, "a Unix socket's path at most 107"));
}

/* As a user: without XDG_RUNTIME_DIR, or with that of somebody else, a directory in TMPDIR. */
static gboolean as_user(void)
{
    if (geteuid() == 0 &&
        (chown(directory, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
        return FALSE;
    g_setenv("TMPDIR", directory, TRUE);
    g_setenv("XDG_RUNTIME_DIR", "/", TRUE);
    g_autofree char *name = g_strdup_printf("vgpuctl-%u", (guint)geteuid());
    g_autofree char *expected = g_build_filename(directory, name, NULL);
    g_autofree char *usual = g_strdup_printf("/run/user/%u", (guint)geteuid());
    g_autofree char *base = rundir_base(root, NULL);
    if (access(usual, F_OK) < 0 && g_strcmp0(base, expected) != 0)
        return FALSE;

    g_setenv("XDG_RUNTIME_DIR", directory, TRUE);
    g_autofree char *named = rundir_base(root, NULL);
    g_autofree char *below = g_build_filename(directory, "vgpuctl", NULL);
    g_autoptr(RunDir) dir = rundir_create(root, "mine", NULL);
    return g_strcmp0(named, below) == 0 && dir != NULL;
}

static void test_user(void)
{
    g_assert_cmpuint(in_processes(1, as_user), ==, 1);
}

static void with_directory(gconstpointer func)
{
    set_up();
    ((void (*)(void))func)();
    tear_down();
}

#define ADD(name, func) g_test_add_data_func("/rundir/" name, (gconstpointer)(func), with_directory)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("create", test_create);
    ADD("names", test_names);
    ADD("list", test_list);
    ADD("collect", test_collect);
    ADD("collect-fails", test_collect_fails);
    ADD("pid-reused", test_pid_reused);
    ADD("create-over-stale", test_create_over_stale);
    ADD("one-wins", test_one_wins);
    ADD("hammer", test_hammer);
    ADD("traps", test_traps);
    ADD("long-path", test_long_path);
    ADD("user", test_user);
    return g_test_run();
}
