/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a claim on one parent; claim-take.c chooses the parent. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/uuid.h"
#include "vgpu/access.h"
#include "vgpu/claim-base.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"

gboolean claim_step_lock(ClaimWork *work, GError **error)
{
    work->parent_lock = claims_lock_parent(work->root, work->claim->parent, error);
    return work->parent_lock >= 0;
}

gboolean claim_step_reclaim(ClaimWork *work, GError **error)
{
    claims_collect_parent(work->root, work->claim->parent);
    return TRUE;
}

/* Makes the claim one on @record's vGPU. FALSE: somebody has it already. */
static gboolean record_on_pool(ClaimWork *work, const VgpuRecord *record)
{
    g_autoptr(Claim) claim = record_copy(&claim_type, work->claim);
    g_free(claim->uuid);
    claim->uuid = g_strdup(record->uuid);
    claim->name = g_strdup(record->name);
    claim->uid = -1; /* its node is open to those of the pool as it is */
    claim->made = FALSE;
    if (!claim_write_new(work->root, claim, NULL))
        return FALSE;
    /* asked after we wrote the claim: see pool.c */
    g_autofree char *user = pool_describe_user(work->root, record->uuid);
    if (user != NULL || !claim_check_holders(work->root, record->uuid, NULL)) {
        claim_forget(work->root, record->uuid, NULL);
        return FALSE;
    }
    claim_free(work->claim);
    work->claim = g_steal_pointer(&claim);
    return TRUE;
}

static gboolean record_any_of_pool(ClaimWork *work)
{
    g_autoptr(GPtrArray) records = vgpu_records(work->root);
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        if (pool_is_for(record, work->claim->uid) &&
            g_strcmp0(record->type, work->claim->type) == 0 &&
            g_strcmp0(record->parent, work->claim->parent) == 0 &&
            mdev_find(work->root, record->uuid, NULL, NULL) && record_on_pool(work, record))
            return TRUE;
    }
    return FALSE;
}

int claim_count_left(const Root *root, const char *parent, const char *type)
{
    g_autofree char *path = g_strdup_printf("/sys/class/mdev_bus/%s/mdev_supported_types/%s/"
                                            "available_instances",
                                            parent, type);
    guint64 left = 0;
    return root_read_u64(root, path, &left, NULL) ? (int)MIN(left, G_MAXINT) : -1;
}

gboolean claim_step_record(ClaimWork *work, GError **error)
{
    const Claim *claim = work->claim;
    work->recorded = work->pool && record_any_of_pool(work);
    if (work->recorded)
        return TRUE;
    if (claim_count_left(work->root, claim->parent, claim->type) == 0)
        return error_set(error, VGPUCTL_ERROR_BUSY, "No %s is left on %s", claim->type,
                         claim->parent);
    if (mdev_find(work->root, claim->uuid, NULL, NULL))
        return error_set(error, VGPUCTL_ERROR_EXISTS, "There is a vGPU %s already", claim->uuid);
    work->recorded = claim_write_new(work->root, claim, error);
    return work->recorded;
}

gboolean claim_step_create(ClaimWork *work, GError **error)
{
    Claim *claim = work->claim;
    int failure = 0;
    if (!claim->made ||
        mdev_create(work->root, claim->parent, claim->type, claim->uuid, &failure, error))
        return TRUE;
    /* who does not know our locks, mdevctl or a write to sysfs, was quicker: it is not ours to undo
     */
    if (failure == EEXIST)
        claim->made = FALSE;
    return FALSE;
}

gboolean claim_step_access(ClaimWork *work, GError **error)
{
    const Claim *claim = work->claim;
    return !claim->made || (claim->uid < 0 && work->gid < 0) ||
           access_give(work->root, claim->uuid, claim->uid, work->gid, error);
}

/*
 * The file is root's and the lock a shared one, so that the descriptor can be given to a user for
 * reading: nobody else can take the lock, and nobody can write.
 */
static int take_owner_lock(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *path = claim_lock_path(root, uuid);
    autofd int fd = open(path, O_RDONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 || !file_lock_try(fd, FILE_LOCK_SHARED)) {
        error_set_errno(error, errno, "Locking %s", path);
        return -1;
    }
    return steal_fd(&fd);
}

static gboolean hand_over(ClaimWork *work, GError **error)
{
    Claim *claim = work->claim;
    if (work->owner->kind == OWNER_LOCK) {
        work->owner_lock = take_owner_lock(work->root, claim->uuid, error);
        if (work->owner_lock < 0)
            return FALSE;
    }
    owner_free(claim->owner);
    claim->owner = record_copy(&owner_type, work->owner);
    claim->stage = CLAIM_HELD;
    return claim_write(work->root, claim, error);
}

/* clang-format off */
const ClaimStep claim_take_steps[] = {
    { "claim/lock", claim_step_lock },
    { "claim/reclaim", claim_step_reclaim },
    { "claim/record", claim_step_record },
    { "claim/create", claim_step_create },
    { "claim/access", claim_step_access },
    { "claim/hand-over", hand_over },
    { NULL, NULL },
};
/* clang-format on */

static Claim *new_claim(const ClaimRequest *request, const char *parent, const char *type)
{
    Claim *claim = record_new(&claim_type);
    claim->uuid = request->uuid != NULL ? uuid_parse(request->uuid, NULL) : g_uuid_string_random();
    claim->parent = g_strdup(parent);
    claim->type = g_strdup(type);
    claim->vm = g_strdup(request->vm);
    claim->owner = owner_self();
    claim->stage = CLAIM_MAKING;
    claim->uid = request->uid;
    claim->made = TRUE;
    return claim;
}

Claim *claim_take_on(const Root *root, const ClaimRequest *request, const char *parent,
                     const char *type, int *ret_fd, GError **error)
{
    g_auto(ClaimWork) work = claim_work_new(root, new_claim(request, parent, type));
    work.owner = request->owner;
    work.pool = request->pool;
    if (claim_apply(claim_take_steps, &work, error)) {
        if (ret_fd != NULL)
            *ret_fd = steal_fd(&work.owner_lock);
        return g_steal_pointer(&work.claim);
    }
    if (work.recorded) /* what this cannot take back belongs to us and is dead with us */
        claim_end(root, work.claim, /* error= */ NULL);
    return NULL;
}
