/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <stdio.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/user.h"
#include "cmd/claim-hold.h"
#include "cmd/sudo-line.h"
#include "vgpu/broker-client.h"
#include "vgpu/claim.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"

static char *owner_text, *parent, *user, *purpose;
static gboolean pool;

static const GOptionEntry claim_options[] = {
    { "owner", 'o', 0, G_OPTION_ARG_STRING, &owner_text,
      "For as long as process N lives, for a time, or until our input ends",
      "pid:N|lease:SECONDS|fd" },
    { "user", 'u', 0, G_OPTION_ARG_STRING, &user, "Who may open it, besides root", "USER" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent, "Only on this GPU", "ADDRESS" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &purpose, "A VM or job, shown and taken by release",
      "TEXT" },
    { "pool", 0, 0, G_OPTION_ARG_NONE, &pool, "One that was made for that user will do", NULL },
    G_OPTION_ENTRY_NULL,
};

static json_t *claim_to_json(const Root *root, const Claim *claim)
{
    g_autofree char *node = mdev_group_node(root, claim->uuid, NULL);
    json_t *object = record_to_json(&claim_type, claim);
    json_object_set_new(object, "node", json_text(node));
    return object;
}

static int print_claim(const CmdContext *context, const Claim *claim, GError **error)
{
    if (context->json)
        return cmd_print_json(claim_to_json(context->root, claim), error);
    g_autofree char *line = g_strconcat(claim->uuid, "\n", NULL);
    return cmd_print(line, error);
}

/* Without --user it is for who called sudo, when it is that one who will run the command. */
static gboolean read_uid(gboolean has_command, int *ret_uid, GError **error)
{
    *ret_uid = -1;
    const char *caller = g_getenv("SUDO_UID");
    if (user != NULL)
        return user_find(user, ret_uid, error);
    return !has_command || caller == NULL || user_find(caller, ret_uid, error);
}

static Claim *take(const Root *root, const char *type, const Owner *owner, gboolean has_command,
                   int *ret_fd, GError **error)
{
    ClaimRequest request = {
        .type = type, .parent = parent, .vm = purpose, .owner = owner, .pool = pool
    };
    if (!read_uid(has_command, &request.uid, error))
        return NULL;
    /* who is not root has those that were made for them, for as long as they hold the lock */
    if (root_is_system(root) && !user_is_root() && owner->kind == OWNER_LOCK)
        return pool_take(root, type, parent, ret_fd, error);
    return claim_take(root, &request, ret_fd, error);
}

/* Gives back what we held; a pool's is free with our lock. */
static gboolean give_back(const Root *root, const Claim *claim, int lock_fd, GError **error)
{
    g_autoptr(Claim) written = claim_find(root, claim->uuid);
    autofd_close(&lock_fd);
    return written == NULL || !user_is_root() || claim_release(root, claim->uuid, error);
}

static int hold(const CmdContext *context, const Claim *claim, int lock_fd, char **command,
                GError **error)
{
    int status = 0;
    if (command != NULL)
        status = claim_hold_command(context->root, claim, command, lock_fd, error);
    else if ((status = print_claim(context, claim, error)) == 0)
        status = claim_hold_input(error) ? 0 : 1;
    g_autoptr(GError) reason = NULL;
    if (give_back(context->root, claim, lock_fd, &reason))
        return status;
    if (error != NULL && *error == NULL)
        g_propagate_error(error, g_steal_pointer(&reason));
    return status != 0 ? status : 1;
}

static gboolean check_usage(char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_claim, arguments, 1, 1, error))
        return FALSE;
    if (passed != NULL && passed[0] == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE, "claim: there is no command behind --");
    if (owner_text == NULL && passed == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "claim: --owner is missing (pid:N, lease:SECONDS or fd), or a command "
                         "behind --");
    if (passed != NULL && g_strcmp0(owner_text != NULL ? owner_text : "fd", "fd") != 0)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "claim: with a command its run is what counts; leave --owner %s away",
                         owner_text);
    return TRUE;
}

static int run_claim(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!check_usage(arguments, passed, error))
        return 2;
    g_autoptr(Owner) owner = owner_parse(owner_text != NULL ? owner_text : "fd", error);
    if (owner == NULL)
        return 1;
    int lock_fd = -1;
    g_autoptr(Claim) claim =
        take(context->root, arguments[0], owner, passed != NULL, &lock_fd, error);
    if (claim == NULL)
        return sudo_line_add(error);
    if (owner->kind == OWNER_LOCK)
        return hold(context, claim, lock_fd, passed, error);
    return print_claim(context, claim, error);
}

const Command command_claim = {
    .name = "claim",
    .group = "vGPUs",
    .arguments = "TYPE [-- COMMAND...]",
    .summary = "Take a vGPU for a process, a time or a command",
    .details = "Prints its UUID. It is removed when its owner is gone: at once with fd and with a\n"
               "command, else by the next command about vGPUs, or by `vgpuctl gc`.",
    .example = "  sudo vgpuctl claim V5_4 --owner pid:812 --user alice\n"
               "  sudo vgpuctl claim V5_8 -- make check-gpu",
    .options = claim_options,
    .prints_json = TRUE,
    .run = run_claim,
};

static int run_claim_steps(const CmdContext *context, char **arguments, char **passed,
                           GError **error)
{
    g_autofree char *text = g_strjoinv("\n", (char **)claim_step_names());
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    return cmd_print(line, error);
}

const Command command_claim_steps = {
    .name = "claim-steps",
    .summary = "Print the steps of taking, making and giving back a vGPU, in order",
    .run = run_claim_steps,
};
