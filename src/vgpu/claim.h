/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Claims: which vGPU is whose, in /run/vgpuctl/claims/UUID (one file a claim, mode 0644, a Claim as
 * JSON) - so everybody can see who holds what, and only root writes. A change to a parent's devices
 * is made under /run/vgpuctl/claims/PARENT.lock; a claim is written before its device is made and
 * removed after it, so that a crash at any point leaves a claim with a dead owner, which the next
 * claim or gc takes back.
 */
#pragma once

#include <sys/types.h>

#include "vgpu/owner.h"

typedef struct {
    char *uuid, *parent, *type;
    char *name; /* of the vGPU, ours; or NULL */
    char *vm;   /* what it is for, or NULL */
    Owner *owner;
    int uid;       /* who may open it; -1: root alone */
    gboolean made; /* the claim made the device, and its end removes it; else it is of a pool */
} Claim;
extern const RecordType claim_type;

typedef struct {
    const char *type; /* "i915-GVTg_V5_4", or without what is before the last "-" or "_"s: "V5_4" */
    const char *parent; /* NULL: any that has one left */
    const char *uuid;   /* of the new device; NULL: a random one */
    const char *vm;     /* NULL */
    const Owner *owner;
    int uid;       /* gets access; -1: nobody but root */
    gboolean pool; /* an existing free device of a pool that @uid may open will do */
} ClaimRequest;

/*
 * Takes one, as root: a free one of a pool, or a new one. What dead owners left is taken back
 * first. For OWNER_LOCK *@ret_fd is the descriptor that holds it (else -1). NULL with @error:
 * VGPUCTL_ERROR_BUSY names who holds what. Free with claim_free().
 */
Claim *claim_take(const Root *root, const ClaimRequest *request, int *ret_fd, GError **error);

/* Ends a claim: access is withdrawn, and the device removed when the claim made it. */
gboolean claim_release(const Root *root, const char *uuid, GError **error);

/* All of them by uuid: Claim, owned. */
GPtrArray *claims_list(const Root *root);
Claim *claim_find(const Root *root, const char *uuid);
void claim_free(Claim *claim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Claim, claim_free)

/* Takes back those of dead owners. @ret_collected (may be NULL): Claim, owned. FALSE with @error
 * when one could not be (its device is held open): the others are done all the same. */
gboolean claims_collect(const Root *root, gboolean dry_run, GPtrArray **ret_collected,
                        GError **error);

/* "0000:00:02.0 i915-GVTg_V5_8 1234...: process 812 (vgpuctl), VM 'win'", a line each. Owned. */
char *claims_describe(const Root *root, const char *parent);
