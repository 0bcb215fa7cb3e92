/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What a child does once it is confined: TRUE when it is as it should be. */
typedef gboolean (*Deed)(void);

/* The status of a child that does @deed behind the filter; no sanitizer looks into it at its end.
 */
static int confine_and_do(Deed deed)
{
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(GError) error = NULL;
        if (!broker_filter_syscalls(&error))
            _exit(100);
        _exit(deed() ? 0 : 1);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

static gboolean do_files(void)
{
    char byte;
    autofd int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &byte, 1) == 1;
}

static gboolean do_fork(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0)
        _exit(7);
    return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 7;
}

static gboolean do_memory(void)
{
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (plain == MAP_FAILED || mprotect(plain, 4096, PROT_READ | PROT_EXEC) == 0)
        return FALSE;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
           MAP_FAILED;
}

/* As on a kernel that does not have it, so that a newer C library goes another way. */
static gboolean do_unknown(void)
{
    return syscall(SYS_getcpu, NULL, NULL, NULL) < 0 && errno == ENOSYS;
}

static gboolean do_namespace(void)
{
    return syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0 &&
           errno == ENOSYS;
}

static gboolean do_status(void)
{
    g_autofree char *text = NULL;
    return g_file_get_contents("/proc/self/status", &text, NULL, NULL) &&
           strstr(text, "\nSeccomp:\t2\n") != NULL && strstr(text, "\nNoNewPrivs:\t1\n") != NULL;
}

static void test_allowed(void)
{
    static const Deed deeds[] = {
        do_files, do_fork, do_memory, do_unknown, do_namespace, do_status
    };
    for (gsize i = 0; i < G_N_ELEMENTS(deeds); i++) {
        int status = confine_and_do(deeds[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            g_error("deed %zu ended with %#x", i, (guint)status);
    }
}

static gboolean do_exec(void)
{
    execl("/bin/true", "true", NULL);
    return TRUE;
}

static gboolean do_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) < 0;
}

static gboolean do_kill(void)
{
    return kill(getppid(), 0) < 0;
}

static gboolean do_unshare(void)
{
    return unshare(CLONE_NEWNS) < 0;
}

static gboolean do_setuid(void)
{
    return setuid(geteuid()) == 0;
}

static gboolean do_handle(void)
{
    struct file_handle handle = { 0 };
    return open_by_handle_at(AT_FDCWD, &handle, O_RDONLY) < 0;
}

static gboolean do_ptrace(void)
{
    return syscall(SYS_ptrace, 0, 0, NULL, NULL) < 0;
}

static gboolean do_vm_read(void)
{
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) < 0;
}

static void test_deadly(void)
{
    static const Deed deeds[] = { do_exec,   do_socket, do_kill,   do_unshare,
                                  do_setuid, do_handle, do_ptrace, do_vm_read };
    for (gsize i = 0; i < G_N_ELEMENTS(deeds); i++) {
        int status = confine_and_do(deeds[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            g_error("deed %zu ended with %#x", i, (guint)status);
    }
}

/* The mask of "CapEff:" and its like in /proc/self/status. */
static guint64 read_mask(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL ? g_ascii_strtoull(line + strlen(name), NULL, 16) : G_MAXUINT64;
}

static gboolean has_only_those(void)
{
    const guint64 kept =
        1 << CAP_CHOWN | 1 << CAP_DAC_READ_SEARCH | 1 << CAP_FOWNER | 1 << CAP_SYS_PTRACE;
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    return broker_drop_capabilities(&error) &&
           g_file_get_contents("/proc/self/status", &text, NULL, NULL) &&
           read_mask(text, "\nCapEff:\t") == kept && read_mask(text, "\nCapPrm:\t") == kept &&
           read_mask(text, "\nCapBnd:\t") == 0 && read_mask(text, "\nCapInh:\t") == 0 &&
           read_mask(text, "\nCapAmb:\t") == 0;
}

static void test_capabilities(void)
{
    if (geteuid() != 0) {
        g_test_skip("needs root, who has them");
        return;
    }
    pid_t child = fork();
    if (child == 0)
        _exit(has_only_those() ? 0 : 1);
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/broker-confine/allowed", test_allowed);
    g_test_add_func("/broker-confine/deadly", test_deadly);
    g_test_add_func("/broker-confine/capabilities", test_capabilities);
    return g_test_run();
}
