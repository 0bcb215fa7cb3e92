/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/broker-confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <sys/prctl.h>

#include "base/error.h"
#include "libexec/confine.h"

/* clang-format off */
static const char *const allowed[] = {
    /* memory */
    "brk", "madvise", "mremap", "munmap",
    /* files: of what may be opened, the file system's own rules and the unit decide */
    "access", "chmod", "chown", "close", "close_range", "dup", "dup2", "dup3", "faccessat",
    "faccessat2", "fchmod", "fchmodat", "fchown", "fchownat", "fcntl", "fstat", "fstatfs",
    "fsync", "ftruncate", "getcwd", "getdents", "getdents64", "lchown", "link", "linkat",
    "lseek", "lstat", "mkdir", "mkdirat", "newfstatat", "open", "openat", "openat2", "pipe",
    "pipe2", "pread64", "read", "readlink", "readlinkat", "readv", "rename", "renameat",
    "renameat2", "rmdir", "stat", "statfs", "statx", "umask", "unlink", "unlinkat", "write",
    "writev",
    /* the connection, and those that come */
    "accept", "accept4", "getsockopt", "recvfrom", "recvmsg", "sendmsg", "sendto", "shutdown",
    /* waiting */
    "alarm", "clock_getres", "clock_gettime", "clock_nanosleep", "epoll_create1", "epoll_ctl",
    "epoll_pwait", "epoll_wait", "futex", "gettimeofday", "inotify_add_watch", "inotify_init1",
    "inotify_rm_watch", "nanosleep", "pidfd_open", "poll", "ppoll", "restart_syscall",
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "sched_yield", "setitimer", "sigaltstack",
    "wait4", "waitid",
    /* oneself */
    "exit", "exit_group", "getegid", "geteuid", "getgid", "getpid", "getppid", "getrandom",
    "getrlimit", "gettid", "getuid", "prlimit64", "rseq", "sched_getaffinity",
    "set_robust_list", "set_tid_address", "sysinfo", "time", "uname",
};

/* No honest broker comes near these; systemd-analyze syscall-filter has the like in sets. */
static const char *const deadly[] = {
    /* other programs and processes */
    "execve", "execveat", "kill", "pidfd_getfd", "pidfd_send_signal", "process_madvise",
    "process_vm_readv", "process_vm_writev", "ptrace", "rt_sigqueueinfo", "rt_tgsigqueueinfo",
    "tgkill", "tkill",
    /* the network */
    "bind", "connect", "listen", "socket", "socketpair",
    /* what the capabilities we keep would open: CAP_DAC_READ_SEARCH reads any file by its handle */
    "name_to_handle_at", "open_by_handle_at",
    /* other ids, roots and namespaces */
    "capset", "chroot", "fsconfig", "fsmount", "fsopen", "mount", "mount_setattr", "move_mount",
    "open_tree", "pivot_root", "setfsgid", "setfsuid", "setgid", "setgroups", "setns",
    "setregid", "setresgid", "setresuid", "setreuid", "setuid", "umount2", "unshare",
    /* the kernel, and ways around this filter */
    "add_key", "bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load", "kexec_load",
    "keyctl", "mknod", "mknodat", "perf_event_open", "personality", "reboot", "request_key",
    "swapoff", "swapon", "symlink", "symlinkat", "userfaultfd",
};
/* clang-format on */

#define NAMESPACES                                                                                 \
    (CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER |  \
     CLONE_NEWUTS)

/* Processes as fork(3) makes them, and memory that is never both written and run. */
static int add_all(scmp_filter_ctx filter, gpointer userdata)
{
    int result = confine_add_names(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
    if (result == 0)
        result = confine_add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, G_N_ELEMENTS(deadly));
    if (result == 0)
        result = confine_add_clone(filter, NAMESPACES | CLONE_VM, 0);
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fork), 0);
    return result == 0 ? confine_add_memory(filter, FALSE) : result;
}

gboolean broker_filter_syscalls(GError **error)
{
    return confine_filter(SCMP_ACT_ERRNO(ENOSYS), add_all, NULL, error);
}

gboolean broker_drop_capabilities(GError **error)
{
    /* without it the bounding set stays as the unit has made it, and nothing runs a program anyway
     */
    gboolean may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) > 0;
    capng_clear(CAPNG_SELECT_ALL);
    int result = capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, CAP_CHOWN,
                               CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_SYS_PTRACE, -1);
    if (result == 0)
        result = capng_apply(may_bound ? CAPNG_SELECT_ALL : CAPNG_SELECT_CAPS);
    if (result < 0)
        return error_set(error, VGPUCTL_ERROR_FAILED, "Dropping capabilities: libcap-ng says %d",
                         result);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set_errno(error, errno, "Giving up new privileges");
    return TRUE;
}
