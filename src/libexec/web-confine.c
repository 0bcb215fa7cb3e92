/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"

/* clang-format off */
static const char *const allowed[] = {
    /* memory */
    "brk", "madvise", "mremap", "munmap",
    /* what is open already */
    "close", "dup", "fcntl", "fstat", "lseek", "newfstatat", "read", "readv", "write", "writev",
    /* browsers and VNC servers */
    "accept", "accept4", "connect", "getpeername", "getsockname", "getsockopt",
    "recvfrom", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown",
    /* waiting */
    "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_wait", "eventfd2", "futex", "gettimeofday", "nanosleep", "pipe2", "poll",
    "ppoll", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield",
    "sigaltstack", "timerfd_create", "timerfd_settime",
    /* GLib's threads */
    "rseq", "sched_getaffinity", "sched_getattr", "sched_setattr", "set_robust_list",
    "set_tid_address",
    /* oneself */
    "exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getrandom", "getrlimit",
    "gettid", "getuid", "sysinfo", "time", "uname",
};

static const char *const deadly[] = {
    /* files */
    "chmod", "chown", "creat", "fchmodat", "fchownat", "link", "linkat", "mkdir", "mkdirat",
    "rename", "renameat", "renameat2", "rmdir", "symlink", "symlinkat", "truncate", "unlink",
    "unlinkat",
    /* other programs and processes */
    "execve", "execveat", "fork", "kill", "pidfd_getfd", "pidfd_open", "pidfd_send_signal",
    "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "tkill", "vfork",
    /* more of the network */
    "bind", "listen",
    /* other ids, roots and namespaces */
    "capset", "chroot", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount",
    "name_to_handle_at", "open_by_handle_at", "open_tree", "pivot_root", "setfsgid", "setfsuid",
    "setgid", "setgroups", "setns", "setregid", "setresgid", "setresuid", "setreuid", "setuid",
    "umount2", "unshare",
    /* the kernel, and ways around this filter */
    "add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load",
    "keyctl", "mknod", "mknodat", "perf_event_open", "personality", "reboot", "request_key",
    "swapoff", "swapon", "userfaultfd",
};
/* clang-format on */

/* 0 or a negative errno. A name of another architecture is none of ours. */
static int add_names(scmp_filter_ctx filter, guint32 action, const char *const *names, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        int result = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);
        if (result < 0)
            return result;
    }
    return 0;
}

#define THREAD (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)

/* Unix sockets, threads and no processes, and memory that is never both written and run. */
static int add_bounded(scmp_filter_ctx filter)
{
    /* s390 has the flags second (clone(2)); clone3() has them where no filter sees them, and the C
     * library does without it */
#ifdef __s390__
#define CLONE_FLAGS SCMP_A1
#else
#define CLONE_FLAGS SCMP_A0
#endif
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  CLONE_FLAGS(SCMP_CMP_MASKED_EQ, THREAD, THREAD));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, FIONREAD));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    return result;
}

/* What is harmless when it is about ourselves. */
static int add_own(scmp_filter_ctx filter)
{
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 1,
                                  SCMP_A0(SCMP_CMP_EQ, PR_SET_NAME));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 1,
                                  SCMP_A0(SCMP_CMP_EQ, 0));
    if (result == 0) /* abort(3) */
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (guint64)getpid()));
    return result;
}

static int load_filter(scmp_filter_ctx filter)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0) /* threads that GLib has started already, too */
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = add_names(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
    if (result == 0)
        result = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, G_N_ELEMENTS(deadly));
    if (result == 0)
        result = add_bounded(filter);
    if (result == 0)
        result = add_own(filter);
    return result == 0 ? seccomp_load(filter) : result;
}

static gboolean filter_syscalls(GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int result = filter != NULL ? load_filter(filter) : -ENOMEM;
    seccomp_release(filter);
    return result == 0 || error_set_errno(error, -result, "Installing the system call filter");
}

gboolean web_confine(GError **error)
{
    const struct rlimit no_core = { 0, 0 };
    gboolean may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) > 0;
    capng_clear(CAPNG_SELECT_ALL);
    int result = capng_apply(may_bound ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
    if (result < 0)
        return error_set(error, VGPUCTL_ERROR_FAILED, "Dropping capabilities: libcap-ng says %d",
                         result);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        setrlimit(RLIMIT_CORE, &no_core) < 0)
        return error_set_errno(error, errno, "Giving up privileges");
    return filter_syscalls(error);
}
