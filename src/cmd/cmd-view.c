/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/user.h"
#include "session/view.h"

static gboolean dry_run;

static const GOptionEntry view_options[] = {
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &dry_run,
      "Print the viewer's command line, open nothing", NULL },
    G_OPTION_ENTRY_NULL,
};

static int print_view(const View *view, GError **error)
{
    g_autoptr(GString) line = g_string_new(NULL);
    for (char **word = view->argv; *word != NULL; word++) {
        g_autofree char *quoted = g_shell_quote(*word);
        gboolean plain = strpbrk(*word, " '\"\\$;&|<>*?()#") == NULL;
        g_string_append_printf(line, "%s%s", line->len > 0 ? " " : "", plain ? *word : quoted);
    }
    g_string_append_printf(line, "  # %s\n", view->reason);
    return cmd_print(line->str, error);
}

static int run_view(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_view, arguments, 0, 1, error))
        return 2;
    g_auto(View) view = { NULL };
    if (!user_leave_sudo(error) || !session_view(context->root, arguments[0], &view, error))
        return 1;
    if (dry_run)
        return print_view(&view, error);
    /* a browser sees what we serve; PATH need not know us */
    gboolean serve = g_str_equal(view.argv[0], "vgpuctl");
    (void)(serve ? execv("/proc/self/exe", view.argv) : execvp(view.argv[0], view.argv));
    error_set_errno(error, errno, "Starting %s", view.argv[0]);
    return 1;
}

const Command command_view = {
    .name = "view",
    .group = "Virtual machines",
    .arguments = "[NAME]",
    .summary = "Open a viewer of this desktop on the screen of a running VM",
    .details = "Without NAME it is the only VM that runs.",
    .example = "  vgpuctl view web",
    .options = view_options,
    .run = run_view,
};
