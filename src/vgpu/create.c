/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/create.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rules/type-name.h"
#include "vgpu/claim-base.h"
#include "vgpu/lasting.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"

/* In the place of a parent: what is done to names is done under this lock, taken first. */
#define NAMES "names"

static gboolean lock_both(ClaimWork *work, GError **error)
{
    work->names_lock = claims_lock_parent(work->root, NAMES, error);
    return work->names_lock >= 0 && claim_step_lock(work, error);
}

static VgpuRecord *record_of(const ClaimWork *work)
{
    const Claim *claim = work->claim;
    VgpuRecord *record = record_new(&vgpu_record_type);
    record->uuid = g_strdup(claim->uuid);
    record->name = g_strdup(claim->name);
    record->type = g_strdup(claim->type);
    record->parent = g_strdup(claim->parent);
    record->uid = claim->uid;
    record->gid = work->gid;
    record->persistent = work->persistent;
    return record;
}

/* Before the device is there: udevd's rule for its node looks here. One that is revived has its
 * name already. */
static gboolean write_name(ClaimWork *work, GError **error)
{
    g_autoptr(VgpuRecord) other =
        work->claim->name != NULL ? vgpu_record_by_name(work->root, work->claim->name) : NULL;
    if (other != NULL && !g_str_equal(other->uuid, work->claim->uuid))
        return error_set(
            error, VGPUCTL_ERROR_EXISTS,
            "A vGPU is named '%s' already: %s of type %s; 'vgpuctl destroy %s' removes "
            "it, another --name leaves it",
            other->name, other->uuid, other->type, other->name);
    g_autoptr(VgpuRecord) record = record_of(work);
    return vgpu_record_write(work->root, record, error);
}

static gboolean define(ClaimWork *work, GError **error)
{
    return !work->persistent || lasting_define(work->root, work->claim, error);
}

static gboolean add_to_pool(ClaimWork *work, GError **error)
{
    g_autoptr(VgpuRecord) record = record_of(work);
    return pool_add(work->root, record, error);
}

/* From here on it stays. */
static gboolean keep(ClaimWork *work, GError **error)
{
    return claim_forget(work->root, work->claim->uuid, error);
}

/* clang-format off */
const ClaimStep claim_create_steps[] = {
    { "create/lock", lock_both },
    { "create/reclaim", claim_step_reclaim },
    { "create/record", claim_step_record },
    { "create/name", write_name },
    { "create/create", claim_step_create },
    { "create/access", claim_step_access },
    { "create/define", define },
    { "create/pool", add_to_pool },
    { "create/keep", keep },
    { NULL, NULL },
};
/* clang-format on */

static Claim *new_claim(const CreateRequest *request, const char *parent, const char *type)
{
    Claim *claim = record_new(&claim_type);
    claim->uuid = g_uuid_string_random();
    claim->parent = g_strdup(parent);
    claim->type = g_strdup(type);
    claim->name = g_strdup(request->name);
    claim->owner = owner_self();
    claim->stage = CLAIM_MAKING;
    claim->uid = request->uid;
    claim->made = TRUE;
    claim->kept = TRUE;
    return claim;
}

static VgpuRecord *carry_out(ClaimWork *work, GError **error)
{
    if (claim_apply(claim_create_steps, work, error))
        return record_of(work);
    if (work->recorded) /* what this cannot take back belongs to us and is dead with us */
        claim_end(work->root, work->claim, /* error= */ NULL);
    return NULL;
}

static VgpuRecord *create_on(const Root *root, const CreateRequest *request,
                             const ClaimPlace *place, GError **error)
{
    g_auto(ClaimWork) work =
        claim_work_new(root, new_claim(request, place->parent->name, place->type->id));
    work.gid = request->gid;
    work.persistent = request->persistent;
    return carry_out(&work, error);
}

/* A persistent one that does not live, as it was: what fails then leaves its name alone. */
static VgpuRecord *revive(const Root *root, const VgpuRecord *record, GError **error)
{
    const CreateRequest request = { .name = record->name, .uid = record->uid };
    g_auto(ClaimWork) work =
        claim_work_new(root, new_claim(&request, record->parent, record->type));
    g_free(work.claim->uuid);
    work.claim->uuid = g_strdup(record->uuid);
    work.claim->kept = FALSE;
    work.gid = record->gid;
    work.persistent = record->persistent;
    return carry_out(&work, error);
}

