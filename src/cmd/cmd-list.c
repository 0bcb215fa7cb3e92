/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "base/table.h"
#include "cmd/mdev-host.h"
#include "cmd/mdev-parents.h"
#include "cmd/rows.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-scan.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/vgpu-names.h"
#include "vgpu/vgpu-use.h"

static gboolean defined, attributes;
static char *uuid_name, *parent_name;

static const GOptionEntry list_options[] = {
    { "defined", 'd', 0, G_OPTION_ARG_NONE, &defined, "Those that are defined, living or not",
      NULL },
    { "attributes", 'v', 0, G_OPTION_ARG_NONE, &attributes,
      "Show what is written to a vGPU when it is started, too", NULL },
    { "uuid", 'u', 0, G_OPTION_ARG_STRING, &uuid_name, "Only this one", "UUID|NAME" },
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_name, "Only of this device", "BDF" },
    G_OPTION_ENTRY_NULL,
};

/* Those of a facts file, which has no definitions. */
static GPtrArray *devices_of_facts(const char *path, GError **error)
{
    if (defined) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "list: --defined reads /etc/mdevctl.d, which is not in a facts file");
        return NULL;
    }
    const FactsRequest request = { .parts = FACTS_MDEV };
    g_autoptr(HostFacts) facts = host_facts_read(NULL, path, &request, error);
    if (facts == NULL)
        return NULL;
    GPtrArray *devices = g_ptr_array_new_with_free_func((GDestroyNotify)mdev_free);
    for (guint i = 0; facts->mdev->devices != NULL && i < facts->mdev->devices->len; i++) {
        const MdevDevice *known = facts->mdev->devices->pdata[i];
        if (known->uuid == NULL)
            continue;
        Mdev *dev = mdev_new(known->uuid);
        mdev_set_parent(dev, known->parent);
        mdev_set_type(dev, known->type);
        dev->active = TRUE;
        g_ptr_array_add(devices, dev);
    }
    return devices;
}

static GPtrArray *read_devices(const CmdContext *context, GError **error)
{
    if (context->facts_path != NULL)
        return devices_of_facts(context->facts_path, error);
    g_auto(CmdMdevHost) host = { 0 };
    cmd_mdev_host_init(&host, context->root);
    GPtrArray *devices = defined ? mdev_definitions(&host.host, NULL, NULL, MDEV_WITH_ACTIVE, error)
                                 : mdev_scan(&host.host, NULL, NULL);
    if (devices == NULL)
        cmd_mdev_host_explain(&host, error);
    return devices;
}

static void keep_wanted(GPtrArray *devices, const char *uuid)
{
    for (guint i = devices->len; i-- > 0;) {
        const Mdev *dev = devices->pdata[i];
        if ((uuid != NULL && !g_str_equal(dev->uuid, uuid)) ||
            (parent_name != NULL && !mdev_parent_matches(dev->parent, parent_name)))
            g_ptr_array_remove_index(devices, i);
    }
}

static GHashTable *uses_of(const CmdContext *context, const GPtrArray *devices)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    for (guint i = 0; context->facts_path == NULL && i < devices->len; i++)
        g_ptr_array_add(uuids, ((Mdev *)devices->pdata[i])->uuid);
    return vgpu_uses(context->root, uuids);
}

/* "assign_adapter=5, assign_domain=0xab"; NULL: none. Owned. */
static char *attributes_text(const Mdev *dev)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; dev->attrs != NULL && i < dev->attrs->len; i++) {
        const MdevAttr *attr = dev->attrs->pdata[i];
        g_string_append_printf(text, "%s%s=%s", i > 0 ? ", " : "", attr->name, attr->value);
    }
    return g_string_free(text, text->len == 0);
}

static const char *state_words(const Mdev *dev)
{
    if (dev->active)
        return dev->defined ? "active, defined" : "active";
    return "defined";
}

