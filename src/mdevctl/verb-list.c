/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/host.h"
#include "mdevctl/verbs.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-scan.h"

#define CHUNK (8u << 10)

/* What lives. The attributes of what is not defined only a script can tell; one that fails tells
 * nothing. */
static GPtrArray *list_active(const MdevHost *host, const MdevctlRequest *request)
{
    GPtrArray *devices = mdev_scan(host, request->uuid, request->parent);
    gboolean has_scripts = devices->len > 0 && callout_any(host);
    for (guint i = 0; has_scripts && i < devices->len; i++) {
        Mdev *dev = devices->pdata[i];
        if (!dev->defined)
            callout_load_attrs(host, dev, NULL);
    }
    return devices;
}

static void append_text(GString *out, const Mdev *dev, const MdevctlRequest *request)
{
    if (!(request->defined ? dev->defined : dev->active))
        return;
    const char *state = request->defined ? (dev->active ? " (active)" : "")
                        : dev->defined   ? " (defined)"
                                         : "";
    g_string_append_printf(out, "%s %s %s %s%s\n", dev->uuid, dev->parent, dev->type,
                           dev->autostart ? "auto" : "manual", state);
    guint attrs = request->verbose && dev->attrs != NULL ? dev->attrs->len : 0;
    for (guint i = 0; i < attrs; i++) {
        const MdevAttr *attr = dev->attrs->pdata[i];
        g_string_append_printf(out, "%s    @{%u}: {\"%s\":\"%s\"}\n", i == 0 ? "  Attrs:\n" : "", i,
                               attr->name, attr->value);
    }
}

static void print_text(GString *out, const GPtrArray *devices, const MdevctlRequest *request)
{
    for (guint i = 0; i < devices->len; i++) {
        append_text(out, devices->pdata[i], request);
        mdevctl_flush(out, CHUNK);
    }
}

/* [{"PARENT": [{"UUID": {...}}, ...], ...}], written as it is read. */
static void print_json(GString *out, const GPtrArray *devices)
{
    const char *parent = NULL;
    g_string_append(out, "[\n  {");
    for (guint i = 0; i < devices->len; i++) {
        const Mdev *dev = devices->pdata[i];
        if (g_strcmp0(parent, dev->parent) != 0) {
            g_string_append(out, parent != NULL ? "\n    ],\n    " : "\n    ");
            json_text_append(out, dev->parent);
            g_string_append(out, ": [");
        } else {
            g_string_append_c(out, ',');
        }
        parent = dev->parent;
        g_string_append_printf(out, "\n      {\n        \"%s\": ", dev->uuid);
        mdev_json_append(out, dev, 5);
        g_string_append(out, "\n      }");
        mdevctl_flush(out, CHUNK);
    }
    g_string_append(out, "\n    ]\n  }\n]");
}

int mdevctl_list(const Root *root, const MdevctlRequest *request)
{
    const MdevHost host = mdevctl_host(root);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) devices = NULL;
    if (request->defined) /* JSON does not tell what lives */
        devices = mdev_definitions(&host, request->uuid, request->parent,
                                   request->dumpjson ? 0 : MDEV_WITH_ACTIVE, &error);
    else
        devices = list_active(&host, request);
    if (devices == NULL)
        return mdevctl_fail_error(error);

    g_autoptr(GString) out = g_string_new(NULL);
    if (!request->dumpjson)
        print_text(out, devices, request);
    else if (devices->len == 0)
        g_string_append(out, "[]");
    else if (request->uuid != NULL && devices->len == 1) /* fit to be read with --jsonfile */
        mdev_json_append(out, devices->pdata[0], 1);
    else
        print_json(out, devices);
    g_string_append_c(out, '\n');
    mdevctl_flush(out, 0);
    return 0;
}
