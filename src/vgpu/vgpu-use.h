/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whose a vGPU is, in words: its name and who may open it (vgpu-names.h), who claimed it (claim.h),
 * and who has it open (holder.h).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *uuid;
    char *name;   /* or NULL */
    char *owner;  /* of a claim, or of a pool's lock: "process 812 (vgpuctl)"; NULL: nobody */
    char *vm;     /* what it was claimed for, or the VM that has it open; or NULL */
    char *user;   /* who may open it: "alice", a number without a name; NULL: root alone */
    char *holder; /* "qemu-system-x86_64 (pid 812, VM 'win')"; NULL: nobody that we may see */
} VgpuUse;
extern const RecordType vgpu_use_type;

/*
 * Of those of @uuids (char *) of which anything is known: VgpuUse by uuid, owned by the table.
 * Never fails. /proc is walked once, and once more for each that is held.
 */
GHashTable *vgpu_uses(const Root *root, const GPtrArray *uuids);
