/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "vgpu/access.h"
#include "vgpu/claim.h"
#include "vgpu/pool.h"

/* As udevd's IMPORT{program} reads it. No names: to look them up udevd may have to wait for a
 * network that it is to bring up. */
static int print_access(int uid, int gid, GError **error)
{
    g_autofree char *lines = g_strdup_printf("VGPUCTL_UID=%d\nVGPUCTL_GID=%d\nVGPUCTL_MODE=%s\n",
                                             MAX(uid, 0), MAX(gid, 0), gid >= 0 ? "0660" : "0600");
    return cmd_print(lines, error);
}

static int run_vgpu_access(const CmdContext *context, char **arguments, char **passed,
                           GError **error)
{
    if (!cmd_check_operands(&command_vgpu_access, arguments, 1, 1, error))
        return 2;
    g_autofree char *uuid = access_uuid_of_group(context->root, arguments[0]);
    g_autoptr(Claim) claim = uuid != NULL ? claim_find(context->root, uuid) : NULL;
    if (claim != NULL && claim->made && !claim->kept)
        return print_access(claim->stage == CLAIM_ENDING ? -1 : claim->uid, -1, error);
    g_autoptr(VgpuRecord) record = uuid != NULL ? vgpu_record_find(context->root, uuid) : NULL;
    if (record == NULL)
        return 0;
    if (!pool_add(context->root, record, error))
        return 1;
    return print_access(record->uid, record->gid, error);
}

const Command command_vgpu_access = {
    .name = "vgpu-access",
    .arguments = "GROUP",
    .summary = "Print who may open /dev/vfio/GROUP, for a rule of udevd",
    .run = run_vgpu_access,
};
