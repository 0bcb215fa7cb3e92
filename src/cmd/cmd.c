/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/cmd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/suggest.h"
#include "base/table.h"
#include "session/collect.h"

const Command *command_find(const char *name)
{
    for (guint i = 0; commands[i] != NULL; i++)
        if (g_str_equal(commands[i]->name, name))
            return commands[i];
    return NULL;
}

const GOptionEntry *command_next_option(const Command *command, const GOptionEntry *entry)
{
    gboolean in_own = FALSE;
    for (const GOptionEntry *own = command->options; own != NULL && own->long_name != NULL; own++)
        in_own |= own == entry;
    const GOptionEntry *next = entry != NULL ? entry + 1 : command->options;
    if (next == NULL || (next->long_name == NULL && (in_own || entry == NULL)))
        next = command->shared_options;
    return next != NULL && next->long_name != NULL ? next : NULL;
}

char *command_suggest(const char *wrong)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; commands[i] != NULL; i++)
        g_ptr_array_add(names, (gpointer)commands[i]->name);
    g_ptr_array_add(names, NULL);
    return g_strdup(suggest_word(wrong, (const char *const *)names->pdata));
}

char *commands_help(void)
{
    GString *text = g_string_new(
        "Usage: vgpuctl [--facts FILE] [--json] [--verbose] COMMAND [OPTION...]\n\n"
        "Virtual machines that each own a slice of this machine's GPU, and their screens.\n");
    const char *group = NULL;
    for (guint i = 0; commands[i] != NULL; i++) {
        const Command *command = commands[i];
        if (command->group == NULL)
            continue; /* hidden: for scripts of the package */
        if (group == NULL || !g_str_equal(group, command->group)) {
            group = command->group;
            g_string_append_printf(text, "\n%s:\n", group);
        }
        g_string_append_printf(text, "  %-14s %s\n", command->name, command->summary);
    }
    g_string_append(text,
                    "\nOptions:\n"
                    "  --facts FILE   Judge the machine described in FILE instead of this one\n"
                    "  --json         Print JSON\n"
                    "  --verbose      Say what is done\n"
                    "  --version      Print the version\n"
                    "  --help         Print this text, or that of a command\n"
                    "\nExit status: 0 done, 1 failed, 2 wrong usage.\n"
                    "vgpuctl COMMAND --help has an example of each; man vgpuctl tells the rest.\n");
    return g_string_free(text, FALSE);
}

char *command_group_help(const char *verb)
{
    g_autofree char *prefix = g_strconcat(verb, " ", NULL);
    GString *rows = g_string_new(NULL);
    for (guint i = 0; commands[i] != NULL; i++)
        if (g_str_has_prefix(commands[i]->name, prefix))
            g_string_append_printf(rows, "  %-14s %s\n", commands[i]->name, commands[i]->summary);
    g_autofree char *listed = g_string_free(rows, FALSE);
    if (*listed == '\0')
        return NULL;
    return g_strdup_printf("Usage: vgpuctl %s COMMAND [OPTION...]\n\nCommands:\n%s\n"
                           "vgpuctl %s COMMAND --help has an example of each.\n",
                           verb, listed, verb);
}

static void append_option(GString *text, const GOptionEntry *entry)
{
    g_autofree char *names = entry->short_name != 0
                                 ? g_strdup_printf("-%c, --%s", entry->short_name, entry->long_name)
                                 : g_strdup_printf("--%s", entry->long_name);
    g_autofree char *left =
        entry->arg_description != NULL
            ? g_strdup_printf("%s%s%s", names,
                              entry->flags & G_OPTION_FLAG_OPTIONAL_ARG ? "[=" : " ",
                              entry->arg_description)
            : g_strdup(names);
    const char *close = entry->flags & G_OPTION_FLAG_OPTIONAL_ARG ? "]" : "";
    int width = 26 - (int)strlen(close);
    g_string_append_printf(text, "  %s%s%*s %s\n", left, close, MAX(0, width - (int)strlen(left)),
                           "", entry->description);
}

char *command_help(const Command *command)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "Usage: vgpuctl %s%s%s%s\n\n%s.\n", command->name,
                           command->options != NULL || command->prints_json ? " [OPTION...]" : "",
                           command->arguments != NULL ? " " : "",
                           command->arguments != NULL ? command->arguments : "", command->summary);
    if (command->details != NULL)
        g_string_append_printf(text, "\n%s\n", command->details);
    g_string_append(text, "\nOptions:\n");
    for (const GOptionEntry *entry = NULL; (entry = command_next_option(command, entry)) != NULL;)
        if (!(entry->flags & G_OPTION_FLAG_HIDDEN))
            append_option(text, entry);
    if (command->prints_json)
        g_string_append_printf(text, "  %-26s %s\n", "--json", "Print JSON");
    g_string_append_printf(text, "  %-26s %s\n", "-h, --help", "Print this text");
    if (command->example != NULL)
        g_string_append_printf(text, "\nExample:\n%s\n", command->example);
    return g_string_free(text, FALSE);
}

