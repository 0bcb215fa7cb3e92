/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/command.h"

static const MdevctlOption help_option = {
    .kind = OPTION_HELP,
    .short_name = 'h',
    .long_name = "help",
    .help = "Print help information",
};

static const MdevctlOption version_option = {
    .kind = OPTION_VERSION,
    .short_name = 'V',
    .long_name = "version",
    .help = "Print version information",
};

const MdevctlCommand *mdevctl_command_find(const MdevctlCommand *command, const char *name)
{
    for (const MdevctlCommand *verb = command->verbs; verb != NULL && verb->name != NULL; verb++)
        if (g_str_equal(verb->name, name))
            return verb;
    return NULL;
}

static void add_common_options(Scope *scope)
{
    if (!scope->command->has_no_help)
        g_ptr_array_add(scope->options, (gpointer)&help_option);
    if (scope->command->has_version)
        g_ptr_array_add(scope->options, (gpointer)&version_option);
}

/* A verb inherits --help and --version and so has them last: of two names that are as near to a
 * mistyped one, the last is offered. */
Scope *scope_new(const MdevctlCommand *command, const char *words, const MdevctlTerminal *terminal)
{
    Scope *scope = g_new0(Scope, 1);
    scope->command = command;
    scope->usage_name = g_strdup(words);
    scope->terminal = terminal;
    scope->options = g_ptr_array_new();
    if (command->is_program)
        add_common_options(scope);
    const MdevctlOption *option = command->options;
    for (; option != NULL && option->kind != OPTION_END; option++)
        g_ptr_array_add(scope->options, (gpointer)option);
    if (!command->is_program)
        add_common_options(scope);
    return scope;
}

void scope_free(Scope *scope)
{
    if (scope == NULL)
        return;
    g_free(scope->usage_name);
    g_ptr_array_unref(scope->options);
    g_free(scope);
}

const MdevctlOption *scope_find_long(const Scope *scope, const char *name)
{
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (g_strcmp0(option->long_name, name) == 0)
            return option;
    }
    return NULL;
}

const MdevctlOption *scope_find_short(const Scope *scope, gunichar character)
{
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->short_name != 0 && (gunichar)option->short_name == character)
            return option;
    }
    return NULL;
}

const MdevctlOption *scope_operand(const Scope *scope)
{
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->long_name == NULL)
            return option;
    }
    return NULL;
}

char *mdevctl_option_words(const MdevctlOption *option)
{
    if (option->long_name == NULL)
        return g_strdup_printf("<%s>%s", option->value_name, option->takes_many ? "..." : "");
    if (option->value_name == NULL)
        return g_strdup_printf("--%s", option->long_name);
    return g_strdup_printf("--%s <%s>", option->long_name, option->value_name);
}
