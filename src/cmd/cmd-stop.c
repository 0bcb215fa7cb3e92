/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/user.h"
#include "session/stop.h"

static gboolean force;
static int limit_s = 60;

static const GOptionEntry stop_options[] = {
    { "force", 0, 0, G_OPTION_ARG_NONE, &force, "End QEMU at once, the guest is not asked", NULL },
    { "timeout", 0, 0, G_OPTION_ARG_INT, &limit_s, "Time to wait for its end (60)", "SECONDS" },
    G_OPTION_ENTRY_NULL,
};

static int run_stop(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_stop, arguments, 1, 1, error))
        return 2;
    if (limit_s < 0) {
        error_set(error, VGPUCTL_ERROR_USAGE, "--timeout %d is no number of seconds", limit_s);
        return 2;
    }
    if (!user_leave_sudo(error))
        return 1;
    SessionStop how = force ? SESSION_STOP_FORCE : SESSION_STOP_POWER_OFF;
    return session_stop(context->root, arguments[0], how, (guint)limit_s, error) ? 0 : 1;
}

const Command command_stop = {
    .name = "stop",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Power a VM off and wait until it is gone",
    .details = "The guest's power button is pressed; after the grace time of `run` QEMU is ended.",
    .example = "  vgpuctl stop web",
    .options = stop_options,
    .run = run_stop,
};
