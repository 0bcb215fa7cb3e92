/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/table.h"
#include "vgpu/claim-base.h"
#include "vgpu/holder.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"
#include "vgpu/vgpu-names.h"

gboolean claim_is_dead(const Root *root, const Claim *claim)
{
    g_autofree char *lock = claim_lock_path(root, claim->uuid);
    if (claim->owner == NULL || !owner_is_alive(claim->owner, lock))
        return TRUE;
    /* one that is being made has no device yet; others lose it when their parent's driver goes */
    return claim->stage == CLAIM_HELD && !mdev_find(root, claim->uuid, NULL, NULL);
}

/* With the lock of its parent held, as what is dead then is not just about to change. */
static gboolean collect_locked(const Root *root, const char *uuid, Claim **ret_collected,
                               GError **error)
{
    g_autoptr(Claim) claim = claim_find(root, uuid);
    if (claim == NULL || !claim_is_dead(root, claim))
        return TRUE;
    if ((claim->made && !claim_check_holders(root, uuid, error)) ||
        !claim_end(root, claim, error)) {
        g_prefix_error(error, "Taking back what a dead owner left: ");
        return FALSE;
    }
    if (ret_collected != NULL)
        *ret_collected = g_steal_pointer(&claim);
    return TRUE;
}

/* What was to end with the boot, and ended before with the driver of its parent. */
static gboolean is_stale(const Root *root, const VgpuRecord *record)
{
    g_autoptr(Claim) claim = claim_find(root, record->uuid);
    return !record->persistent && claim == NULL && !mdev_find(root, record->uuid, NULL, NULL);
}

/* Removes records that are stale; with the lock of @parent, or NULL: of all, taking the locks. */
static void collect_records(const Root *root, const char *parent)
{
    g_autoptr(GPtrArray) records = vgpu_records(root);
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        if ((parent != NULL && g_strcmp0(record->parent, parent) != 0) || !is_stale(root, record))
            continue;
        gboolean locks = parent == NULL && record->parent != NULL;
        autofd int lock = locks ? claims_lock_parent(root, record->parent, NULL) : -1;
        if (locks && lock < 0)
            continue;
        if (is_stale(root, record) && pool_remove(root, record->uuid, NULL))
            vgpu_record_remove(root, record->uuid, NULL);
    }
}

void claims_collect_parent(const Root *root, const char *parent)
{
    collect_records(root, parent);
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        if (g_strcmp0(claim->parent, parent) == 0 && claim_is_dead(root, claim))
            collect_locked(root, claim->uuid, /* ret_collected= */ NULL, /* error= */ NULL);
    }
}

static gboolean collect_one(const Root *root, const Claim *claim, Claim **ret_collected,
                            GError **error)
{
    if (claim->parent == NULL) { /* not one of ours: whatever it was, nobody can say */
        if (!claim_forget(root, claim->uuid, error))
            return FALSE;
        *ret_collected = record_copy(&claim_type, claim);
        return TRUE;
    }
    autofd int lock = claims_lock_parent(root, claim->parent, error);
    return lock >= 0 && collect_locked(root, claim->uuid, ret_collected, error);
}

gboolean claims_collect(const Root *root, gboolean dry_run, GPtrArray **ret_collected,
                        GError **error)
{
    g_autoptr(GPtrArray) collected = g_ptr_array_new_with_free_func((GDestroyNotify)claim_free);
    g_autoptr(GPtrArray) claims = claims_list(root);
    g_autoptr(GError) first = NULL;
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        g_autoptr(Claim) done = NULL;
        if (!claim_is_dead(root, claim))
            continue;
        if (dry_run)
            done = record_copy(&claim_type, claim);
        else
            collect_one(root, claim, &done, first == NULL ? &first : NULL);
        if (done != NULL)
            g_ptr_array_add(collected, g_steal_pointer(&done));
    }
    if (!dry_run)
        collect_records(root, /* parent= */ NULL);
    if (ret_collected != NULL)
        *ret_collected = g_steal_pointer(&collected);
    if (first == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&first));
    return FALSE;
}

/* "process 812 (vgpuctl), for 'win'" */
static char *describe_claim(const Claim *claim)
{
    g_autofree char *owner = claim->owner != NULL ? owner_describe(claim->owner) : NULL;
    g_autofree char *vm = claim->vm != NULL ? text_printable(claim->vm) : NULL;
    return g_strdup_printf("%s%s%s%s", owner != NULL ? owner : "nobody",
                           vm != NULL ? ", for '" : "", vm != NULL ? vm : "",
                           vm != NULL ? "'" : "");
}

/* Whose a device without a claim is: that of a pool, or what somebody else made. */
static char *describe_unclaimed(const Root *root, const char *uuid)
{
    g_autoptr(VgpuRecord) record = vgpu_record_find(root, uuid);
    g_autofree char *user = pool_describe_user(root, uuid);
    if (user != NULL)
        return g_steal_pointer(&user);
    g_autofree char *holders = mdev_describe_holders(root, uuid);
    g_autofree char *name = record != NULL && record->name != NULL
                                ? g_strdup_printf("'%s', ", record->name)
                                : g_strdup("");
    if (holders != NULL)
        return g_strdup_printf("%sheld open by %s", name, holders);
    return g_strdup_printf("%snot claimed", name);
}

char *claims_describe(const Root *root, const char *parent)
{
    g_auto(GStrv) devices = root_list(root, "/sys/bus/mdev/devices");
    GString *text = g_string_new(NULL);
    for (char **uuid = devices; *uuid != NULL; uuid++) {
        g_autofree char *its_parent = NULL;
        g_autofree char *type = NULL;
        if (!mdev_find(root, *uuid, &its_parent, &type) || !g_str_equal(its_parent, parent))
            continue;
        g_autoptr(Claim) claim = claim_find(root, *uuid);
        g_autofree char *whose =
            claim != NULL ? describe_claim(claim) : describe_unclaimed(root, *uuid);
        g_string_append_printf(text, "%s (%s): %s\n", *uuid, type, whose);
    }
    return g_string_free(text, FALSE);
}
