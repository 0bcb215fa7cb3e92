/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims: which vGPU is whose, in /run/vgpuctl/claims/UUID (one file a claim, mode 0644, a Claim as
 * JSON) - so everybody can see who holds what, and only root writes. A change to a parent's devices
 * is made under /run/vgpuctl/claims/PARENT.lock; a claim is written before its device is made and
 * removed after it, and while it is made or ended it belongs to the process that does so. So a
 * crash at any point leaves a claim with a dead owner, which the next claim or gc takes back.
 */
#pragma once

#include "vgpu/owner.h"

#include "base/root.h"

typedef enum {
    CLAIM_MAKING, /* its owner is the process that makes it */
    CLAIM_HELD,
    CLAIM_ENDING, /* its owner is the process that ends it */
} ClaimStage;
extern const char *const claim_stage_words[]; /* "making", "held", "ending" */

typedef struct {
    char *uuid, *parent, *type;
    char *name; /* of the vGPU, ours; or NULL */
    char *vm;   /* what it is for, or NULL */
    Owner *owner;
    int stage;
    int uid;       /* who may open it; -1: root alone, or those of its pool */
    gboolean made; /* the claim made the device, and its end removes it; else it is of a pool */
    gboolean kept; /* of create and destroy: record and definition end with it, too */
} Claim;
extern const RecordType claim_type;

typedef struct {
    const char *type;   /* "i915-GVTg_V5_4", or a part that is enough: "V5_4" (rules/type-name.h) */
    const char *parent; /* NULL: any that has one left */
    const char *uuid;   /* of the new device; NULL: a random one */
    const char *vm;     /* NULL */
    const Owner *owner;
    int uid;       /* gets access; -1: nobody but root */
    gboolean pool; /* an existing free device of a pool that @uid may open will do */
} ClaimRequest;

/*
 * Takes one, as root: a free one of a pool, or a new one. What dead owners left on that parent is
 * taken back first. For OWNER_LOCK *@ret_fd is the descriptor that holds it (else -1); it may be
 * NULL for other owners. NULL with @error: VGPUCTL_ERROR_BUSY names who holds what,
 * VGPUCTL_ERROR_NOT_FOUND: no GPU has such a type. Free with claim_free().
 */
Claim *claim_take(const Root *root, const ClaimRequest *request, int *ret_fd, GError **error);

/*
 * Ends a claim: access is withdrawn, and the device removed when the claim made it. A holder that
 * only has to die yet is waited for; VGPUCTL_ERROR_BUSY names another one, and nothing was changed.
 * VGPUCTL_ERROR_NOT_FOUND: no such claim.
 */
gboolean claim_release(const Root *root, const char *uuid, GError **error);

/*
 * For who serves several users: from now on this process waits for processes that are dying, and
 * for drivers, with the vGPUs of @uid only; with those of others, whom another user can have to
 * wait for ever, a moment. -1: with all, as it is at first.
 */
void claims_wait_for(int uid);

/* All of them by uuid: Claim, owned. */
GPtrArray *claims_list(const Root *root);
Claim *claim_find(const Root *root, const char *uuid);
void claim_free(Claim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Claim, claim_free)

/* Its file, as others name it: "/run/vgpuctl/claims/UUID". Owned. */
char *claim_path(const Root *root, const char *uuid);

/* Whether nobody needs it any more: its owner is gone, or its device is. */
gboolean claim_is_dead(const Root *root, const Claim *claim);

/*
 * Takes back those that are dead. @ret_collected (may be NULL): Claim, owned; with @dry_run those
 * that would be. FALSE with @error when one could not be (its device is held open): the others are
 * done all the same.
 */
gboolean claims_collect(const Root *root, gboolean dry_run, GPtrArray **ret_collected,
                        GError **error);

/*
 * The devices of @parent and whose they are, a line each: "1234... (i915-GVTg_V5_8): process 812
 * (vgpuctl), for 'win'". Owned; "" for none.
 */
char *claims_describe(const Root *root, const char *parent);

/*
 * Takes the lock of @parent's devices, as whoever makes or removes one does; it ends with the
 * descriptor. -1 with @error set: VGPUCTL_ERROR_BUSY, VGPUCTL_ERROR_ACCESS.
 */
int claims_lock_parent(const Root *root, const char *parent, GError **error);

/* Names of the steps of claim, create and release, "claim/record", in their order; NULL-terminated,
 * static. */
const char *const *claim_step_names(void);
