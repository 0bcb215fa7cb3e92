/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "libexec/confine.h"

/* What a child does once it is confined: TRUE when it is as it should be. */
typedef gboolean (*Deed)(void);

static int status_file; /* /proc/self/status, opened before: the filter lets nobody open it */

/* The status of a child that does @deed behind the filter; no sanitizer looks into it at its end.
 */
static int confine_and_do(gboolean opengl, Deed deed)
{
    pid_t child = fork();
    if (child == 0) {
        g_autoptr(GError) error = NULL;
        status_file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
        if (!display_filter_syscalls(opengl, &error))
            _exit(100);
        _exit(deed() ? 0 : 1);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    return status;
}

static void check_good(gboolean opengl, const Deed *deeds, gsize n)
{
    for (gsize i = 0; i < n; i++) {
        int status = confine_and_do(opengl, deeds[i]);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            g_error("deed %zu ended with %#x", i, (guint)status);
    }
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

static void work(gpointer job, gpointer done)
{
    g_async_queue_push(done, job);
}

static gboolean do_pool(void)
{
    g_autoptr(GAsyncQueue) done = g_async_queue_new();
    GThreadPool *pool = g_thread_pool_new(work, done, 2, FALSE, NULL);
    for (int i = 1; i <= 8; i++)
        g_thread_pool_push(pool, GINT_TO_POINTER(i), NULL);
    int sum = 0;
    for (int i = 1; i <= 8; i++)
        sum += GPOINTER_TO_INT(g_async_queue_pop(done));
    g_thread_pool_free(pool, FALSE, TRUE);
    return sum == 36;
}

static gboolean do_loop(void)
{
    g_autoptr(GMainLoop) loop = g_main_loop_new(NULL, FALSE);
    g_timeout_add(1, (GSourceFunc)(void (*)(void))g_main_loop_quit, loop);
    g_main_loop_run(loop);
    return TRUE;
}

static gboolean do_pair(void)
{
    int pair[2];
    char byte = 0;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0 &&
           send(pair[0], "x", 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &byte, 1, 0) == 1;
}

static gboolean do_status(void)
{
    char text[8192] = "";
    return read(status_file, text, sizeof text - 1) > 0 &&
           strstr(text, "\nSeccomp:\t2\n") != NULL && strstr(text, "\nNoNewPrivs:\t1\n") != NULL;
}

/* The one who is asked is no dma-buf: the filter let the question pass. */
static gboolean do_dmabuf(void)
{
    const struct dma_buf_sync sync = { DMA_BUF_SYNC_START | DMA_BUF_SYNC_READ };
    return ioctl(status_file, DMA_BUF_IOCTL_SYNC, &sync) < 0 && errno != EPERM;
}

/* What it is refused and may live on. */

static gboolean do_sockets(void)
{
    static const int families[] = { AF_UNIX, AF_INET, AF_INET6, AF_NETLINK, AF_PACKET };
    for (gsize i = 0; i < G_N_ELEMENTS(families); i++)
        if (socket(families[i], SOCK_DGRAM, 0) >= 0 || errno != EPERM)
            return FALSE;
    return TRUE;
}

static gboolean do_connect(void)
{
    const struct sockaddr_in nowhere = { .sin_family = AF_INET };
    return connect(0, (const struct sockaddr *)&nowhere, sizeof nowhere) < 0 && errno == EPERM &&
           listen(0, 1) < 0 && errno == EPERM;
}

static gboolean do_open(void)
{
    return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EPERM &&
           unlink("/nowhere") < 0 && errno == EPERM;
}

static gboolean do_code(void)
{
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return plain != MAP_FAILED && mprotect(plain, 4096, PROT_READ | PROT_EXEC) < 0 &&
           mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED;
}

static gboolean do_processes(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL) < 0 && errno == EPERM &&
           syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL) < 0 &&
           errno == EPERM && syscall(SYS_clone3, NULL, 0) < 0 && errno == ENOSYS &&
           syscall(SYS_mknodat, AT_FDCWD, "device", 0, 0) < 0 && errno == EPERM;
}

/* TIOCSTI types on somebody's terminal. */
static gboolean do_terminal(void)
{
    char key = 'x';
    return ioctl(0, TIOCSTI, &key) < 0 && errno == EPERM;
}

static gboolean do_others(void)
{
    return syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 && errno == EPERM &&
           prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0 && errno == EPERM &&
           syscall(SYS_prlimit64, getppid(), RLIMIT_CORE, NULL, NULL) < 0 && errno == EPERM;
}

