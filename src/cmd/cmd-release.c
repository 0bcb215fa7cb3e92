/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/json.h"
#include "cmd/sudo-line.h"
#include "vgpu/claim.h"
#include "vgpu/vgpu-names.h"

static char *owner_text, *purpose;

static const GOptionEntry release_options[] = {
    { "owner", 'o', 0, G_OPTION_ARG_STRING, &owner_text, "All of this process", "pid:N" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &purpose, "All that were claimed --for this", "TEXT" },
    G_OPTION_ENTRY_NULL,
};

static gboolean read_pid(int *ret_pid, GError **error)
{
    guint64 pid = 0;
    *ret_pid = 0;
    if (owner_text == NULL)
        return TRUE;
    if (!g_str_has_prefix(owner_text, "pid:") ||
        !g_ascii_string_to_unsigned(owner_text + strlen("pid:"), 10, 1, G_MAXINT, &pid, NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE, "release: --owner %s: it is pid:N",
                         owner_text);
    *ret_pid = (int)pid;
    return TRUE;
}

static gboolean is_meant(const Claim *claim, int pid)
{
    return claim->owner != NULL &&
           ((purpose != NULL && g_strcmp0(claim->vm, purpose) == 0) ||
            (pid > 0 && claim->owner->kind == OWNER_PID && claim->owner->pid == pid));
}

/* The uuids to give back; NULL with @error set. */
static GPtrArray *list_meant(const Root *root, char **arguments, int pid, GError **error)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new_with_free_func(g_free);
    for (char **text = arguments; *text != NULL; text++) {
        char *uuid = vgpu_resolve(root, *text, error);
        if (uuid == NULL)
            return NULL;
        g_ptr_array_add(uuids, uuid);
    }
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        if (is_meant(claim, pid))
            g_ptr_array_add(uuids, g_strdup(claim->uuid));
    }
    return g_steal_pointer(&uuids);
}

/* All of them, whatever becomes of one; @error is the first. */
static json_t *release_all(const Root *root, const GPtrArray *uuids, GError **error)
{
    json_t *released = json_array();
    GError **next = error;
    for (guint i = 0; i < uuids->len; i++) {
        const char *uuid = uuids->pdata[i];
        if (claim_release(root, uuid, next))
            json_array_append_new(released, json_string(uuid));
        else
            next = NULL;
    }
    return released;
}

static int run_release(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    gboolean by_option = owner_text != NULL || purpose != NULL;
    int pid = 0;
    if (!cmd_check_operands(&command_release, arguments, by_option ? 0 : 1, G_MAXUINT, error) ||
        !read_pid(&pid, error))
        return 2;
    g_autoptr(GPtrArray) uuids = list_meant(context->root, arguments, pid, error);
    if (uuids == NULL)
        return 1;
    g_autoptr(GError) reason = NULL;
    json_t *released = release_all(context->root, uuids, &reason);
    int status = 0;
    if (context->json)
        status = cmd_print_json(released, error);
    else
        json_decref(released);
    if (reason == NULL)
        return status;
    g_propagate_error(error, g_steal_pointer(&reason));
    return sudo_line_add(error);
}

const Command command_release = {
    .name = "release",
    .group = "vGPUs",
    .arguments = "NAME|UUID...",
    .summary = "Give claimed vGPUs back",
    .details = "One that a program has open is not taken away from it: that program is named.\n"
               "With --owner or --for it is no failure when there is none, so that an epilogue\n"
               "may run twice.",
    .example = "  sudo vgpuctl release --for job-17",
    .options = release_options,
    .prints_json = TRUE,
    .run = run_release,
};
