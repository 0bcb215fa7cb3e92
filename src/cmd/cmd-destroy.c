/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "cmd/sudo-line.h"
#include "vgpu/create.h"
#include "vgpu/evict.h"

static gboolean force;

static const GOptionEntry destroy_options[] = {
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "End what uses it, whosever it is", NULL },
    G_OPTION_ENTRY_NULL,
};

static gboolean destroy(const Root *root, const char *uuid, GError **error)
{
    guint ended = 0;
    if (force && !mdev_evict(root, uuid, &ended, error))
        return FALSE;
    g_autoptr(GError) reason = NULL;
    if (vgpu_destroy(root, uuid, /* drop_claim= */ force, &reason))
        return TRUE;
    /* the supervisor of a VM that we ended gave it back itself */
    if (ended > 0 && g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND))
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&reason));
    return FALSE;
}

static int run_destroy(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_destroy, arguments, 1, 1, error))
        return 2;
    g_autofree char *uuid = vgpu_resolve(context->root, arguments[0], error);
    return uuid != NULL && destroy(context->root, uuid, error) ? 0 : sudo_line_add(error);
}

const Command command_destroy = {
    .name = "destroy",
    .group = "vGPUs",
    .arguments = "NAME|UUID",
    .summary = "Remove a vGPU, with its name and what makes it come again",
    .details =
        "One that is in use is not removed: who uses it is named. --force ends that first,\n"
        "a VM of ours through its supervisor, any other program by SIGTERM and then SIGKILL.",
    .example = "  sudo vgpuctl destroy win",
    .options = destroy_options,
    .run = run_destroy,
};
