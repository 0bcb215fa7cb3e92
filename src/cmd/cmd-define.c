/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "base/json.h"
#include "cmd/mdev-host.h"
#include "cmd/mdev-words.h"
#include "cmd/sudo-line.h"
#include "vgpu/mdev-life.h"
#include "vgpu/vgpu-names.h"

static char *uuid_word, *parent_word, *type_word, *jsonfile;
static gboolean autostart, force;

static const GOptionEntry define_options[] = {
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_word, "Its UUID (a random one)", "UUID" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_word, "The device that is to give it", "BDF" },
    { "type", 't', 0, G_OPTION_ARG_STRING, &type_word, "Its type", "TYPE" },
    { "auto", 'a', 0, G_OPTION_ARG_NONE, &autostart, "Start it with its parent", NULL },
    { "jsonfile", 0, 0, G_OPTION_ARG_FILENAME, &jsonfile, "Read type, start and attributes here",
      "FILE" },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Also when a callout script says no", NULL },
    G_OPTION_ENTRY_NULL,
};

static const GOptionEntry undefine_options[] = {
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_word, "Which one", "UUID|NAME" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_word, "Only the one of this device", "BDF" },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Also when a callout script says no", NULL },
    G_OPTION_ENTRY_NULL,
};

static int check_define(GError **error)
{
    if (uuid_word == NULL && parent_word == NULL)
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "define: name a device with --parent, or one that "
                  "lives with --uuid");
    else if (jsonfile != NULL && (type_word != NULL || autostart))
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "define: --jsonfile says the type and the start, leave --type and --auto out");
    else
        return 0;
    return 2;
}

static int run_define(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_define, arguments, 0, 0, error) || check_define(error) != 0)
        return 2;
    g_autofree char *uuid =
        uuid_word != NULL ? vgpu_resolve(context->root, uuid_word, error) : NULL;
    if (uuid_word != NULL && uuid == NULL)
        return 1;
    g_autofree char *parent = mdev_parent_word(context->root, parent_word);
    g_autofree char *type = mdev_type_word(context->root, parent, type_word);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    const MdevWish wish = { .uuid = uuid,
                            .parent = parent,
                            .type = type,
                            .jsonfile = jsonfile,
                            .autostart = autostart,
                            .force = force };
    g_autofree char *made = NULL;
    if (!mdev_define(&host.host, &wish, &made, error)) {
        cmd_mdev_host_explain(&host, error);
        return sudo_line_add(error);
    }
    if (context->json)
        return cmd_print_json(json_pack("{s:o}", "uuid", json_text(made)), error);
    g_autofree char *line = g_strconcat(made, "\n", NULL);
    return uuid_word == NULL ? cmd_print(line, error) : 0;
}

static int run_undefine(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_undefine, arguments, 0, 0, error))
        return 2;
    if (uuid_word == NULL) {
        error_set(error, VGPUCTL_ERROR_USAGE, "undefine: say which one with --uuid");
        return 2;
    }
    g_autofree char *uuid = vgpu_resolve(context->root, uuid_word, error);
    if (uuid == NULL)
        return 1;
    g_autofree char *parent = mdev_parent_word(context->root, parent_word);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    if (mdev_undefine(&host.host, uuid, parent, force, error))
        return 0;
    cmd_mdev_host_explain(&host, error);
    return sudo_line_add(error);
}

const Command command_define = {
    .name = "define",
    .group = "vGPUs",
    .summary = "Define a vGPU, to be started later or with its parent",
    .details = "Writes mdevctl's file, /etc/mdevctl.d/PARENT/UUID; nothing is started.\n"
               "With the UUID of one that lives, parent and type may be left out.\n"
               "A UUID that nobody named is printed.",
    .example = "  sudo vgpuctl define --parent 00:02.0 --type V5_4 --auto",
    .options = define_options,
    .prints_json = TRUE,
    .run = run_define,
};

const Command command_undefine = {
    .name = "undefine",
    .group = "vGPUs",
    .summary = "Remove the definition of a vGPU",
    .details = "Of all parents that have one of this UUID, or of one. What lives goes on living.",
    .example = "  sudo vgpuctl undefine --uuid 8f6b4b5e-1a5e-4a0c-9a0e-3d1f3a3f6c11",
    .options = undefine_options,
    .run = run_undefine,
};
