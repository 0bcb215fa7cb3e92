/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-confine.h"

#include <errno.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "libexec/confine.h"

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

static int add_all(scmp_filter_ctx filter, gpointer userdata)
{
    int result = confine_add_names(filter, SCMP_ACT_ALLOW, allowed, G_N_ELEMENTS(allowed));
    if (result == 0)
        result = confine_add_names(filter, SCMP_ACT_KILL_PROCESS, deadly, G_N_ELEMENTS(deadly));
    if (result == 0)
        result = confine_add_threads(filter);
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
                                  SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, FIONREAD));
    if (result == 0)
        result = confine_add_memory(filter, FALSE);
    return result == 0 ? confine_add_own(filter) : result;
}

gboolean web_confine(GError **error)
{
    return confine_give_up_privileges(error) &&
           confine_filter(SCMP_ACT_ERRNO(ENOSYS), add_all, NULL, error);
}
