/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/user.h"
#include "vm/definitions.h"

static const char *editor_command(void)
{
    const char *editor = g_getenv("VISUAL");
    if (editor == NULL || *editor == '\0')
        editor = g_getenv("EDITOR");
    return editor != NULL && *editor != '\0' ? editor : "sensible-editor";
}

/* Keys that interrupt are the editor's while it runs: the terminal sends them to us, too. */
static const int keys[] = { SIGINT, SIGQUIT };

static void ignore_keys(struct sigaction *ret_before)
{
    const struct sigaction ignore = { .sa_handler = SIG_IGN };
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        sigaction(keys[i], &ignore, &ret_before[i]);
}

static void restore_keys(const struct sigaction *before)
{
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        sigaction(keys[i], &before[i], NULL);
}

/* Runs the editor on @path with the terminal, as git and systemctl edit do: through a shell, since
 * EDITOR may have arguments. */
static gboolean run_editor(const char *path, GError **error)
{
    g_autofree char *quoted = g_shell_quote(path);
    g_autofree char *line = g_strdup_printf("%s %s", editor_command(), quoted);
    struct sigaction before[G_N_ELEMENTS(keys)];
    ignore_keys(before);
    pid_t pid = fork();
    if (pid == 0) {
        restore_keys(before);
        execl("/bin/sh", "sh", "-c", line, (char *)NULL);
        _exit(127);
    }
    int status = -1;
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    restore_keys(before);
    if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        return error_set(error, VGPUCTL_ERROR_FAILED,
                         "Editor '%s' failed, so nothing was changed; set EDITOR to another one",
                         editor_command());
    return TRUE;
}

static gboolean ask_again(const GError *reason)
{
    if (!isatty(STDIN_FILENO))
        return FALSE;
    fprintf(stderr, "%s\nEdit again? [Y/n] ", reason->message);
    char answer[8];
    return fgets(answer, sizeof answer, stdin) != NULL && answer[0] != 'n' && answer[0] != 'N';
}

/* Lets the user edit the copy @path until it reads well or they give up. */
static VmConfig *edit_until_valid(const char *path, const char *name, GError **error)
{
    for (;;) {
        g_autoptr(GError) reason = NULL;
        Definition copy = { .name = (char *)name, .path = (char *)path };
        if (!run_editor(path, error))
            return NULL;
        VmConfig *config = definition_load(&copy, &reason);
        if (config != NULL)
            return config;
        if (!ask_again(reason)) {
            g_propagate_prefixed_error(error, g_steal_pointer(&reason), "Nothing was changed: ");
            return NULL;
        }
    }
}

/* A file of our own with @text, for the editor. Its name, owned. */
static char *make_copy(const char *name, const char *text, gsize length, GError **error)
{
    g_autofree char *copy = g_strdup_printf("%s/vgpuctl-%s-XXXXXX", g_get_tmp_dir(), name);
    autofd int fd = g_mkstemp_full(copy, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) {
        error_set_errno(error, errno, "Making a copy to edit in %s", g_get_tmp_dir());
        return NULL;
    }
    if (!file_write_all(fd, text, length)) {
        error_set_errno(error, errno, "Writing a copy to edit, %s", copy);
        unlink(copy);
        return NULL;
    }
    return g_steal_pointer(&copy);
}

/* Whether the copy holds work of the user's that is nowhere else. */
static gboolean was_changed(const char *copy, const char *before)
{
    g_autofree char *now = NULL;
    return g_file_get_contents(copy, &now, NULL, NULL) && !g_str_equal(now, before);
}

static gboolean take_copy(const Definition *definition, const char *copy, GError **error)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    g_autoptr(VmConfig) config = edit_until_valid(copy, definition->name, error);
    /* the user's text is kept as it is, comments and order included */
    return config != NULL && g_file_get_contents(copy, &text, &length, error) &&
           file_write_atomic(definition->path, text, length, 0644, error);
}

static gboolean edit_definition(const Definition *definition, GError **error)
{
    g_autofree char *before = NULL;
    gsize length = 0;
    if (!g_file_get_contents(definition->path, &before, &length, error))
        return FALSE;
    g_autofree char *copy = make_copy(definition->name, before, length, error);
    if (copy == NULL)
        return FALSE;
    g_autoptr(GError) reason = NULL;
    gboolean good = take_copy(definition, copy, &reason);
    if (!good && was_changed(copy, before))
        return error_set(error, VGPUCTL_ERROR_FAILED, "%s; your text is kept in %s",
                         reason->message, copy);
    unlink(copy);
    if (!good)
        g_propagate_error(error, g_steal_pointer(&reason));
    return good;
}

static int run_edit(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_vm_edit, arguments, 1, 1, error))
        return 2;
    if (!user_leave_sudo(error))
        return 1;
    g_autoptr(Definition) definition = definition_find(context->root, arguments[0], error);
    if (definition == NULL)
        return 1;
    if (!definition->writable) {
        error_set(error, VGPUCTL_ERROR_ACCESS,
                  "VM '%s' is defined for all users in %s; only root may edit it", arguments[0],
                  definition->path);
        return 1;
    }
    return edit_definition(definition, error) ? 0 : 1;
}

const Command command_vm_edit = {
    .name = "vm edit",
    .group = "Virtual machines",
    .arguments = "NAME",
    .summary = "Edit a definition with $EDITOR; a bad one is not taken",
    .example = "  EDITOR=nano vgpuctl vm edit web",
    .run = run_edit,
};
