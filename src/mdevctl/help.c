/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/help.h"

#include <string.h>

#include "mdevctl/styled.h"
#include "mdevctl/usage.h"

#define VERSION "1.2.0"
#define TAB "    "

/* "mdevctl-list"; a program has its own name, however it was called. Owned. */
static char *title(const Scope *scope)
{
    if (strchr(scope->usage_name, ' ') == NULL)
        return g_strdup(scope->command->name);
    return g_strdelimit(g_strdup(scope->usage_name), " ", '-');
}

char *mdevctl_version(const Scope *scope, gboolean has_colour)
{
    g_autofree char *name = title(scope);
    Styled *text = styled_new(has_colour);
    styled_add_format(text, STYLE_NONE, "%s " VERSION "\n", name);
    return styled_finish(text);
}

/* By short name, upper case behind lower case; options without one by their long name. */
static char *sort_key(const MdevctlOption *option)
{
    if (option->short_name == 0)
        return g_strdup(option->long_name);
    return g_strdup_printf("%c%c", g_ascii_tolower(option->short_name),
                           g_ascii_islower(option->short_name) ? '0' : '1');
}

static int compare_options(gconstpointer a, gconstpointer b)
{
    g_autofree char *first = sort_key(*(const MdevctlOption *const *)a);
    g_autofree char *second = sort_key(*(const MdevctlOption *const *)b);
    return strcmp(first, second);
}

static int compare_verbs(gconstpointer a, gconstpointer b)
{
    const MdevctlCommand *const *first = a, *const *second = b;
    return strcmp((*first)->name, (*second)->name);
}

/* The options that are shown, sorted. Owned. */
static GPtrArray *shown_options(const Scope *scope)
{
    GPtrArray *options = g_ptr_array_new();
    for (guint i = 0; i < scope->options->len; i++) {
        const MdevctlOption *option = scope->options->pdata[i];
        if (option->long_name != NULL && !option->is_hidden)
            g_ptr_array_add(options, (gpointer)option);
    }
    g_ptr_array_sort(options, compare_options);
    return options;
}

static GPtrArray *shown_verbs(const MdevctlCommand *command)
{
    GPtrArray *verbs = g_ptr_array_new();
    for (const MdevctlCommand *verb = command->verbs; verb->name != NULL; verb++)
        if (!verb->is_hidden)
            g_ptr_array_add(verbs, (gpointer)verb);
    g_ptr_array_sort(verbs, compare_verbs);
    return verbs;
}

static gsize width_of(const MdevctlOption *option)
{
    g_autofree char *words = mdevctl_option_words(option);
    return strlen(words);
}

static void add_spaces(Styled *page, gsize count)
{
    g_autofree char *spaces = g_strnfill(count, ' ');
    styled_add(page, STYLE_NONE, spaces);
}

/* What the option does, beside its names or, in the long page, below them. */
static void add_description(Styled *page, const char *text, gboolean is_long)
{
    if (is_long)
        styled_add(page, STYLE_NONE, "\n" TAB TAB TAB);
    if (text != NULL)
        styled_add(page, STYLE_NONE, text);
}

static void add_option(Styled *page, const MdevctlOption *option, gboolean is_long, gsize widest)
{
    styled_add(page, STYLE_NONE, TAB);
    if (option->short_name != 0) {
        styled_add_format(page, STYLE_GOOD, "-%c", option->short_name);
        styled_add(page, STYLE_NONE, ", ");
    } else {
        styled_add(page, STYLE_NONE, TAB);
    }
    styled_add_format(page, STYLE_GOOD, "--%s", option->long_name);
    if (option->value_name != NULL) {
        styled_add(page, STYLE_NONE, " ");
        styled_add_format(page, STYLE_GOOD, "<%s>", option->value_name);
    }
    if (!is_long)
        add_spaces(page, widest + strlen(TAB) - width_of(option));
    add_description(page, option->help, is_long);
}

