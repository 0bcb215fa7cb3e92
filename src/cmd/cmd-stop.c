/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/user.h"
#include "cmd/mdev-host.h"
#include "cmd/sudo-line.h"
#include "session/stop.h"
#include "vgpu/evict.h"
#include "vgpu/mdev-life.h"
#include "vgpu/vgpu-names.h"
#include "vgpu/vgpu-use.h"

static gboolean force;
static int limit_s = 60;
static char *uuid_word;

static const GOptionEntry stop_options[] = {
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force,
      "End QEMU at once, the guest is not asked; of a vGPU: end what uses it", NULL },
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_word, "Stop a vGPU instead", "UUID|NAME" },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &limit_s, "Time to wait for its end (60)", "SECONDS" },
    G_OPTION_ENTRY_NULL,
};

/* A vGPU that was claimed is its owner's to give back. */
static gboolean check_unclaimed(const Root *root, char *uuid, GError **error)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    g_ptr_array_add(uuids, uuid);
    g_autoptr(GHashTable) uses = vgpu_uses(root, uuids);
    const VgpuUse *use = g_hash_table_lookup(uses, uuid);
    return use == NULL || use->owner == NULL ||
           error_set(error, VGPUCTL_ERROR_BUSY,
                     "vGPU %s is claimed by %s; vgpuctl release ends that, --force does not ask",
                     uuid, use->owner);
}

static int stop_vgpu(const Root *root, GError **error)
{
    g_autofree char *uuid = vgpu_resolve(root, uuid_word, error);
    guint ended = 0;
    if (uuid == NULL ||
        !(force ? mdev_evict(root, uuid, &ended, error) : check_unclaimed(root, uuid, error)))
        return sudo_line_add(error);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, root);
    if (mdev_stop(&host.host, uuid, force, error))
        return 0;
    cmd_mdev_host_explain(&host, error);
    return sudo_line_add(error);
}

/* Of two things with names: who means the other one is told how. */
static int stop_vm(const Root *root, const char *name, GError **error)
{
    SessionStop how = force ? SESSION_STOP_FORCE : SESSION_STOP_POWER_OFF;
    g_autoptr(GError) reason = NULL;
    if (session_stop(root, name, how, (guint)limit_s, &reason))
        return 0;
    g_autoptr(VgpuRecord) vgpu = g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND)
                                     ? vgpu_record_by_name(root, name)
                                     : NULL;
    if (vgpu != NULL)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "No VM '%s' is running; 'vgpuctl stop --uuid %s' stops the vGPU of that name",
                  name, name);
    else
        g_propagate_error(error, g_steal_pointer(&reason));
    return 1;
}

static int run_stop(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    guint operands = uuid_word != NULL ? 0 : 1;
    if (!cmd_check_operands(&command_stop, arguments, operands, operands, error))
        return 2;
    if (uuid_word != NULL)
        return stop_vgpu(context->root, error);
    if (limit_s < 0) {
        error_set(error, VGPUCTL_ERROR_USAGE, "--timeout %d is no number of seconds", limit_s);
        return 2;
    }
    return user_leave_sudo(error) ? stop_vm(context->root, arguments[0], error) : 1;
}

const Command command_stop = {
    .name = "stop",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Power a VM off and wait until it is gone; stop a vGPU",
    .details = "The guest's power button is pressed; after the grace time of `run` QEMU is ended.\n"
               "With --uuid a vGPU is stopped, and not the VM of that name: it goes back to its\n"
               "parent, a definition stays. One that is in use is not: who uses it is named.",
    .example = "  vgpuctl stop web\n"
               "  sudo vgpuctl stop --uuid win",
    .options = stop_options,
    .run = run_stop,
};
