/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/main.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "mdevctl/options.h"
#include "mdevctl/quote.h"
#include "mdevctl/report.h"
#include "mdevctl/styled.h"
#include "mdevctl/verbs.h"

gboolean mdevctl_is_name(const char *argv0)
{
    if (argv0 == NULL)
        return FALSE;
    g_autofree char *name = g_path_get_basename(argv0);
    return g_str_equal(name, "mdevctl") || g_str_equal(name, "lsmdev");
}

/* As std::path::Path::exists(): a link counts for what it leads to. */
static gboolean exists(const Root *root, const char *path)
{
    struct stat info;
    return root_stat(root, path, &info, NULL);
}

/*
 * Even --help wants these directories. Those for scripts may be where mdevctl 1.3 has them; 1.2
 * knows only those below /etc.
 */
static int check_directories(const Root *root)
{
    static const char *const directories[][2] = {
        { "/etc/mdevctl.d", NULL },
        { "/etc/mdevctl.d/scripts.d/callouts", "/usr/lib/mdevctl/scripts.d/callouts" },
        { "/etc/mdevctl.d/scripts.d/notifiers", "/usr/lib/mdevctl/scripts.d/notifiers" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(directories); i++) {
        const char *path = directories[i][0], *newer = directories[i][1];
        if (exists(root, path) || (newer != NULL && exists(root, newer)))
            continue;
        g_autofree char *shown = root_host_path(root, path);
        g_autofree char *quoted = rust_quote(shown);
        g_autofree char *message =
            g_strdup_printf("Required directory %s doesn't exist. This may indicate a packaging or "
                            "installation error",
                            quoted);
        return mdevctl_fail(message, NULL);
    }
    return 0;
}

static Root *open_root(GError **error)
{
    g_autoptr(Root) root = root_open(g_getenv("MDEVCTL_ENV_ROOT"), error);
    if (root == NULL)
        return NULL;
    g_autofree char *path = root_host_path(root, "/");
    g_autofree char *quoted = rust_quote(path);
    mdevctl_log(MDEVCTL_LOG_DEBUG, "mdevctl", "DefaultEnvironment { rootpath: %s }", quoted);
    return g_steal_pointer(&root);
}

static int run(char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Root) root = open_root(&error);
    if (root == NULL)
        return mdevctl_fail(error->message, NULL);
    mdevctl_log(MDEVCTL_LOG_DEBUG, "mdevctl::environment", "checking that the environment is sane");
    int status = check_directories(root);
    if (status != 0)
        return status;

    MdevctlTerminal terminal = {
        .colour_out = styled_is_terminal(STDOUT_FILENO),
        .colour_err = styled_is_terminal(STDERR_FILENO),
    };
    g_auto(MdevctlRequest) request = { 0 };
    g_auto(MdevctlAnswer) answer = { 0 };
    if (mdevctl_parse(argv, &terminal, &request, &answer))
        return mdevctl_run(root, &request);
    fputs(answer.text, answer.to_stderr ? stderr : stdout);
    return answer.status;
}

int mdevctl_main(char **argv)
{
    mdevctl_log_open();
    mdevctl_log(MDEVCTL_LOG_DEBUG, "mdevctl", "Starting up");
    int status = run(argv);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return status;
    g_autofree char *cause = mdevctl_errno_text(errno);
    return mdevctl_fail("Writing to standard output", cause, NULL);
}
