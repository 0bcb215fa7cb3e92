/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

/* clang-format off */
static const char *const allowed[] = {
    /* memory; memfd_create and ftruncate for pictures that are passed on */
    "brk", "ftruncate", "madvise", "membarrier", "memfd_create", "mremap", "munmap",
    /* what is open; pwrite64 for the EDID region of a vGPU, newfstatat is the C library's fstat() */
    "close", "close_range", "dup", "dup2", "dup3", "fcntl", "fstat", "fstatfs", "lseek",
    "newfstatat", "pread64", "preadv", "pwrite64", "read", "readv", "write", "writev",
    /* viewers that come, QEMU, the D-Bus library's own pairs */
    "accept", "accept4", "getpeername", "getsockname", "getsockopt", "recvfrom", "recvmsg",
    "sendmmsg", "sendmsg", "sendto", "setsockopt", "shutdown", "socketpair",
    /* waiting */
    "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_wait", "eventfd2", "futex", "futex_waitv", "gettimeofday", "nanosleep",
    "pipe2", "poll", "ppoll", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
    "rt_sigtimedwait", "sched_yield", "select", "sigaltstack", "time", "timerfd_create",
    "timerfd_settime",
    /* oneself, and new threads; GLib gives each the scheduling of its maker */
    "exit", "exit_group", "getcpu", "getegid", "geteuid", "getgid", "getpid", "getppid",
    "getrandom", "getrlimit", "getrusage", "gettid", "getuid", "rseq", "sched_getaffinity",
    "sched_getattr", "sched_getparam", "sched_getscheduler", "sched_setattr", "set_robust_list",
    "set_tid_address", "sysinfo", "times", "uname",
};

/* What OpenGL drivers do besides: their files, their shader cache, their programs. */
static const char *const allowed_opengl[] = {
    "access", "faccessat", "faccessat2", "flock", "getcwd", "getdents64", "kcmp", "lstat", "mkdir",
    "mkdirat", "open", "openat", "readlink", "readlinkat", "rename", "renameat",
    "renameat2", "sched_setaffinity", "stat", "statfs", "statx", "unlink", "unlinkat",
};

/*
 * No honest display comes near these. What an OpenGL driver may try when something is missing - to
 * fork for a helper, to make a device - is refused, not deadly.
 */
static const char *const deadly[] = {
    /* other programs and processes */
    "execve", "execveat", "kill", "pidfd_getfd", "pidfd_open", "pidfd_send_signal",
    "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace", "rt_sigqueueinfo",
    "rt_tgsigqueueinfo", "tkill",
    /* other ids, roots and namespaces */
    "capset", "chroot", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount",
    "open_by_handle_at", "open_tree", "pivot_root", "setfsgid", "setfsuid", "setgid", "setgroups",
    "setns", "setregid", "setresgid", "setresuid", "setreuid", "setuid", "umount2", "unshare",
    /* the kernel, and ways around this filter */
    "add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load",
    "keyctl", "perf_event_open", "personality", "reboot", "request_key", "swapoff", "swapon",
    "userfaultfd",
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

/* New threads and no processes. */
static int add_threads(scmp_filter_ctx filter)
{
    /* s390 has the flags second (clone(2)) */
#ifdef __s390__
#define CLONE_FLAGS SCMP_A1
#else
#define CLONE_FLAGS SCMP_A0
#endif
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                                  CLONE_FLAGS(SCMP_CMP_MASKED_EQ, THREAD, THREAD));
    /* its flags lie in memory, where no filter sees them; without it the C library uses clone() */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    return result;
}

/* Without OpenGL no memory is ever run that was not when we began. */
static int add_memory(scmp_filter_ctx filter, gboolean opengl)
{
    guint64 looked_at = opengl ? 0 : PROT_EXEC;
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, looked_at, 0));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, looked_at, 0));
    return result;
}

static int add_ioctl(scmp_filter_ctx filter, unsigned kind)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                            SCMP_A1(SCMP_CMP_MASKED_EQ, _IOC_TYPEMASK << _IOC_TYPESHIFT,
                                    (guint64)kind << _IOC_TYPESHIFT));
}

static int add_ioctls(scmp_filter_ctx filter, gboolean opengl)
{
    int result = add_ioctl(filter, VFIO_TYPE);
    if (result == 0)
        result = add_ioctl(filter, DMA_BUF_BASE);
    /* DRM_IOCTL_BASE; NVIDIA's driver has 'F' */
    if (result == 0 && opengl)
        result = add_ioctl(filter, 'd');
    if (result == 0 && opengl)
        result = add_ioctl(filter, 'F');
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, FIONREAD));
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
    /* abort(3) */
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (guint64)getpid()));
    return result;
}

static int load_filter(scmp_filter_ctx filter, gboolean opengl)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0)
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = add_names(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
    if (result == 0 && opengl)
        result = add_names(filter, SCMP_ACT_ALLOW, allowed_opengl, G_N_ELEMENTS(allowed_opengl));
    if (result == 0)
        result = add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, G_N_ELEMENTS(deadly));
    if (result == 0)
        result = add_threads(filter);
    if (result == 0)
        result = add_memory(filter, opengl);
    if (result == 0)
        result = add_ioctls(filter, opengl);
    if (result == 0)
        result = add_own(filter);
    return result == 0 ? seccomp_load(filter) : result;
}

gboolean display_filter_syscalls(gboolean opengl, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    int result = filter != NULL ? load_filter(filter, opengl) : -ENOMEM;
    seccomp_release(filter);
    return result == 0 || error_set_errno(error, -result, "Installing the system call filter");
}

gboolean display_give_up_privileges(GError **error)
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
    return TRUE;
}
