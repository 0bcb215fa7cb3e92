/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints what shell completions and the documentation check need, from the command table itself. */
#include "cmd/rows.h"

#include <string.h>

static json_t *option_to_json(const GOptionEntry *entry)
{
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(entry->long_name));
    json_object_set_new(object, "argument",
                        entry->arg_description != NULL ? json_string(entry->arg_description)
                                                       : json_null());
    json_object_set_new(object, "summary",
                        json_string(entry->description != NULL ? entry->description : ""));
    return object;
}

static json_t *command_to_json(const Command *command)
{
    json_t *options = json_array();
    for (const GOptionEntry *entry = NULL; (entry = command_next_option(command, entry)) != NULL;)
        if (!(entry->flags & G_OPTION_FLAG_HIDDEN))
            json_array_append_new(options, option_to_json(entry));
    json_t *object = json_object();
    json_object_set_new(object, "name", json_string(command->name));
    json_object_set_new(object, "hidden", json_boolean(command->group == NULL));
    json_object_set_new(object, "arguments",
                        json_string(command->arguments != NULL ? command->arguments : ""));
    json_object_set_new(object, "summary", json_string(command->summary));
    json_object_set_new(object, "json", json_boolean(command->prints_json));
    json_object_set_new(object, "options", options);
    return object;
}

static int run_command_table(const CmdContext *context, char **arguments, char **passed,
                             GError **error)
{
    if (!cmd_check_operands(&command_command_table, arguments, 0, 0, error))
        return 2;
    json_t *rows = json_array();
    for (guint i = 0; commands[i] != NULL; i++)
        json_array_append_new(rows, command_to_json(commands[i]));
    return cmd_print_json(rows, error);
}

const Command command_command_table = {
    .name = "command-table",
    .summary = "Print the command table as JSON",
    .prints_json = TRUE,
    .run = run_command_table,
};
