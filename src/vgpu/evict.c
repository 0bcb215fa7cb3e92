/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/evict.h"

#include <signal.h>

#include "base/error.h"
#include "base/pid.h"
#include "vgpu/claim-base.h"
#include "vgpu/holder.h"

#define ASK_LIMIT_MS 10000
#define KILL_LIMIT_MS 20000

/* Whether that process runs our program. By a claim's owner alone we would signal anybody. */
static gboolean is_supervisor(const Owner *owner)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", owner->pid);
    g_autofree char *name = NULL;
    return owner->kind == OWNER_PID && pid_runs_same(owner->pid, owner->started_ticks) &&
           g_file_get_contents(path, &name, NULL, NULL) && g_str_equal(g_strchomp(name), "vgpuctl");
}

/*
 * The supervisor of a VM takes SIGQUIT as the end of its QEMU at once (session/stop.c). That it
 * goes on is no failure: its QEMU is looked after like any other. The pid in a pool's lock is not
 * asked: a user wrote it.
 */
static void stop_supervisor(const Root *root, const char *uuid)
{
    g_autoptr(Claim) claim = claim_find(root, uuid);
    if (claim != NULL && claim->vm != NULL && claim->owner != NULL && is_supervisor(claim->owner))
        pid_ask_same(claim->owner->pid, claim->owner->started_ticks, SIGQUIT, ASK_LIMIT_MS, NULL);
}

static gboolean end_holder(const Holder *holder, GError **error)
{
    g_autoptr(GError) reason = NULL;
    if (pid_ask_same(holder->pid, holder->started_ticks, SIGTERM, ASK_LIMIT_MS, &reason))
        return TRUE;
    if (!g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    return pid_kill_same(holder->pid, holder->started_ticks, KILL_LIMIT_MS, error);
}

gboolean mdev_evict(const Root *root, const char *uuid, guint *ret_ended, GError **error)
{
    /* who cannot remove it has no reason to end their own VM */
    if (!claim_check_root(root, error))
        return FALSE;
    g_autoptr(GPtrArray) before = mdev_holders(root, uuid);
    if (ret_ended != NULL)
        *ret_ended = before->len;
    if (before->len == 0)
        return TRUE;
    stop_supervisor(root, uuid);
    g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
    for (guint i = 0; i < holders->len; i++)
        if (!end_holder(holders->pdata[i], error))
            return FALSE;
    return TRUE;
}