static VgpuRecord *create_anywhere(const Root *root, const CreateRequest *request,
                                   const GArray *places, GError **error)
{
    for (guint i = 0; i < places->len; i++) {
        g_autoptr(GError) reason = NULL;
        VgpuRecord *record =
            create_on(root, request, &g_array_index(places, ClaimPlace, i), &reason);
        if (record != NULL)
            return record;
        if (!g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
    }
    claim_set_none_left_error(root, places, request->type, error);
    return NULL;
}

/* What --ensure asks for; NULL without @error: there is none yet. */
static VgpuRecord *find_ensured(const Root *root, const CreateRequest *request, GError **error)
{
    g_autoptr(VgpuRecord) record = vgpu_record_by_name(root, request->name);
    g_autoptr(Claim) claim = record != NULL ? claim_find(root, record->uuid) : NULL;
    if (record == NULL || (claim != NULL && claim->kept)) /* half made, or half gone */
        return NULL;
    if (record->type == NULL || !type_matches(record->type, request->type)) {
        error_set(error, VGPUCTL_ERROR_EXISTS,
                  "vGPU '%s' is there, of type %s and not %s; 'vgpuctl destroy %s' removes it",
                  record->name, record->type, request->type, record->name);
        return NULL;
    }
    if (mdev_find(root, record->uuid, NULL, NULL))
        return g_steal_pointer(&record);
    return record->persistent && claim_check_root(root, error) ? revive(root, record, error) : NULL;
}

static gboolean check_request(const Root *root, const CreateRequest *request, GError **error)
{
    if (request->ensure && request->name == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "--ensure needs --name: by it the vGPU is known again");
    return request->name == NULL || vgpu_name_check(request->name, error);
}

static VgpuRecord *create_new(const Root *root, const CreateRequest *request, GError **error)
{
    if (!claim_check_root(root, error))
        return NULL;
    MdevFacts *facts = mdev_facts_read(root);
    g_autoptr(GArray) places = claim_places(facts, request->type, request->parent, error);
    VgpuRecord *record = places != NULL ? create_anywhere(root, request, places, error) : NULL;
    record_free(&mdev_facts_type, facts);
    return record;
}

VgpuRecord *vgpu_create(const Root *root, const CreateRequest *request, GError **error)
{
    if (!check_request(root, request, error))
        return NULL;
    for (gboolean again = FALSE;; again = TRUE) {
        g_autoptr(GError) reason = NULL;
        VgpuRecord *record = request->ensure ? find_ensured(root, request, &reason) : NULL;
        if (record == NULL && reason == NULL)
            record = create_new(root, request, &reason);
        if (record != NULL)
            return record;
        /* somebody else was quicker to ensure the same */
        if (again || !request->ensure ||
            !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_EXISTS)) {
            g_propagate_error(error, g_steal_pointer(&reason));
            return NULL;
        }
    }
}

/* A claim of ours on what is to go, in the place of whatever claim there is. */
static Claim *claim_to_destroy(const Root *root, const char *uuid)
{
    g_autofree char *parent = NULL;
    g_autofree char *type = NULL;
    g_autoptr(VgpuRecord) record = vgpu_record_find(root, uuid);
    if (!mdev_find(root, uuid, &parent, &type) && record == NULL)
        return NULL;
    Claim *claim = record_new(&claim_type);
    claim->uuid = g_strdup(uuid);
    claim->parent = parent != NULL ? g_steal_pointer(&parent) : g_strdup(record->parent);
    claim->type = type != NULL ? g_steal_pointer(&type) : g_strdup(record->type);
    if (claim->parent == NULL) /* somebody wrote the record by hand */
        claim->parent = g_strdup("unknown");
    claim->name = record != NULL ? g_strdup(record->name) : NULL;
    claim->owner = owner_self();
    claim->uid = -1;
    claim->made = TRUE;
    claim->kept = TRUE;
    return claim;
}

static gboolean check_unclaimed(const Root *root, const char *uuid, GError **error)
{
    g_autoptr(Claim) claim = claim_find(root, uuid);
    if (claim == NULL || claim_is_dead(root, claim))
        return TRUE;
    g_autofree char *owner = owner_describe(claim->owner);
    return error_set(error, VGPUCTL_ERROR_BUSY,
                     "vGPU %s belongs to %s; 'vgpuctl release %s' ends that, --force does both",
                     uuid, owner, uuid);
}

static gboolean check_unused(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *user = pool_describe_user(root, uuid);
    if (user != NULL)
        return error_set(error, VGPUCTL_ERROR_BUSY,
                         "vGPU %s is in use by %s; --force removes it all the same", uuid, user);
    return claim_check_holders(root, uuid, error);
}

/*
 * Whether nobody needs it: no claim of somebody who lives, no user of a pool, no holder. It is ours
 * before these are asked after, as who takes one of a pool looks for claims when they have its lock
 * (pool.c); should we die before we know, that claim is one that removes nothing.
 */
static gboolean reserve(const Root *root, const Claim *claim, GError **error)
{
    if (!check_unclaimed(root, claim->uuid, error))
        return FALSE;
    g_autoptr(Claim) dead = claim_find(root, claim->uuid);
    g_autoptr(Claim) ours = record_copy(&claim_type, claim);
    ours->made = FALSE;
    ours->kept = FALSE;
    if (!claim_write(root, ours, error))
        return FALSE;
    if (check_unused(root, claim->uuid, error))
        return TRUE;
    if (dead != NULL)
        claim_write(root, dead, /* error= */ NULL);
    else
        claim_forget(root, claim->uuid, /* error= */ NULL);
    return FALSE;
}

gboolean vgpu_destroy(const Root *root, const char *uuid, gboolean drop_claim, GError **error)
{
    if (!claim_check_root(root, error))
        return FALSE;
    g_autoptr(Claim) claim = claim_to_destroy(root, uuid);
    if (claim == NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "There is no vGPU %s; 'vgpuctl list' shows those there are", uuid);
    autofd int lock = claims_lock_parent(root, claim->parent, error);
    return lock >= 0 &&
           (drop_claim ? claim_check_holders(root, uuid, error) : reserve(root, claim, error)) &&
           claim_end(root, claim, error);
}
