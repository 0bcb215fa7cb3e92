/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/table.h"
#include "base/user.h"
#include "vm/rundir-list.h"

/* "2 h 5 min", "3 d 4 h", "12 s": two units at most. */
static char *age_text(guint64 seconds)
{
    static const struct {
        guint64 seconds;
        const char *name;
    } units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
    for (gsize i = 0; i + 1 < G_N_ELEMENTS(units); i++) {
        if (seconds < units[i].seconds)
            continue;
        guint64 rest = seconds % units[i].seconds / units[i + 1].seconds;
        return g_strdup_printf("%" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT " %s",
                               seconds / units[i].seconds, units[i].name, rest, units[i + 1].name);
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT " s", seconds);
}

static void add_vm(Table *table, const RunDirEntry *vm)
{
    const VmState *state = vm->state;
    if (state == NULL) {
        table_add(table, vm->name, "starting", NULL, NULL, NULL, NULL, NULL, NULL);
        return;
    }
    guint64 now_s = (guint64)g_get_real_time() / G_USEC_PER_SEC;
    g_autofree char *age = age_text(now_s - MIN(now_s, state->started_at_s));
    g_autofree char *pid = g_strdup_printf("%d", state->qemu_pid);
    table_add(table, vm->name, vm_phase_words[state->phase], pid, age, state->vgpu, state->display,
              state->watch, NULL);
}

static json_t *vm_to_json(const RunDirEntry *vm)
{
    json_t *object = vm->state != NULL ? record_to_json(&vm_state_type, vm->state) : json_object();
    json_object_set_new(object, "name", json_string(vm->name));
    json_object_set_new(object, "run_directory", json_string(vm->path));
    return object;
}

static int run_ps(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_ps, arguments, 0, 0, error))
        return 2;
    if (!user_leave_sudo(error) || !cmd_collect_stale(context->root, error))
        return 1;
    g_autoptr(GPtrArray) vms = rundir_list(context->root, error);
    if (vms == NULL)
        return 1;
    for (guint i = vms->len; i-- > 0;)
        if (!((const RunDirEntry *)vms->pdata[i])->running) /* could not be removed */
            g_ptr_array_remove_index(vms, i);
    if (context->json) {
        json_t *rows = json_array();
        for (guint i = 0; i < vms->len; i++)
            json_array_append_new(rows, vm_to_json(vms->pdata[i]));
        return cmd_print_json(rows, error);
    }
    g_autoptr(Table) table = table_new(
        (const char *const[]){ "NAME", "STATE", "PID", "AGE", "VGPU", "DISPLAY", "WATCH", NULL });
    for (guint i = 0; i < vms->len; i++)
        add_vm(table, vms->pdata[i]);
    g_autofree char *text = table_to_text(table);
    return cmd_print(text, error);
}

const Command command_ps = {
    .name = "ps",
    .group = "Virtual machines",
    .summary = "List the VMs that run",
    .example = "  vgpuctl ps --json | jq -r '.[].name'",
    .prints_json = TRUE,
    .run = run_ps,
};