/* GOption says "Unknown option --dispaly"; we add what was probably meant. */
static void add_option_hint(const Command *command, GError **error)
{
    const char *prefix = "Unknown option --";
    const char *found = strstr((*error)->message, prefix);
    if (found == NULL)
        return;
    g_autofree char *wrong = g_strdup(found + strlen(prefix));
    wrong[strcspn(wrong, "=")] = '\0';

    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const GOptionEntry *entry = NULL; (entry = command_next_option(command, entry)) != NULL;)
        g_ptr_array_add(names, (gpointer)entry->long_name);
    if (command->prints_json)
        g_ptr_array_add(names, (gpointer) "json");
    g_ptr_array_add(names, (gpointer) "help");
    g_ptr_array_add(names, NULL);
    const char *near = suggest_word(wrong, (const char *const *)names->pdata);
    g_autofree char *hint =
        near != NULL ? g_strdup_printf("did you mean --%s?", near)
                     : g_strdup_printf("vgpuctl %s --help lists the options", command->name);
    g_autofree char *message = g_strdup_printf("Unknown option --%s; %s", wrong, hint);
    g_clear_error(error);
    error_set(error, VGPUCTL_ERROR_USAGE, "%s", message);
}

static gboolean parse_options(const Command *command, CmdContext *context, gboolean *help,
                              char ***argv, GError **error)
{
    const GOptionEntry common[] = {
        { "help", 'h', 0, G_OPTION_ARG_NONE, help, NULL, NULL },
        { "verbose", 0, 0, G_OPTION_ARG_NONE, &context->verbose, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    const GOptionEntry json[] = {
        { "json", 0, 0, G_OPTION_ARG_NONE, &context->json, NULL, NULL },
        G_OPTION_ENTRY_NULL,
    };
    g_autoptr(GOptionContext) options = g_option_context_new(NULL);
    g_option_context_set_help_enabled(options, FALSE);
    g_option_context_add_main_entries(options, common, NULL);
    if (command->prints_json)
        g_option_context_add_main_entries(options, json, NULL);
    if (command->options != NULL)
        g_option_context_add_main_entries(options, command->options, NULL);
    if (command->shared_options != NULL)
        g_option_context_add_main_entries(options, command->shared_options, NULL);
    g_autoptr(GError) reason = NULL;
    if (g_option_context_parse_strv(options, argv, &reason))
        return TRUE;
    add_option_hint(command, &reason);
    return error_set(error, VGPUCTL_ERROR_USAGE, "%s: %s", command->name, reason->message);
}

/* Cuts the words behind "--" off @argv; NULL when there is no "--". */
static char **split_passed(char **argv)
{
    for (char **word = argv; *word != NULL; word++) {
        if (!g_str_equal(*word, "--"))
            continue;
        char **passed = g_strdupv(word + 1);
        for (char **rest = word; *rest != NULL; rest++)
            g_clear_pointer(rest, g_free);
        return passed;
    }
    return NULL;
}

int command_run(const Command *command, CmdContext *context, char **argv, GError **error)
{
    /* g_option_context_parse_strv() wants a program name first and an owned vector */
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    g_ptr_array_add(words, g_strdup("vgpuctl"));
    for (char **word = argv; *word != NULL; word++)
        g_ptr_array_add(words, g_strdup(*word));
    g_ptr_array_add(words, NULL);
    g_auto(GStrv) owned = (GStrv)g_ptr_array_free(g_steal_pointer(&words), FALSE);
    g_auto(GStrv) passed = split_passed(owned);

    gboolean help = FALSE;
    if (!parse_options(command, context, &help, &owned, error))
        return 2;
    if (help) {
        g_autofree char *text = command_help(command);
        return cmd_print(text, error);
    }
    return command->run(context, owned + 1, passed, error);
}

int cmd_print(const char *text, GError **error)
{
    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return 0;
    error_set_errno(error, errno, "Writing to standard output");
    return 1;
}

int cmd_print_json(json_t *value, GError **error)
{
    g_autofree char *text = json_to_text(value);
    json_decref(value);
    return cmd_print(text, error);
}

/* The @index-th word of the operands in the help text: "NAME|FILE.vm". Owned. */
static char *operand_word(const Command *command, guint index)
{
    g_auto(GStrv) words = g_strsplit(command->arguments != NULL ? command->arguments : "", " ", -1);
    return g_strdup(index < g_strv_length(words) ? words[index] : "an operand");
}

gboolean cmd_check_operands(const Command *command, char **arguments, guint least, guint most,
                            GError **error)
{
    guint given = g_strv_length(arguments);
    if (given < least) {
        g_autofree char *missing = operand_word(command, given);
        return error_set(error, VGPUCTL_ERROR_USAGE, "%s: %s is missing; see vgpuctl %s --help",
                         command->name, missing, command->name);
    }
    if (given > most)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "%s: '%s' is one operand too many; see vgpuctl %s --help", command->name,
                         arguments[most], command->name);
    return TRUE;
}

gboolean cmd_collect_stale(const Root *root, GError **error)
{
    g_auto(GStrv) left = NULL;
    if (!session_collect(root, &left, error))
        return FALSE;
    for (char **line = left; line != NULL && *line != NULL; line++) {
        g_autofree char *text = text_printable(*line);
        fprintf(stderr, "vgpuctl: %s, ignoring what that VM left\n", text);
    }
    return TRUE;
}
