/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * unit-start: starts a program as a transient service of systemd and waits until it runs, for
 * `vgpuctl run --detach`. The program gets our stdout as its own, so that it can report to whoever
 * reads from there; the manager keeps a copy of it as long as the service lives, so the end of the
 * file means the end of the service and not that the report is complete. A program of its own, so
 * that vgpuctl needs no D-Bus library. What failed is one line on stderr; exit status:
 *   0  the service runs
 *   1  it does not
 *   2  wrong usage
 *   3  no manager can be had for it: the caller may detach the program by itself
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "config.h"
#include "libexec/unit-manager.h"
#include "libexec/unit-properties.h"

#define JOB_LIMIT_MS 30000
#define EXIT_NO_MANAGER 3

typedef struct {
    gboolean system;
    char *unit, *description;
    int stop_timeout_s;
    GStrv stop_post, environment;
    GStrv program;
} Options;

static void options_clear(Options *options)
{
    g_free(options->unit);
    g_free(options->description);
    g_strfreev(options->stop_post);
    g_strfreev(options->environment);
    g_strfreev(options->program);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Options, options_clear)

static gboolean check_options(const Options *options, GError **error)
{
    if (options->unit == NULL || options->description == NULL || options->program[0] == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "--unit, --description and a program are needed");
    if (!unit_name_is_valid(options->unit))
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "'%s' is no name of a service; systemd takes letters, digits and "
                         "\":-_.\\\", 255 at most, ending in \".service\"",
                         options->unit);
    if (options->stop_timeout_s < 0)
        return error_set(error, VGPUCTL_ERROR_USAGE, "--stop-timeout cannot be negative");
    return TRUE;
}

static gboolean parse_options(int *argc, char ***argv, Options *options, GError **error)
{
    const GOptionEntry entries[] = {
        { "system", 0, 0, G_OPTION_ARG_NONE, &options->system, "The system's manager", NULL },
        { "unit", 0, 0, G_OPTION_ARG_FILENAME, &options->unit, "Its name", "NAME.service" },
        { "description", 0, 0, G_OPTION_ARG_FILENAME, &options->description, "What it is", "TEXT" },
        { "stop-timeout", 0, 0, G_OPTION_ARG_INT, &options->stop_timeout_s,
          "From SIGTERM to SIGKILL", "SECONDS" },
        { "stop-post", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->stop_post,
          "A word of the command to run when it is down; repeat for each", "WORD" },
        { "environment", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->environment,
          "A variable for it; repeat for each", "NAME=VALUE" },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("-- PROGRAM ARG...");
    g_option_context_add_main_entries(context, entries, NULL);
    g_option_context_set_strict_posix(context, TRUE);
    if (!g_option_context_parse(context, argc, argv, error))
        return FALSE;
    char **rest = *argv + 1;
    if (*rest != NULL && g_str_equal(*rest, "--"))
        rest++;
    options->program = g_strdupv(rest);
    return check_options(options, error);
}

/* Replaces the name of a program by its path: the manager takes no other (systemd.service(5)). */
static gboolean resolve_program(char **word, GError **error)
{
    char *path = strchr(*word, '/') != NULL ? g_canonicalize_filename(*word, NULL)
                                            : g_find_program_in_path(*word);
    if (path == NULL)
        return error_set(error, VGPUCTL_ERROR_FAILED, "There is no program '%s' in PATH", *word);
    g_free(*word);
    *word = path;
    return TRUE;
}

/* 30 seconds; a test may make it shorter. */
static int job_limit_ms(void)
{
#ifdef VGPUCTL_TEST_HOOKS
    const char *limit = g_getenv("VGPUCTL_TEST_UNIT_LIMIT_MS");
    if (limit != NULL)
        return atoi(limit);
#endif
    return JOB_LIMIT_MS;
}

static gboolean start(Options *options, GError **error)
{
    /* not g_get_current_dir(): $PWD may hold "..", which the manager refuses */
    g_autofree char *directory = getcwd(NULL, 0);
    if (directory == NULL)
        return error_set_errno(error, errno, "Reading the name of the working directory");
    if (!resolve_program(&options->program[0], error) ||
        (options->stop_post != NULL && !resolve_program(&options->stop_post[0], error)))
        return FALSE;
    const UnitRequest request = {
        .name = options->unit,
        .description = options->description,
        .stop_timeout_s = options->stop_timeout_s,
        .directory = directory,
        .program = options->program,
        .stop_post = options->stop_post,
        .environment = options->environment,
        .out = STDOUT_FILENO,
    };
    if (!unit_request_is_text(&request, error))
        return FALSE;
    UnitScope scope = options->system ? UNIT_SCOPE_SYSTEM : UNIT_SCOPE_USER;
    g_autoptr(sd_bus) bus = unit_manager_connect(scope, error);
    return bus != NULL && unit_manager_start(bus, scope, &request, job_limit_ms(), error);
}

static int exit_status(const GError *error)
{
    if (error->domain == G_OPTION_ERROR)
        return 2;
    if (error->domain != VGPUCTL_ERROR)
        return 1;
    switch (error->code) {
    case VGPUCTL_ERROR_USAGE:
        return 2;
    case VGPUCTL_ERROR_NOT_FOUND:
    case VGPUCTL_ERROR_REFUSED:
        return EXIT_NO_MANAGER;
    default:
        return 1;
    }
}

int main(int argc, char **argv)
{
    g_auto(Options) options = { 0 };
    g_autoptr(GError) error = NULL;
    signal(SIGPIPE, SIG_IGN);
    if (parse_options(&argc, &argv, &options, &error) && start(&options, &error))
        return 0;
    fprintf(stderr, "%s\n", error->message);
    return exit_status(error);
}