static void add_options(Styled *page, const GPtrArray *options, gboolean is_long)
{
    styled_add(page, STYLE_WARNING, "OPTIONS:\n");
    gsize widest = 0;
    for (guint i = 0; i < options->len; i++)
        widest = MAX(widest, width_of(options->pdata[i]));
    for (guint i = 0; i < options->len; i++) {
        add_option(page, options->pdata[i], is_long, widest);
        if (i + 1 < options->len) {
            styled_add(page, STYLE_NONE, "\n");
            if (is_long)
                styled_add(page, STYLE_NONE, "\n");
        }
    }
}

static void add_operand(Styled *page, const MdevctlOption *operand, gboolean is_long)
{
    styled_add(page, STYLE_WARNING, "ARGS:\n");
    styled_add(page, STYLE_NONE, TAB);
    styled_add_format(page, STYLE_GOOD, "<%s>", operand->value_name);
    if (operand->takes_many)
        styled_add(page, STYLE_GOOD, "...");
    if (!is_long)
        add_spaces(page, strlen(TAB));
    add_description(page, operand->help, is_long);
}

static void add_verbs(Styled *page, const MdevctlCommand *command)
{
    styled_add(page, STYLE_WARNING, "SUBCOMMANDS");
    styled_add(page, STYLE_WARNING, ":\n");
    g_autoptr(GPtrArray) verbs = shown_verbs(command);
    gsize widest = 0;
    for (guint i = 0; i < verbs->len; i++)
        widest = MAX(widest, strlen(((const MdevctlCommand *)verbs->pdata[i])->name));
    for (guint i = 0; i < verbs->len; i++) {
        const MdevctlCommand *verb = verbs->pdata[i];
        if (i > 0)
            styled_add(page, STYLE_NONE, "\n");
        styled_add(page, STYLE_NONE, TAB);
        styled_add(page, STYLE_GOOD, verb->name);
        add_spaces(page, widest + strlen(TAB) - strlen(verb->name));
        styled_add(page, STYLE_NONE, verb->about);
    }
}

static void add_sections(Styled *page, const Scope *scope, gboolean is_long)
{
    gboolean is_first = TRUE;
    const MdevctlOption *operand = scope_operand(scope);
    if (operand != NULL) {
        add_operand(page, operand, is_long);
        is_first = FALSE;
    }
    g_autoptr(GPtrArray) options = shown_options(scope);
    if (options->len > 0) {
        if (!is_first)
            styled_add(page, STYLE_NONE, "\n\n");
        add_options(page, options, is_long);
    }
    if (scope->command->verbs != NULL) {
        styled_add(page, STYLE_NONE, "\n\n");
        add_verbs(page, scope->command);
    }
}

/* Empty pieces are clap's: on a terminal each leaves its resets. */
char *mdevctl_help(const Scope *scope, gboolean is_long, gboolean has_colour)
{
    const MdevctlCommand *command = scope->command;
    is_long = is_long && command->long_about != NULL;
    g_autofree char *name = title(scope);
    g_autofree char *usage = usage_line(scope, NULL, NULL);
    Styled *page = styled_new(has_colour);
    styled_add(page, STYLE_NONE, "");
    styled_add(page, STYLE_NONE, "");
    styled_add(page, STYLE_GOOD, name);
    styled_add(page, STYLE_NONE, " ");
    if (command->has_version)
        styled_add(page, STYLE_NONE, VERSION);
    styled_add(page, STYLE_NONE, "\n");
    styled_add(page, STYLE_NONE, "");
    if (command->about != NULL) {
        styled_add(page, STYLE_NONE, is_long ? command->long_about : command->about);
        styled_add(page, STYLE_NONE, "\n");
    }
    styled_add(page, STYLE_NONE, "\n");
    styled_add(page, STYLE_WARNING, "USAGE:");
    styled_add(page, STYLE_NONE, "\n" TAB);
    styled_add(page, STYLE_NONE, usage);
    styled_add(page, STYLE_NONE, "\n\n");
    add_sections(page, scope, is_long);
    styled_add(page, STYLE_NONE, "");
    styled_add(page, STYLE_NONE, "");
    styled_add(page, STYLE_NONE, "\n");
    return styled_finish(page);
}