static void test_needed(void)
{
    static const Deed deeds[] = { do_thread, do_pool, do_loop, do_pair, do_status, do_dmabuf };
    check_good(FALSE, deeds, G_N_ELEMENTS(deeds));
    check_good(TRUE, deeds, G_N_ELEMENTS(deeds));
}

static void test_refused(void)
{
    static const Deed deeds[] = { do_sockets,   do_connect, do_open,    do_code,
                                  do_processes, do_others,  do_terminal };
    check_good(FALSE, deeds, G_N_ELEMENTS(deeds));
}

/* Drivers compile programs; they get no socket and no process all the same. */

static gboolean do_driver(void)
{
    void *plain = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return plain != MAP_FAILED && mprotect(plain, 4096, PROT_READ | PROT_EXEC) == 0 &&
           open("/proc/self/status", O_RDONLY | O_CLOEXEC) >= 0;
}

static void test_opengl(void)
{
    static const Deed deeds[] = { do_driver,    do_sockets, do_connect,
                                  do_processes, do_others,  do_terminal };
    check_good(TRUE, deeds, G_N_ELEMENTS(deeds));
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

static gboolean do_mount(void)
{
    return syscall(SYS_mount, NULL, NULL, NULL, 0, NULL) < 0;
}

static gboolean do_bpf(void)
{
    return syscall(SYS_bpf, 0, NULL, 0) < 0;
}

static gboolean do_uring(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL) < 0;
}

static gboolean do_vm_read(void)
{
    return syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0) < 0;
}

static gpointer exec_there(gpointer unused)
{
    do_exec();
    return NULL;
}

static gboolean do_exec_in_thread(void)
{
    g_thread_join(g_thread_new("exec", exec_there, NULL));
    return TRUE;
}

static void test_deadly(void)
{
    static const Deed deeds[] = { do_exec, do_kill,  do_unshare, do_setuid,  do_ptrace,
                                  do_bpf,  do_mount, do_uring,   do_vm_read, do_exec_in_thread };
    for (gsize i = 0; i < 2 * G_N_ELEMENTS(deeds); i++) {
        int status = confine_and_do(i % 2 == 1, deeds[i / 2]);
        if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGSYS)
            g_error("deed %zu ended with %#x", i / 2, (guint)status);
    }
}

/* A thread that was there before the filter. */

static GAsyncQueue *orders;

static gpointer wait_and_exec(gpointer unused)
{
    g_async_queue_pop(orders);
    do_exec();
    return NULL;
}

static void test_earlier_threads(void)
{
    pid_t child = fork();
    if (child == 0) {
        orders = g_async_queue_new();
        GThread *thread = g_thread_new("earlier", wait_and_exec, NULL);
        if (!display_filter_syscalls(FALSE, NULL))
            _exit(100);
        g_async_queue_push(orders, GINT_TO_POINTER(1));
        g_thread_join(thread);
        _exit(0);
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

/* The mask of "CapEff:" and its like in /proc/self/status. */
static guint64 read_mask(const char *text, const char *name)
{
    const char *line = strstr(text, name);
    return line != NULL ? g_ascii_strtoull(line + strlen(name), NULL, 16) : G_MAXUINT64;
}

static gboolean has_nothing(gboolean root)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *text = NULL;
    struct rlimit core;
    return confine_give_up_privileges(&error) &&
           g_file_get_contents("/proc/thread-self/status", &text, NULL, NULL) &&
           read_mask(text, "\nCapEff:\t") == 0 && read_mask(text, "\nCapPrm:\t") == 0 &&
           (!root || read_mask(text, "\nCapBnd:\t") == 0) && read_mask(text, "\nCapInh:\t") == 0 &&
           read_mask(text, "\nCapAmb:\t") == 0 && strstr(text, "\nNoNewPrivs:\t1\n") != NULL &&
           prctl(PR_GET_DUMPABLE) == 0 && getrlimit(RLIMIT_CORE, &core) == 0 && core.rlim_max == 0;
}

static void test_privileges(void)
{
    pid_t child = fork();
    if (child == 0)
        _exit(has_nothing(geteuid() == 0) ? 0 : 1);
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_cmpint(status, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display-confine/needed", test_needed);
    g_test_add_func("/display-confine/refused", test_refused);
    g_test_add_func("/display-confine/opengl", test_opengl);
    g_test_add_func("/display-confine/deadly", test_deadly);
    g_test_add_func("/display-confine/earlier-threads", test_earlier_threads);
    g_test_add_func("/display-confine/privileges", test_privileges);
    return g_test_run();
}
