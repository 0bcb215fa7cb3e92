/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vgpuctl: global options, then one row of the command table. Under another name: mdevctl. */
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/table.h"
#include "cmd/cmd.h"
#include "config.h"
#include "mdevctl/main.h"

/*
 * One line, red on a terminal: "vgpuctl: what, why, way out". Names in it come from anywhere: what
 * would break the line or move the terminal's cursor is shown instead.
 */
static void print_error(const GError *error)
{
    gboolean colour = isatty(STDERR_FILENO) && g_getenv("NO_COLOR") == NULL;
    g_autofree char *text = text_printable(error->message);
    fprintf(stderr, "%svgpuctl: %s%s\n", colour ? "\033[31m" : "", text, colour ? "\033[0m" : "");
}

static int exit_status(int status, const GError *error)
{
    if (error == NULL)
        return status;
    return g_error_matches(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE) ? 2 : 1;
}

/* Whether there are commands of two words that begin with @word. */
static gboolean begins_command(const char *word)
{
    g_autofree char *prefix = g_strconcat(word, " ", NULL);
    for (guint i = 0; commands[i] != NULL; i++)
        if (g_str_has_prefix(commands[i]->name, prefix))
            return TRUE;
    return FALSE;
}

/* A verb alone that has sub-verbs is answered with those. */
static int unknown_command(const char *first, const char *second, gboolean wants_help,
                           GError **error)
{
    g_autofree char *group = command_group_help(first);
    gboolean asks = second != NULL && (g_str_equal(second, "--help") || g_str_equal(second, "-h"));
    if (group != NULL && (asks || (wants_help && second == NULL)))
        return cmd_print(group, error);
    if (group != NULL && second == NULL) {
        fputs(group, stderr);
        return 2;
    }
    gboolean both = second != NULL && begins_command(first);
    g_autofree char *word = both ? g_strconcat(first, " ", second, NULL) : g_strdup(first);
    g_autofree char *near = command_suggest(word);
    error_set(error, VGPUCTL_ERROR_USAGE, "'%s' is no vgpuctl command; %s%s%s", word,
              near != NULL ? "did you mean '" : "vgpuctl --help lists the commands",
              near != NULL ? near : "", near != NULL ? "'?" : "");
    return 2;
}

/* The row for the first word, or the first two ("vm define"); @argv moves behind it. */
static const Command *find_command(char ***argv)
{
    char **words = *argv;
    if (words[1] != NULL) {
        g_autofree char *two = g_strconcat(words[0], " ", words[1], NULL);
        const Command *command = command_find(two);
        if (command != NULL) {
            *argv = words + 2;
            return command;
        }
    }
    *argv = words + 1;
    return command_find(words[0]);
}

/* Takes the options in front of the verb. Returns TRUE to go on, FALSE when @status is final. */
static gboolean take_global_options(CmdContext *context, char ***argv, int *status, GError **error)
{
    for (; **argv != NULL && ***argv == '-'; (*argv)++) {
        const char *word = **argv;
        if (g_str_equal(word, "--json")) {
            context->json = TRUE;
        } else if (g_str_equal(word, "--verbose")) {
            context->verbose = TRUE;
        } else if (g_str_has_prefix(word, "--facts=")) {
            context->facts_path = word + strlen("--facts=");
        } else if (g_str_equal(word, "--facts") && (*argv)[1] != NULL) {
            context->facts_path = *++*argv;
        } else if (g_str_equal(word, "--version")) {
            *status = cmd_print("vgpuctl " VGPUCTL_VERSION "\n", error);
            return FALSE;
        } else if (g_str_equal(word, "--help") || g_str_equal(word, "-h")) {
            g_autofree char *text = commands_help();
            *status = cmd_print(text, error);
            return FALSE;
        } else {
            *status = 2;
            return error_set(error, VGPUCTL_ERROR_USAGE,
                             "Unknown option %s; vgpuctl --help lists the options", word);
        }
    }
    return TRUE;
}

static int run(char **argv, GError **error)
{
    CmdContext context = { 0 };
    int status = 0;
    if (!take_global_options(&context, &argv, &status, error))
        return status;
    if (*argv == NULL) {
        g_autofree char *text = commands_help();
        fputs(text, stderr);
        return 2;
    }

    const char *word = *argv;
    gboolean wants_help = g_str_equal(word, "help");
    if (wants_help && *++argv == NULL) {
        g_autofree char *text = commands_help();
        return cmd_print(text, error);
    }
    word = *argv;
    const Command *command = find_command(&argv);
    if (command == NULL)
        return unknown_command(word, *argv, wants_help, error);
    if (wants_help) {
        g_autofree char *text = command_help(command);
        return cmd_print(text, error);
    }

    g_autoptr(Root) root = root_open(NULL, error);
    if (root == NULL)
        return 1;
    context.root = root;
    return command_run(command, &context, argv, error);
}

/*
 * A stream that the caller closed must not become the number of a file of ours. Opened for the
 * other direction, using it fails as before.
 */
static void occupy_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    occupy_streams();
    /* mdevctl writes bytes as they are, and to read a locale is a tenth of what it takes to start
     */
    if (mdevctl_is_name(argv[0]))
        return mdevctl_main(argv);
    /* Our words are English, and so are strerror()'s and GLib's among them; numbers have a point.
     */
    setlocale(LC_CTYPE, "");

    g_autoptr(GError) error = NULL;
    int status = run(argv + (argc > 0), &error);
    if (error != NULL)
        print_error(error);
    return exit_status(status, error);
}