static void add_row(Table *table, const Mdev *dev, const VgpuUse *use, gboolean verbose)
{
    static const VgpuUse unused = { 0 };
    if (use == NULL)
        use = &unused;
    g_autofree char *attrs = verbose ? attributes_text(dev) : NULL;
    const char *cells[] = { dev->uuid,
                            use->name,
                            dev->parent,
                            dev->type,
                            state_words(dev),
                            dev->autostart ? "auto" : "manual",
                            use->user,
                            use->owner,
                            use->vm,
                            verbose ? use->holder : NULL,
                            attrs };
    table_add_cells(table, cells);
}

static char *list_text(const GPtrArray *devices, GHashTable *uses, gboolean verbose)
{
    const char *headings[] = { "UUID",       "NAME", "PARENT", "TYPE", "STATE",
                               "START",      "USER", "OWNER",  "VM",   verbose ? "OPENED BY" : NULL,
                               "ATTRIBUTES", NULL };
    g_autoptr(Table) table = table_new(headings);
    for (guint i = 0; i < devices->len; i++) {
        const Mdev *dev = devices->pdata[i];
        add_row(table, dev, g_hash_table_lookup(uses, dev->uuid), verbose);
    }
    return table_to_text(table);
}

static json_t *attributes_json(const Mdev *dev)
{
    json_t *array = json_array();
    for (guint i = 0; dev->attrs != NULL && i < dev->attrs->len; i++) {
        const MdevAttr *attr = dev->attrs->pdata[i];
        json_array_append_new(array, json_pack("{s:o, s:o}", "name", json_text(attr->name), "value",
                                               json_text(attr->value)));
    }
    return array;
}

static json_t *device_json(const CmdContext *context, const Mdev *dev, const VgpuUse *use)
{
    static const VgpuUse unused = { 0 };
    g_autoptr(json_t) whose = record_to_json(&vgpu_use_type, use != NULL ? use : &unused);
    g_autofree char *node = dev->active && context->facts_path == NULL
                                ? mdev_group_node(context->root, dev->uuid, NULL)
                                : NULL;
    json_object_del(whose, "uuid");
    json_t *object =
        json_pack("{s:o, s:o, s:o, s:b, s:b, s:b, s:o, s:o}", "uuid", json_text(dev->uuid),
                  "parent", json_text(dev->parent), "type", json_text(dev->type), "active",
                  dev->active, "defined", dev->defined, "autostart", dev->autostart, "attributes",
                  attributes_json(dev), "node", json_text(node));
    json_object_update(object, whose);
    return object;
}

static int run_list(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_list, arguments, 0, 0, error))
        return 2;
    g_autofree char *uuid = NULL;
    if (uuid_name != NULL) {
        uuid = context->facts_path != NULL ? g_ascii_strdown(uuid_name, -1)
                                           : vgpu_resolve(context->root, uuid_name, error);
        if (uuid == NULL)
            return 1;
    }
    g_autoptr(GPtrArray) devices = read_devices(context, error);
    if (devices == NULL)
        return 1;
    keep_wanted(devices, uuid);
    g_autoptr(GHashTable) uses = uses_of(context, devices);
    if (!context->json) {
        g_autofree char *text = list_text(devices, uses, attributes || context->verbose);
        return cmd_print(text, error);
    }
    json_t *rows = json_array();
    for (guint i = 0; i < devices->len; i++) {
        const Mdev *dev = devices->pdata[i];
        json_array_append_new(rows,
                              device_json(context, dev, g_hash_table_lookup(uses, dev->uuid)));
    }
    return cmd_print_json(rows, error);
}

const Command command_list = {
    .name = "list",
    .group = "vGPUs",
    .summary = "List the vGPUs, and whose they are",
    .details =
        "Those that live, or with --defined those that are defined (/etc/mdevctl.d). Called "
        "as mdevctl,\nvgpuctl prints mdevctl's own list. Whose process has a vGPU open, root "
        "sees.",
    .example = "  vgpuctl list\n"
               "  vgpuctl list --defined --parent 00:02.0\n"
               "  vgpuctl list --json | jq -r '.[] | select(.owner == null).uuid'",
    .options = list_options,
    .prints_json = TRUE,
    .run = run_list,
};
