/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/owner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"

static void check_refused(const char *text, int code, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Owner) owner = owner_parse(text, &error);
    g_assert_null(owner);
    g_assert_error(error, VGPUCTL_ERROR, code);
    g_assert_nonnull(strstr(error->message, word));
}

static void test_parse(void)
{
    check_refused("", VGPUCTL_ERROR_USAGE, "'' is no owner");
    check_refused("me", VGPUCTL_ERROR_USAGE, "'me' is no owner");
    check_refused("pid:", VGPUCTL_ERROR_USAGE, "'' is no process id");
    check_refused("pid:0", VGPUCTL_ERROR_USAGE, "'0' is no process id");
    check_refused("pid:-1", VGPUCTL_ERROR_USAGE, "'-1' is no process id");
    check_refused("pid:99999999999", VGPUCTL_ERROR_USAGE, "is no process id");
    check_refused("pid:2147483647", VGPUCTL_ERROR_NOT_FOUND, "there is no such process");
    check_refused("lease:0", VGPUCTL_ERROR_USAGE, "a lease has 1 to");
    check_refused("lease:1.5", VGPUCTL_ERROR_USAGE, "a whole number");
    check_refused("lease:99999999999999999999999", VGPUCTL_ERROR_USAGE, "a lease has 1 to");
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

static void test_pid(void)
{
    pid_t child = start_child();
    g_autofree char *text = g_strdup_printf("pid:%d", (int)child);
    g_autoptr(GError) error = NULL;
    g_autoptr(Owner) owner = owner_parse(text, &error);
    g_assert_no_error(error);
    g_assert_true(owner_is_alive(owner, NULL));
    g_autofree char *said = owner_describe(owner);
    g_autofree char *expected = g_strdup_printf("process %d (", (int)child);
    g_assert_true(g_str_has_prefix(said, expected));

    /* another process that was given the number */
    owner->started_ticks++;
    g_assert_false(owner_is_alive(owner, NULL));
    owner->started_ticks--;

    kill(child, SIGKILL);
    siginfo_t info;
    g_assert_cmpint(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), ==, 0);
    g_assert_false(owner_is_alive(owner, NULL)); /* a zombie owns nothing */
    check_refused(text, VGPUCTL_ERROR_NOT_FOUND, "there is no such process");
    g_assert_cmpint(waitpid(child, NULL, 0), ==, child);
    g_assert_false(owner_is_alive(owner, NULL));
}

static void test_lease(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Owner) owner = owner_parse("lease:1000000", &error);
    g_assert_no_error(error);
    g_assert_true(owner_is_alive(owner, NULL));
    g_autofree char *said = owner_describe(owner);
    g_assert_nonnull(strstr(said, "s left"));
    owner->until_s -= 1000000;
    g_assert_false(owner_is_alive(owner, NULL));
    g_autofree char *over = owner_describe(owner);
    g_assert_cmpstr(over, ==, "a lease that is over");
}

static void test_lock(void)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-owner-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "lock", NULL);
    g_autoptr(Owner) owner = owner_parse("fd", &error);
    g_assert_no_error(error);
    g_assert_false(owner_is_alive(owner, path)); /* no file */

    autofd int fd = open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    g_assert_false(owner_is_alive(owner, path));
    g_assert_true(file_lock_try(fd, FILE_LOCK_SHARED));
    g_assert_true(owner_is_alive(owner, path));
    autofd int other = dup(fd);
    close(steal_fd(&fd));
    g_assert_true(owner_is_alive(owner, path));
    close(steal_fd(&other));
    g_assert_false(owner_is_alive(owner, path));
    unlink(path);
    rmdir(directory);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/owner/parse", test_parse);
    g_test_add_func("/owner/pid", test_pid);
    g_test_add_func("/owner/lease", test_lease);
    g_test_add_func("/owner/lock", test_lock);
    return g_test_run();
}
