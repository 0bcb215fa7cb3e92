/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/capacity-text.h"

#include "base/table.h"
#include "vgpu/vgpu-use.h"

static char *number(int value)
{
    return g_strdup_printf("%d", value);
}

static char *types_table(const GPtrArray *parents)
{
    g_autoptr(Table) table =
        table_new((const char *const[]){ "PARENT", "TYPE", "TOTAL", "FREE", "LIVE", NULL });
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            if (!type->listed)
                continue;
            g_autofree char *total =
                g_strdup_printf("%d%s", type->total, type->estimate ? "+" : "");
            g_autofree char *left = number(type->creatable), *live = number(type->live);
            table_add(table, parent->parent, type->type, total, left, live, NULL);
        }
    }
    return table_to_text(table);
}

static gboolean is_of(const MdevDevice *device, const GPtrArray *parents)
{
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        if (device->uuid != NULL && g_strcmp0(parent->parent, device->parent) == 0)
            return TRUE;
    }
    return FALSE;
}

static char *devices_table(const HostFacts *facts, const GPtrArray *parents, GHashTable *uses)
{
    static const VgpuUse unused = { 0 };
    g_autoptr(Table) table = table_new((const char *const[]){
        "UUID", "NAME", "PARENT", "TYPE", "USER", "OWNER", "VM", "OPENED BY", NULL });
    for (guint i = 0; facts->mdev->devices != NULL && i < facts->mdev->devices->len; i++) {
        const MdevDevice *device = facts->mdev->devices->pdata[i];
        if (!is_of(device, parents))
            continue;
        const VgpuUse *use = g_hash_table_lookup(uses, device->uuid);
        if (use == NULL)
            use = &unused;
        table_add(table, device->uuid, use->name, device->parent, device->type, use->user,
                  use->owner, use->vm, use->holder, NULL);
    }
    return table_to_text(table);
}

char *capacity_text(const HostFacts *facts, const GPtrArray *parents, GHashTable *uses)
{
    g_autofree char *types = types_table(parents);
    g_autofree char *devices = devices_table(facts, parents, uses);
    if (*types == '\0')
        return g_strdup("Nothing on this host offers mediated devices; vgpuctl types says why.\n");
    return g_strconcat(types, *devices != '\0' ? "\n" : "", devices, NULL);
}

static json_t *devices_json(const HostFacts *facts, const char *parent, const char *type,
                            GHashTable *uses)
{
    json_t *array = json_array();
    for (guint i = 0; facts->mdev->devices != NULL && i < facts->mdev->devices->len; i++) {
        const MdevDevice *device = facts->mdev->devices->pdata[i];
        if (device->uuid == NULL || g_strcmp0(device->parent, parent) != 0 ||
            g_strcmp0(device->type, type) != 0)
            continue;
        VgpuUse unused = { .uuid = device->uuid };
        const VgpuUse *use = g_hash_table_lookup(uses, device->uuid);
        json_array_append_new(array, record_to_json(&vgpu_use_type, use != NULL ? use : &unused));
    }
    return array;
}

static json_t *type_json(const HostFacts *facts, const char *parent, const CapacityType *type,
                         GHashTable *uses)
{
    return json_pack("{s:o, s:i, s:i, s:i, s:b, s:o}", "type", json_text(type->type), "total",
                     type->total, "free", type->creatable, "live", type->live, "estimate",
                     type->estimate, "devices", devices_json(facts, parent, type->type, uses));
}

json_t *capacity_json(const HostFacts *facts, const GPtrArray *parents, GHashTable *uses)
{
    json_t *rows = json_array();
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        json_t *types = json_array();
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            if (type->listed)
                json_array_append_new(types, type_json(facts, parent->parent, type, uses));
        }
        json_array_append_new(rows,
                              json_pack("{s:o, s:o, s:o}", "parent", json_text(parent->parent),
                                        "driver", json_text(parent->driver), "types", types));
    }
    return rows;
}

/* Names of types come from the user and from drivers: they do not move the cursor. */
static void append_line(GString *text, char *line)
{
    g_autofree char *printable = text_printable(line);
    g_string_append_printf(text, "%s\n", printable);
    g_free(line);
}

static void append_mix(GString *text, const char *words, const GPtrArray *mix)
{
    if (mix == NULL || mix->len == 0)
        return;
    g_autofree char *items = mix_to_text(mix);
    append_line(text, g_strdup_printf("%s: %s", words, items));
}

char *capacity_fit_text(const MixFit *fit)
{
    g_autofree char *wanted = mix_to_text(fit->wanted);
    GString *text = g_string_new(NULL);
    append_line(text, fit->fits ? g_strdup_printf("%s fits", wanted)
                                : g_strdup_printf("%s does not fit: %s", wanted, fit->why));
    append_mix(text, "As many of smaller types", fit->smaller);
    append_mix(text, "As many of these as fit", fit->fewer);
    return g_string_free(text, FALSE);
}
