/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * vGPUs that stay: made by root, with a name and for a user or a group, until they are destroyed or
 * the machine restarts; persistent ones come again with the next boot, as they have a definition in
 * /etc/mdevctl.d. While one is made or destroyed there is a claim on it (claim.h), so that whoever
 * comes next finishes what a crash left half done.
 */
#pragma once

#include "vgpu/vgpu-names.h"

typedef struct {
    const char *type;   /* as in ClaimRequest */
    const char *parent; /* NULL: any */
    const char *name;   /* NULL */
    int uid, gid;       /* who may open it; -1 */
    gboolean persistent;
    gboolean ensure; /* one of that name and type that lives will do */
} CreateRequest;

/* Makes one. NULL with @error: as claim_take(), VGPUCTL_ERROR_EXISTS: the name is taken. Free with
 * vgpu_record_free(). */
VgpuRecord *vgpu_create(const Root *root, const CreateRequest *request, GError **error);

/*
 * Removes a vGPU with all we know about it; a definition goes when vgpu_create() wrote it.
 * VGPUCTL_ERROR_BUSY names who has it open, or whose it is by a claim: nothing was changed then.
 * @drop_claim: whose claim it is does not count. VGPUCTL_ERROR_NOT_FOUND: there is no such vGPU.
 */
gboolean vgpu_destroy(const Root *root, const char *uuid, gboolean drop_claim, GError **error);
