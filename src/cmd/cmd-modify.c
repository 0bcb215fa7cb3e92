/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include "cmd/mdev-host.h"
#include "cmd/mdev-words.h"
#include "cmd/sudo-line.h"
#include "vgpu/mdev-life.h"
#include "vgpu/vgpu-names.h"

static char *uuid_word, *parent_word, *type_word, *add_attr, *value, *jsonfile;
static gboolean automatic, manual, delete_attr, live, defined, force;
static int index_number = -1;

static const GOptionEntry modify_options[] = {
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_word, "Which one", "UUID|NAME" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_word, "The one of this device", "BDF" },
    { "type", 't', 0, G_OPTION_ARG_STRING, &type_word, "Make it one of this type", "TYPE" },
    { "auto", 'a', 0, G_OPTION_ARG_NONE, &automatic, "Start it with its parent", NULL },
    { "manual", 'm', 0, G_OPTION_ARG_NONE, &manual, "Start it only when asked to", NULL },
    { "addattr", 0, 0, G_OPTION_ARG_STRING, &add_attr, "Write an attribute at its start", "NAME" },
    { "value", 0, 0, G_OPTION_ARG_STRING, &value, "What to write to it", "TEXT" },
    { "delattr", 0, 0, G_OPTION_ARG_NONE, &delete_attr, "Take an attribute away", NULL },
    { "index", 'i', 0, G_OPTION_ARG_INT, &index_number,
      "In front of which, or which one, from 0 (the last)", "N" },
    { "jsonfile", 0, 0, G_OPTION_ARG_FILENAME, &jsonfile, "Replace the definition by this",
      "FILE" },
    { "live", 'l', 0, G_OPTION_ARG_NONE, &live, "Change the vGPU that lives, by its script", NULL },
    { "defined", 'd', 0, G_OPTION_ARG_NONE, &defined, "With --live: the definition, too", NULL },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Also when a callout script says no", NULL },
    G_OPTION_ENTRY_NULL,
};

static gboolean check_words(GError **error)
{
    const char *wrong =
        uuid_word == NULL                       ? "say which one with --uuid"
        : automatic && manual                   ? "--auto and --manual exclude each other"
        : add_attr != NULL && delete_attr       ? "--addattr and --delattr exclude each other"
        : (add_attr != NULL) != (value != NULL) ? "--addattr NAME and --value TEXT belong together"
        : index_number < -1                     ? "--index counts from 0"
        : live && jsonfile == NULL              ? "--live takes what is to be from --jsonfile"
        : jsonfile != NULL && (type_word != NULL || add_attr != NULL || delete_attr)
            ? "--jsonfile replaces the definition, leave --type and attributes out"
        : type_word == NULL && !automatic && !manual && add_attr == NULL && !delete_attr &&
                jsonfile == NULL
            ? "say what to change; vgpuctl modify --help lists what can be"
            : NULL;
    return wrong == NULL || error_set(error, VGPUCTL_ERROR_USAGE, "modify: %s", wrong);
}

static int run_modify(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_modify, arguments, 0, 0, error) || !check_words(error))
        return 2;
    g_autofree char *uuid = vgpu_resolve(context->root, uuid_word, error);
    if (uuid == NULL)
        return 1;
    g_autofree char *parent = mdev_parent_word(context->root, parent_word);
    g_autofree char *type = mdev_type_word(context->root, parent, type_word);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    const MdevChange change = { .uuid = uuid,
                                .parent = parent,
                                .type = type,
                                .autostart = automatic ? 1
                                             : manual  ? 0
                                                       : -1,
                                .add_attr = add_attr,
                                .value = value,
                                .delete_attr = delete_attr,
                                .index = index_number,
                                .jsonfile = jsonfile,
                                .live = live,
                                .defined = defined,
                                .force = force };
    if (mdev_modify(&host.host, &change, error))
        return 0;
    cmd_mdev_host_explain(&host, error);
    return sudo_line_add(error);
}

const Command command_modify = {
    .name = "modify",
    .group = "vGPUs",
    .summary = "Change the definition of a vGPU",
    .details =
        "What lives is not changed, except by --live. What others wrote into the definition\n"
        "is kept.",
    .example =
        "  sudo vgpuctl modify --uuid win --auto\n"
        "  sudo vgpuctl modify --uuid win --addattr nvidia/vgpu_params --value disable_vnc=1",
    .options = modify_options,
    .run = run_modify,
};
