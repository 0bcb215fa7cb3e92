/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How a claim ends, and how one that was not finished is taken back: the same steps, each of which
 * is fine with nothing to do.
 */
#include "base/cleanup.h"
#include "base/error.h"
#include "vgpu/access.h"
#include "vgpu/claim-base.h"
#include "vgpu/holder.h"
#include "vgpu/lasting.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"
#include "vgpu/vgpu-names.h"

/* The kernel takes its time to unpin the memory of a large VM. */
#define DYING_LIMIT_MS 10000
#define REMOVE_LIMIT_MS 5000

/* For another user's, who may have put something in our way. */
#define OTHERS_LIMIT_MS 250

static int waited_uid = -1; /* -1: all */

void claims_wait_for(int uid)
{
    waited_uid = uid;
}

static guint patience(const Claim *claim, guint limit_ms)
{
    gboolean others = waited_uid >= 0 && claim != NULL && claim->uid != waited_uid;
    return others ? MIN(limit_ms, OTHERS_LIMIT_MS) : limit_ms;
}

/* From here on it is ours, so that it is dead when we are; nobody can go back. */
static gboolean adopt(ClaimWork *work, GError **error)
{
    Claim *claim = work->claim;
    owner_free(claim->owner);
    claim->owner = owner_self();
    claim->stage = CLAIM_ENDING;
    return claim_write(work->root, claim, error);
}

static gboolean withdraw(ClaimWork *work, GError **error)
{
    return !work->claim->made || access_withdraw(work->root, work->claim->uuid, error);
}

static gboolean remove_device(ClaimWork *work, GError **error)
{
    if (!work->claim->made || !mdev_find(work->root, work->claim->uuid, NULL, NULL))
        return TRUE;
    g_autoptr(GError) reason = NULL;
    guint limit_ms = patience(work->claim, REMOVE_LIMIT_MS);
    if (mdev_remove(work->root, work->claim->uuid, limit_ms, NULL, &reason) ||
        g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

/* What somebody else defined is theirs. */
static gboolean undefine(ClaimWork *work, GError **error)
{
    g_autoptr(VgpuRecord) record =
        work->claim->kept ? vgpu_record_find(work->root, work->claim->uuid) : NULL;
    return record == NULL || !record->persistent ||
           lasting_undefine(work->root, work->claim, error);
}

static gboolean unname(ClaimWork *work, GError **error)
{
    if (!work->claim->kept)
        return TRUE;
    return pool_remove(work->root, work->claim->uuid, error) &&
           vgpu_record_remove(work->root, work->claim->uuid, error);
}

static gboolean forget(ClaimWork *work, GError **error)
{
    return claim_forget(work->root, work->claim->uuid, error);
}

/* clang-format off */
const ClaimStep claim_end_steps[] = {
    { "end/adopt", adopt },
    { "end/withdraw", withdraw },
    { "end/remove", remove_device },
    { "end/undefine", undefine },
    { "end/unname", unname },
    { "end/forget", forget },
    { NULL, NULL },
};
/* clang-format on */

gboolean claim_end(const Root *root, const Claim *claim, GError **error)
{
    g_auto(ClaimWork) work = claim_work_new(root, record_copy(&claim_type, claim));
    return claim_apply(claim_end_steps, &work, error);
}

gboolean claim_check_holders(const Root *root, const char *uuid, GError **error)
{
    g_autoptr(Claim) claim = claim_find(root, uuid);
    if (mdev_wait_ending_holders(root, uuid, patience(claim, DYING_LIMIT_MS)))
        return TRUE;
    g_autofree char *holders = mdev_describe_holders(root, uuid);
    return holders == NULL ||
           error_set(error, VGPUCTL_ERROR_BUSY, "vGPU %s is held open by %s; end that first", uuid,
                     holders);
}

/* Claim and lock of its parent: what was read before the lock may have changed until then. */
static Claim *find_and_lock(const Root *root, const char *uuid, int *ret_lock, GError **error)
{
    g_autoptr(Claim) before = claim_find(root, uuid);
    if (before == NULL || before->parent == NULL) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "vGPU %s is not claimed; 'vgpuctl list' shows which are", uuid);
        return NULL;
    }
    autofd int lock = claims_lock_parent(root, before->parent, error);
    g_autoptr(Claim) claim = lock >= 0 ? claim_find(root, uuid) : NULL;
    if (lock >= 0 && claim == NULL)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "vGPU %s was just given back", uuid);
    *ret_lock = steal_fd(&lock);
    return g_steal_pointer(&claim);
}

gboolean claim_release(const Root *root, const char *uuid, GError **error)
{
    autofd int lock = -1;
    g_autoptr(Claim) claim = find_and_lock(root, uuid, &lock, error);
    return claim != NULL && (!claim->made || claim_check_holders(root, uuid, error)) &&
           claim_end(root, claim, error);
}
