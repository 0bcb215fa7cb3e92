/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/user.h"
#include "vm/rundir-list.h"

static gboolean dry_run, quiet;

static const GOptionEntry gc_options[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would be removed", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing", NULL },
    G_OPTION_ENTRY_NULL,
};

static int run_gc(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_gc, arguments, 0, 0, error))
        return 2;
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(GPtrArray) vms = rundir_list(context->root, error);
    g_auto(GStrv) left = NULL;
    if (vms == NULL || (!dry_run && !rundir_collect(context->root, NULL, &left, error)))
        return 1;
    if (left != NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED, "%s", left[0]);
        return 1;
    }
    json_t *removed = json_array();
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < vms->len; i++) {
        const RunDirEntry *vm = vms->pdata[i];
        if (vm->running)
            continue;
        json_array_append_new(removed, json_string(vm->path));
        g_string_append_printf(text, "%s\n", vm->path);
    }
    g_autofree char *lines = g_string_free(text, FALSE);
    if (context->json && !quiet)
        return cmd_print_json(removed, error);
    json_decref(removed);
    return quiet ? 0 : cmd_print(lines, error);
}

const Command command_gc = {
    .name = "gc",
    .group = "Virtual machines",
    .summary = "Remove what VMs left that ended without their supervisor",
    .details = "Every command about VMs does this first; systemd units do it when they end.\n"
               "Prints what was removed.",
    .example = "  vgpuctl gc --dry-run",
    .options = gc_options,
    .prints_json = TRUE,
    .run = run_gc,
};
