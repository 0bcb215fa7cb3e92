/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of claim.h share: claims as files, and changes as steps. */
#pragma once

#include "host/facts-mdev.h"
#include "vgpu/claim.h"

/* Where an OWNER_LOCK has its lock, "<claim>.owner". Owned. */
char *claim_lock_path(const Root *root, const char *uuid);

/* Writes a claim that must not be there yet (VGPUCTL_ERROR_EXISTS), or one that is. */
gboolean claim_write_new(const Root *root, const Claim *claim, GError **error);
gboolean claim_write(const Root *root, const Claim *claim, GError **error);
/* Removes its files; silent when they are gone. */
gboolean claim_forget(const Root *root, const char *uuid, GError **error);

/* A change that is under way, with the lock of the parent. */
typedef struct {
    const Root *root;   /* borrowed */
    Claim *claim;       /* owned */
    const Owner *owner; /* borrowed; who gets it when it is made */
    gboolean pool;      /* one of a pool will do */
    int gid;            /* who gets access besides claim->uid; -1: nobody */
    gboolean persistent;
    gboolean recorded; /* its claim is written: an undo has something to do */
    int names_lock;    /* owned; -1: none */
    int parent_lock;   /* owned; -1: none */
    int owner_lock;    /* owned; of OWNER_LOCK; -1: none */
} ClaimWork;

/* @claim becomes owned. */
ClaimWork claim_work_new(const Root *root, Claim *claim);
void claim_work_clear(ClaimWork *work);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ClaimWork, claim_work_clear)

typedef struct {
    const char *name; /* "claim/record" */
    gboolean (*apply)(ClaimWork *work, GError **error);
} ClaimStep;

/* Each ends with a step without a name. */
extern const ClaimStep claim_take_steps[];   /* claim-make.c */
extern const ClaimStep claim_create_steps[]; /* create.c */
extern const ClaimStep claim_end_steps[];    /* claim-end.c */

/* The steps that claim and create share. */
gboolean claim_step_lock(ClaimWork *work, GError **error);
gboolean claim_step_reclaim(ClaimWork *work, GError **error);
gboolean claim_step_record(ClaimWork *work, GError **error);
gboolean claim_step_create(ClaimWork *work, GError **error);
gboolean claim_step_access(ClaimWork *work, GError **error);

/* Applies them in order until one fails. The tests end us behind each of them. */
gboolean claim_apply(const ClaimStep *steps, ClaimWork *work, GError **error);

/*
 * Takes back the claim on @uuid, as far as it was made, whoever its owner is; with the lock of its
 * parent held. A crash in between leaves a claim that is dead.
 */
gboolean claim_end(const Root *root, const Claim *claim, GError **error);

/* Waits for holders that are dying; VGPUCTL_ERROR_BUSY names others. */
gboolean claim_check_holders(const Root *root, const char *uuid, GError **error);

/* Takes back the dead claims on @parent, with its lock held; what cannot be is left. */
void claims_collect_parent(const Root *root, const char *parent);

/* A parent with the type that is wanted; both borrowed from the facts. */
typedef struct {
    const MdevParent *parent;
    const MdevType *type;
} ClaimPlace;

/* All of them; NULL with @error set when there is none: VGPUCTL_ERROR_NOT_FOUND. */
GArray *claim_places(const MdevFacts *facts, const char *type, const char *parent, GError **error);

/* How many of @type can be made now, as the kernel says; -1: it does not. */
int claim_count_left(const Root *root, const char *parent, const char *type);

/* VGPUCTL_ERROR_BUSY: who holds what there. */
void claim_set_none_left_error(const Root *root, const GArray *places, const char *type,
                               GError **error);

/* Takes one of @type on @parent. VGPUCTL_ERROR_BUSY: none is left there. */
Claim *claim_take_on(const Root *root, const ClaimRequest *request, const char *parent,
                     const char *type, int *ret_fd, GError **error);

/* VGPUCTL_ERROR_ACCESS for who is not root. */
gboolean claim_check_root(const Root *root, GError **error);
