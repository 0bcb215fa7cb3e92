/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-confine.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* What a child does once it is confined: TRUE when it is as it should be. */
typedef gboolean (*Deed)(void);

/* Its status; no sanitizer looks into it at its end. */
static int confine_and_do(Deed deed)
{
    pid_t child = fork();
    if (child == 0) {
        if (!web_confine(NULL))
            _exit(100);
        _exit(deed() ? 0 : 1);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

/* What it lives by. */

static gpointer say_seven(gpointer unused)
{
    return GINT_TO_POINTER(7);
}

static gboolean do_thread(void)
{
    return GPOINTER_TO_INT(g_thread_join(g_thread_new("seven", say_seven, NULL))) == 7;
}

static gboolean do_loop(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add(1, (GSourceFunc)(void (*)(void))g_main_loop_quit, loop);
    g_main_loop_run(loop);
    return TRUE;
}

static gboolean do_connect(void)
{
    const struct sockaddr_un nowhere = { AF_UNIX, "/nowhere" };
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&nowhere, sizeof nowhere) < 0 &&
           errno == ENOENT;
}

/* What it is refused and may live on. */

static gboolean do_sockets(void)
{
    static const int families[] = { AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, AF_VSOCK };
    for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
        if (socket(families[i], SOCK_STREAM, 0) >= 0 || errno != ENOSYS)
            return FALSE;
    return TRUE;
}

static gboolean do_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == ENOSYS;
}

static gboolean do_code(void)
{
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return plain != MAP_FAILED && mprotect(plain, 4096, PROT_READ | PROT_EXEC) < 0;
}

static gboolean do_processes(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0 && errno == ENOSYS &&
           syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS;
}

/* TIOCSTI types on somebody's terminal. */
static gboolean do_others(void)
{
    char key = 'x';
    return ioctl(0, TIOCSTI, &key) < 0 && errno == ENOSYS &&
           syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 && errno == ENOSYS &&
           prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 && errno == ENOSYS;
}

static void test_lives(void)
{
    static const Deed deeds[] = { do_thread, do_loop, do_connect,   do_sockets,
                                  do_open,   do_code, do_processes, do_others };
    for (gsize i = 0; i < G_N_ELEMENTS(deeds); i++) {
        int status = confine_and_do(deeds[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            g_error("deed %zu ended with %#x", i, (guint)status);
    }
}

/* What it dies of. */

static gboolean do_exec(void)
{
    execl("/bin/true", "true", NULL);
    return TRUE;
}

static gboolean do_kill(void)
{
    return kill(getppid(), 0) < 0;
}

static gboolean do_listen(void)
{
    return listen(0, 1) < 0;
}

static gboolean do_unlink(void)
{
    return unlink("/nowhere") < 0;
}

static gboolean do_unshare(void)
{
    return unshare(CLONE_NEWNS) < 0;
}

static gboolean do_setuid(void)
{
    return setuid(geteuid()) == 0;
}

static gboolean do_ptrace(void)
{
    return syscall(SYS_ptrace, 0, 0, NULL, NULL) < 0;
}

static gboolean do_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) < 0;
}

static void test_dies(void)
{
    static const Deed deeds[] = { do_exec,    do_kill,   do_listen, do_unlink,
                                  do_unshare, do_setuid, do_ptrace, do_uring };
    for (gsize i = 0; i < G_N_ELEMENTS(deeds); i++) {
        int status = confine_and_do(deeds[i]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            g_error("deed %zu ended with %#x", i, (guint)status);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web-confine/lives", test_lives);
    g_test_add_func("/web-confine/dies", test_dies);
    return g_test_run();
}
