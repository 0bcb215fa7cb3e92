/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/usage.h"

GPtrArray *usage_required(const Scope *scope)
{
    GPtrArray *required = g_ptr_array_new();
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->is_required)
            g_ptr_array_add(required, (gpointer)option);
    }
    return required;
}

static void add_once(GPtrArray *options, const MdevctlOption *option)
{
    if (!g_ptr_array_find(options, option, NULL))
        g_ptr_array_add(options, (gpointer)option);
}

static void append_words(GPtrArray *words, const GPtrArray *options, gboolean operands,
                         const Matches *matches)
{
    for (guint i = 0; i < options->len; i++) {
        const MdevctlOption *option = options->pdata[i];
        if ((option->long_name == NULL) != operands)
            continue;
        if (matches == NULL || matches_find(matches, option) == NULL)
            g_ptr_array_add(words, mdevctl_option_words(option));
    }
}

GPtrArray *usage_required_words(const Scope *scope, const GPtrArray *required,
                                const GPtrArray *more, const Matches *matches)
{
    g_autoptr(GPtrArray) always = required == NULL ? usage_required(scope) : NULL;
    const GPtrArray *first = required != NULL ? required : always;
    g_autoptr(GPtrArray) options = g_ptr_array_new();
    for (guint i = 0; i < first->len; i++) {
        const MdevctlOption *option = first->pdata[i];
        if (option->requires != NULL)
            add_once(options, scope_find_long(scope, option->requires));
        add_once(options, option);
    }
    for (guint i = 0; more != NULL && i < more->len; i++)
        add_once(options, more->pdata[i]);

    GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
    append_words(words, options, FALSE, matches);
    append_words(words, options, TRUE, matches);
    return words;
}

/* Whether there is more than --help, --version and what must be there anyway. */
static gboolean has_options(const Scope *scope)
{
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->long_name != NULL && option->kind != OPTION_HELP &&
            option->kind != OPTION_VERSION && !option->is_required && !option->is_hidden)
            return TRUE;
    }
    return FALSE;
}

char *usage_line(const Scope *scope, const GPtrArray *required, const GPtrArray *used)
{
    gboolean is_smart = used != NULL && used->len > 0;
    GString *line = g_string_new(scope->usage_name);
    if (!is_smart && has_options(scope))
        g_string_append(line, " [OPTIONS]");
    g_autoptr(GPtrArray) words =
        usage_required_words(scope, required, is_smart ? used : NULL, NULL);
    for (guint i = 0; i < words->len; i++)
        g_string_append_printf(line, " %s", (const char *)words->pdata[i]);
    if (is_smart)
        return g_string_free(line, FALSE);

    const MdevctlOption *operand = scope_operand(scope);
    if (operand != NULL && !operand->is_required)
        g_string_append_printf(line, " [%s]%s", operand->value_name,
                               operand->takes_many ? "..." : "");
    if (scope->command->verbs != NULL)
        g_string_append(line, " <SUBCOMMAND>");
    return g_string_free(line, FALSE);
}
