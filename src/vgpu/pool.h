/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pools: vGPUs that root made for a user or a group and that stay. Who may open one may use it
 * without root: they hold a lock on /run/vgpuctl/pool/UUID, which belongs to that user or group
 * (0600, 0660), for as long as they have it. Its content is the pid of the last one.
 */
#pragma once

#include "vgpu/claim.h"
#include "vgpu/vgpu-names.h"

/* Makes the lock of @record's vGPU for its user or group, as root; does nothing for a record of
 * neither. One that is there keeps its holder. */
gboolean pool_add(const Root *root, const VgpuRecord *record, GError **error);

/*
 * Gives a vGPU that was started again to whom its record names, as at its making: access to its
 * node and the lock. Does nothing for one without a record.
 */
gboolean pool_restore(const Root *root, const char *uuid, GError **error);

/* Silent when there is none. */
gboolean pool_remove(const Root *root, const char *uuid, GError **error);

/* "process 812 (vgpuctl)" that has it now, by its lock; NULL: nobody, or it is of no pool. A lock
 * we may not look at is "somebody". Owned. */
char *pool_describe_user(const Root *root, const char *uuid);

/* Whether user @uid is among those the record is for. */
gboolean pool_is_for(const VgpuRecord *record, int uid);

/*
 * Takes a free one of @type for this user, who need not be root: on @parent, or any (NULL). It is
 * theirs until *@ret_fd and its duplicates are closed. NULL with @error: VGPUCTL_ERROR_NOT_FOUND,
 * this user has none of that type; VGPUCTL_ERROR_BUSY names who has them. Free with claim_free().
 */
Claim *pool_take(const Root *root, const char *type, const char *parent, int *ret_fd,
                 GError **error);

/*
 * Takes that one: the descriptor that holds it. -1 with @error: VGPUCTL_ERROR_NOT_FOUND, it is of
 * no pool; VGPUCTL_ERROR_BUSY, somebody has it.
 */
int pool_lock(const Root *root, const char *uuid, GError **error);
