/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vm define, undefine, list: definitions of VMs. */
#include "cmd/rows.h"

#include <string.h>

#include "base/table.h"
#include "base/user.h"
#include "cmd/vm-options.h"
#include "session/prepare.h"
#include "vm/definitions.h"

static gboolean replace;

static const GOptionEntry define_options[] = {
    { "replace", 0, 0, G_OPTION_ARG_NONE, &replace, "Replace a definition of that name", NULL },
    G_OPTION_ENTRY_NULL,
};

/* "vm define web --disk ..." starts from nothing, "vm define web.vm" from that file. */
static VmConfig *config_to_define(const CmdContext *context, const char *operand, GError **error)
{
    if (strchr(operand, '/') != NULL || g_str_has_suffix(operand, ".vm"))
        return session_config_from_operand(context->root, operand, error);
    if (!vm_name_check(operand, error))
        return NULL;
    VmConfig *config = vm_config_new();
    config->name = g_strdup(operand);
    return config;
}

static int run_define(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_vm_define, arguments, 1, 1, error))
        return 2;
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(VmConfig) config = config_to_define(context, arguments[0], error);
    if (config == NULL || !vm_options_apply(config, passed, error))
        return 1;
    session_complete_name(config); /* of an image; a definition has one */
    if (!definition_store(context->root, config, replace, error))
        return 1;
    g_autofree char *path = definition_path(context->root, config->name);
    g_autofree char *text = g_strdup_printf("%s\n", path);
    return cmd_print(text, error);
}

const Command command_vm_define = {
    .name = "vm define",
    .group = "Virtual machines",
    .arguments = "NAME|FILE.vm [-- QEMU-OPTION...]",
    .summary = "Keep the description of a VM under a name",
    .details = "Prints the file it was written to. Files are described in vgpuctl-vm(5).",
    .example = "  vgpuctl vm define web --disk web.qcow2 --memory 4G --vgpu auto\n"
               "  vgpuctl run web",
    .options = define_options,
    .shared_options = vm_options,
    .run = run_define,
};

static int run_undefine(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_vm_undefine, arguments, 1, 1, error))
        return 2;
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(Definition) definition = definition_find(context->root, arguments[0], error);
    return definition != NULL && definition_remove(definition, error) ? 0 : 1;
}

const Command command_vm_undefine = {
    .name = "vm undefine",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Remove a definition; a running VM and its disks stay",
    .example = "  vgpuctl vm undefine web",
    .run = run_undefine,
};

/* A definition that cannot be read is listed with the reason: it is what the user wants to know. */
static json_t *definition_to_json(const Definition *definition)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(VmConfig) config = definition_load(definition, &reason);
    json_t *object = config != NULL ? record_to_json(&vm_config_type, config) : json_object();
    json_object_set_new(object, "name", json_string(definition->name));
    json_object_set_new(object, "file", json_string(definition->path));
    if (reason != NULL)
        json_object_set_new(object, "error", json_string(reason->message));
    return object;
}

static char *definitions_to_text(const json_t *definitions)
{
    g_autoptr(Table) table = table_new((const char *const[]){ "NAME", "VGPU", "FILE", NULL });
    size_t index;
    const json_t *definition;
    json_array_foreach(definitions, index, definition)
    {
        const char *bad = json_string_value(json_object_get(definition, "error"));
        const char *vgpu = json_string_value(json_object_get(definition, "vgpu"));
        const char *file = json_string_value(json_object_get(definition, "file"));
        table_add(table, json_string_value(json_object_get(definition, "name")),
                  vgpu != NULL ? vgpu : "auto", bad != NULL ? bad : file, NULL);
    }
    return table_to_text(table);
}

static int run_list(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_vm_list, arguments, 0, 0, error))
        return 2;
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(GPtrArray) definitions = definitions_list(context->root);
    json_t *rows = json_array();
    for (guint i = 0; i < definitions->len; i++)
        json_array_append_new(rows, definition_to_json(definitions->pdata[i]));
    if (context->json)
        return cmd_print_json(rows, error);
    g_autofree char *text = definitions_to_text(rows);
    json_decref(rows);
    return cmd_print(text, error);
}

const Command command_vm_list = {
    .name = "vm list",
    .group = "Virtual machines",
    .summary = "List the VM definitions",
    .example = "  vgpuctl vm list --json | jq -r '.[].name'",
    .prints_json = TRUE,
    .run = run_list,
};
