/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/cleanup.h"
#include "base/user.h"
#include "vgpu/broker-client.h"
#include "vgpu/claim.h"
#include "vm/rundir-list.h"

static gboolean dry_run, quiet;

static const GOptionEntry gc_options[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run, "Only say what would be removed", NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, "Print nothing", NULL },
    G_OPTION_ENTRY_NULL,
};

/* What was removed, or would be: paths, as text and as JSON. */
typedef struct {
    GString *text;
    json_t *array;
} Removed;

static void add_path(Removed *removed, const char *path)
{
    json_array_append_new(removed->array, json_string(path));
    g_string_append_printf(removed->text, "%s\n", path);
}

/* Root's business, before we become who called sudo; others can have the broker do it. */
static gboolean collect_claims(const Root *root, Removed *removed, GError **error)
{
    if (root_is_system(root) && !user_is_root() && !dry_run) {
        const Broker broker = { .root = root, .fd = -1 };
        return !broker_available(root, NULL) || broker_collect(&broker, NULL, error);
    }
    g_autoptr(GPtrArray) collected = NULL;
    gboolean good = claims_collect(root, dry_run, &collected, error);
    for (guint i = 0; i < collected->len; i++) {
        const Claim *claim = collected->pdata[i];
        g_autofree char *path = claim_path(root, claim->uuid);
        add_path(removed, path);
    }
    return good;
}

static gboolean collect_vms(const Root *root, Removed *removed, GError **error)
{
    g_autoptr(GPtrArray) vms = rundir_list(root, error);
    g_auto(GStrv) left = NULL;
    if (vms == NULL || (!dry_run && !rundir_collect(root, NULL, &left, error)))
        return FALSE;
    if (left != NULL)
        return error_set(error, VGPUCTL_ERROR_FAILED, "%s", left[0]);
    for (guint i = 0; i < vms->len; i++) {
        const RunDirEntry *vm = vms->pdata[i];
        if (!vm->running)
            add_path(removed, vm->path);
    }
    return TRUE;
}

/* VMs first: their QEMUs have the vGPUs open. But those of root's are gone to when we leave sudo.
 */
static gboolean collect(const Root *root, Removed *removed, GError **error)
{
    gboolean through_sudo = user_is_root() && g_getenv("SUDO_UID") != NULL;
    if (!through_sudo)
        return collect_vms(root, removed, error) && collect_claims(root, removed, error);
    return collect_claims(root, removed, error) && user_leave_sudo(error) &&
           collect_vms(root, removed, error);
}

static int run_gc(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_gc, arguments, 0, 0, error))
        return 2;
    Removed removed = { g_string_new(NULL), json_array() };
    gboolean good = collect(context->root, &removed, error);
    g_autofree char *lines = g_string_free(removed.text, FALSE);
    g_autoptr(json_t) array = removed.array;
    if (quiet)
        return good ? 0 : 1;
    /* what was taken back is told, also when something could not be */
    GError **print_error = good ? error : NULL;
    int status = context->json ? cmd_print_json(g_steal_pointer(&array), print_error)
                               : cmd_print(lines, print_error);
    return good ? status : 1;
}

const Command command_gc = {
    .name = "gc",
    .group = "Virtual machines",
    .summary = "Take back what VMs and owners of vGPUs left that are gone",
    .details = "Every command about VMs does this first; systemd units do it when they end.\n"
               "Claims of owners that are gone are taken back by root, or by the broker.\n"
               "Prints what was removed.",
    .example = "  vgpuctl gc --dry-run",
    .options = gc_options,
    .prints_json = TRUE,
    .run = run_gc,
};
