/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/confine.h"

#include <cap-ng.h>
#include <errno.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"

int confine_add_names(scmp_filter_ctx filter, guint32 action, const char *const *names, gsize count)
{
    for (gsize i = 0; i < count; i++) {
        int number = seccomp_syscall_resolve_name(names[i]);
        int result = number == __NR_SCMP_ERROR ? 0 : seccomp_rule_add(filter, action, number, 0);
        if (result < 0)
            return result;
    }
    return 0;
}

int confine_add_clone(scmp_filter_ctx filter, guint64 mask, guint64 wanted)
{
    /* s390 has the flags second (clone(2)) */
#ifdef __s390__
#define CLONE_FLAGS SCMP_A1
#else
#define CLONE_FLAGS SCMP_A0
#endif
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
                            CLONE_FLAGS(SCMP_CMP_MASKED_EQ, mask, wanted));
}

int confine_add_threads(scmp_filter_ctx filter)
{
    const guint64 thread = CLONE_VM | CLONE_THREAD | CLONE_SIGHAND;
    return confine_add_clone(filter, thread, thread);
}

int confine_add_memory(scmp_filter_ctx filter, gboolean executable)
{
    guint64 looked_at = executable ? 0 : PROT_EXEC;
    int result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, looked_at, 0));
    if (result == 0)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, looked_at, 0));
    return result;
}

int confine_add_own(scmp_filter_ctx filter)
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

static int fill_and_load(scmp_filter_ctx filter, int (*add)(scmp_filter_ctx, gpointer),
                         gpointer userdata)
{
    int result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (result == 0) /* threads that GLib has started already, too */
        result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (result == 0)
        result = add(filter, userdata);
    return result == 0 ? seccomp_load(filter) : result;
}

gboolean confine_filter(guint32 otherwise, int (*add)(scmp_filter_ctx filter, gpointer userdata),
                        gpointer userdata, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(otherwise);
    int result = filter != NULL ? fill_and_load(filter, add, userdata) : -ENOMEM;
    seccomp_release(filter);
    return result == 0 || error_set_errno(error, -result, "Installing the system call filter");
}

gboolean confine_give_up_privileges(GError **error)
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
