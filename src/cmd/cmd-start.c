/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <stdio.h>

#include "base/json.h"
#include "base/table.h"
#include "cmd/mdev-host.h"
#include "cmd/mdev-way-out.h"
#include "cmd/mdev-words.h"
#include "cmd/sudo-line.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-life.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"
#include "vgpu/vgpu-names.h"

static char *uuid_word, *parent_word, *type_word, *jsonfile;
static gboolean force;

static const GOptionEntry start_options[] = {
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_word, "Which one, or its UUID (a random one)",
      "UUID|NAME" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_word, "The device that is to give it", "BDF" },
    { "type", 't', 0, G_OPTION_ARG_STRING, &type_word, "Its type", "TYPE" },
    { "jsonfile", 0, 0, G_OPTION_ARG_FILENAME, &jsonfile, "Read type and attributes here", "FILE" },
    { "force", 'f', 0, G_OPTION_ARG_NONE, &force, "Also when a callout script says no", NULL },
    G_OPTION_ENTRY_NULL,
};

static gboolean check_start(GError **error)
{
    if (uuid_word == NULL && parent_word == NULL)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "start: name a vGPU that is defined with --uuid, or --parent and --type");
    return jsonfile == NULL || type_word == NULL ||
           error_set(error, VGPUCTL_ERROR_USAGE,
                     "start: --jsonfile says the type, leave --type out");
}

static int print_started(const CmdContext *context, const char *uuid, GError **error)
{
    if (!context->json) {
        g_autofree char *line = g_strconcat(uuid, "\n", NULL);
        return uuid_word == NULL ? cmd_print(line, error) : 0;
    }
    g_autofree char *parent = NULL, *type = NULL;
    mdev_find(context->root, uuid, &parent, &type);
    g_autofree char *node = mdev_group_node(context->root, uuid, NULL);
    return cmd_print_json(json_pack("{s:o, s:o, s:o, s:o}", "uuid", json_text(uuid), "parent",
                                    json_text(parent), "type", json_text(type), "node",
                                    json_text(node)),
                          error);
}

static int run_start(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_start, arguments, 0, 0, error) || !check_start(error))
        return 2;
    g_autofree char *uuid =
        uuid_word != NULL ? vgpu_resolve(context->root, uuid_word, error) : NULL;
    if (uuid_word != NULL && uuid == NULL)
        return 1;
    g_autofree char *parent = mdev_parent_word(context->root, parent_word);
    g_autofree char *type = mdev_type_word(context->root, parent, type_word);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    const MdevWish wish = {
        .uuid = uuid, .parent = parent, .type = type, .jsonfile = jsonfile, .force = force
    };
    g_autofree char *started = NULL;
    if (mdev_start(&host.host, &wish, &started, error))
        return pool_restore(context->root, started, error) ? print_started(context, started, error)
                                                           : 1;
    cmd_mdev_host_explain(&host, error);
    return sudo_line_add(error);
}

typedef struct {
    const Root *root;
    guint failed;
} ParentStart;

/*
 * One that runs already is as it should be: mdevctl's udev rule may have been quicker, and knows
 * nothing of whose it is.
 */
static void finish_start(const Mdev *dev, const GError *reason, gpointer data)
{
    ParentStart *start = data;
    g_autoptr(GError) told = NULL;
    if (reason != NULL && !g_error_matches(reason, MDEV_ERROR, MDEV_ERROR_ACTIVE))
        told = g_error_copy(reason);
    else if (pool_restore(start->root, dev->uuid, &told))
        return;
    start->failed++;
    mdev_add_way_out(&told);
    g_autofree char *text = text_printable(told->message);
    fprintf(stderr, "vgpuctl: vGPU %s: %s\n", dev->uuid, text);
}

static int run_start_parent(const CmdContext *context, char **arguments, char **passed,
                            GError **error)
{
    if (!cmd_check_operands(&command_start_parent_mdevs, arguments, 1, 1, error))
        return 2;
    g_autofree char *parent = mdev_parent_word(context->root, arguments[0]);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    ParentStart start = { .root = context->root };
    if (mdev_start_parent(&host.host, parent, finish_start, &start, error))
        return start.failed > 0 ? 1 : 0;
    cmd_mdev_host_explain(&host, error);
    return sudo_line_add(error);
}

const Command command_start = {
    .name = "start",
    .group = "vGPUs",
    .summary = "Start a vGPU, one that is defined or a passing one",
    .details = "Makes the device and writes its attributes; if one cannot be written, it is\n"
               "removed again. A UUID that nobody named is printed.",
    .example = "  sudo vgpuctl start --uuid win\n"
               "  sudo vgpuctl start --parent 00:02.0 --type V5_4",
    .options = start_options,
    .prints_json = TRUE,
    .run = run_start,
};

const Command command_start_parent_mdevs = {
    .name = "start-parent-mdevs",
    .group = "vGPUs",
    .arguments = "BDF",
    .summary = "Start the vGPUs of a device that are defined to start with it",
    .details = "What the boot does. One that runs already is left alone.",
    .example = "  sudo vgpuctl start-parent-mdevs 00:02.0",
    .run = run_start_parent,
};
