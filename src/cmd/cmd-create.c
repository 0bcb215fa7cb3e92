/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/json.h"
#include "base/user.h"
#include "cmd/sudo-line.h"
#include "vgpu/create.h"
#include "vgpu/mdev-sysfs.h"

static char *name, *parent, *user, *group;
static gboolean persistent, ensure;

static const GOptionEntry create_options[] = {
    { "name", 'n', 0, G_OPTION_ARG_STRING, &name, "What to call it in other commands", "NAME" },
    { "user", 'u', 0, G_OPTION_ARG_STRING, &user, "Who may open it, besides root", "USER" },
    { "group", 'g', 0, G_OPTION_ARG_STRING, &group, "Whose members may open it", "GROUP" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent, "Only on this GPU", "ADDRESS" },
    { "persist", 0, 0, G_OPTION_ARG_NONE, &persistent, "Make it again with each boot", NULL },
    { "ensure", 0, 0, G_OPTION_ARG_NONE, &ensure, "One of that name and type will do", NULL },
    G_OPTION_ENTRY_NULL,
};

static gboolean read_request(const char *type, CreateRequest *request, GError **error)
{
    *request = (CreateRequest){ .type = type,
                                .parent = parent,
                                .name = name,
                                .uid = -1,
                                .gid = -1,
                                .persistent = persistent,
                                .ensure = ensure };
    return (user == NULL || user_find(user, &request->uid, error)) &&
           (group == NULL || group_find(group, &request->gid, error));
}

static int print_record(const CmdContext *context, const VgpuRecord *record, GError **error)
{
    if (!context->json) {
        g_autofree char *line = g_strconcat(record->uuid, "\n", NULL);
        return cmd_print(line, error);
    }
    g_autofree char *node = mdev_group_node(context->root, record->uuid, NULL);
    json_t *object = record_to_json(&vgpu_record_type, record);
    json_object_set_new(object, "node", json_text(node));
    return cmd_print_json(object, error);
}

static int run_create(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    CreateRequest request;
    if (!cmd_check_operands(&command_create, arguments, 1, 1, error) ||
        !read_request(arguments[0], &request, error))
        return 2;
    g_autoptr(VgpuRecord) record = vgpu_create(context->root, &request, error);
    return record != NULL ? print_record(context, record, error) : sudo_line_add(error);
}

const Command command_create = {
    .name = "create",
    .group = "vGPUs",
    .arguments = "TYPE",
    .summary = "Make a vGPU that stays, for a user or a group",
    .details = "Prints its UUID. It stays until `vgpuctl destroy`, or until the machine restarts;\n"
               "with --persist it comes again then.",
    .example = "  sudo vgpuctl create V5_4 --name win --user alice --persist",
    .options = create_options,
    .prints_json = TRUE,
    .run = run_create,
};
