/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-confine.h"

#include <errno.h>
#include <linux/dma-buf.h>
#include <linux/vfio.h>
#include <seccomp.h>
#include <sys/ioctl.h>

#include "libexec/confine.h"

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

/* Without OpenGL no memory is ever run that was not when we began. */
static int add_all(scmp_filter_ctx filter, gpointer userdata)
{
    const gboolean opengl = GPOINTER_TO_INT(userdata);
    int result = confine_add_names(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
    if (result == 0 && opengl)
        result =
            confine_add_names(filter, SCMP_ACT_ALLOW, allowed_opengl, G_N_ELEMENTS(allowed_opengl));
    if (result == 0)
        result = confine_add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, G_N_ELEMENTS(deadly));
    if (result == 0)
        result = confine_add_threads(filter);
    if (result == 0) /* without it the C library uses clone() */
        result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    if (result == 0)
        result = confine_add_memory(filter, opengl);
    if (result == 0)
        result = add_ioctls(filter, opengl);
    return result == 0 ? confine_add_own(filter) : result;
}

gboolean display_filter_syscalls(gboolean opengl, GError **error)
{
    return confine_filter(SCMP_ACT_ERRNO(EPERM), add_all, GINT_TO_POINTER(opengl), error);
}
