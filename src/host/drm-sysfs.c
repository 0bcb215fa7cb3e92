/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/drm-sysfs.h"

#include <string.h>

#include "host/facts-pci.h"

/* The directory that holds card0 and renderD128; NULL when the device has no DRM driver. */
static char *find_drm_directory(const Root *root, const char *directory)
{
    g_autofree char *own = g_build_filename(directory, "drm", NULL);
    if (root_exists(root, own))
        return g_steal_pointer(&own);

    g_auto(GStrv) children = root_list(root, directory);
    for (char **child = children; *child != NULL; child++) {
        if (!g_str_has_prefix(*child, "virtio"))
            continue;
        g_autofree char *below = g_build_filename(directory, *child, "drm", NULL);
        if (root_exists(root, below))
            return g_steal_pointer(&below);
    }
    return NULL;
}

void drm_sysfs_nodes(const Root *root, const char *directory, char **ret_primary, char **ret_render)
{
    *ret_primary = *ret_render = NULL;
    g_autofree char *drm = find_drm_directory(root, directory);
    g_auto(GStrv) names = drm != NULL ? root_list(root, drm) : NULL;
    for (char **name = names; name != NULL && *name != NULL; name++) {
        char **place = g_str_has_prefix(*name, "card")      ? ret_primary
                       : g_str_has_prefix(*name, "renderD") ? ret_render
                                                            : NULL;
        if (place != NULL && *place == NULL)
            *place = g_build_filename("/dev/dri", *name, NULL);
    }
}

char *drm_sysfs_by_path(const Root *root, const char *node)
{
    if (node == NULL)
        return NULL;
    g_autofree char *wanted = g_path_get_basename(node);
    g_auto(GStrv) links = root_list(root, "/dev/dri/by-path");
    for (char **link = links; *link != NULL; link++) {
        g_autofree char *path = g_build_filename("/dev/dri/by-path", *link, NULL);
        g_autofree char *target = root_link_name(root, path);
        if (target != NULL && g_str_equal(target, wanted))
            return g_steal_pointer(&path);
    }
    return NULL;
}

char *edid_monitor_name(const guint8 *edid, gsize length)
{
    static const guint8 header[8] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    if (length < 128 || memcmp(edid, header, sizeof header) != 0)
        return NULL;
    for (gsize offset = 54; offset <= 108; offset += 18) {
        const guint8 *descriptor = edid + offset;
        /* a pixel clock of zero makes it a display descriptor, 0xfc the product name */
        if (descriptor[0] != 0 || descriptor[1] != 0 || descriptor[3] != 0xfc)
            continue;
        char *name = g_strndup((const char *)descriptor + 5, 13);
        name[strcspn(name, "\n")] = '\0';
        return g_strchomp(name);
    }
    return NULL;
}

static char *first_line(char *text)
{
    if (text != NULL)
        text[strcspn(text, "\n")] = '\0';
    return text;
}

/* @directory is that of the connector, "card0-HDMI-A-1". */
static DrmConnector *read_connector(const Root *root, const char *directory, const char *name)
{
    g_autofree char *status = g_build_filename(directory, "status", NULL);
    g_autofree char *modes = g_build_filename(directory, "modes", NULL);
    g_autofree char *edid = g_build_filename(directory, "edid", NULL);
    gsize length = 0;
    g_autofree char *bytes = root_read(root, edid, &length, NULL);
    g_autofree char *mode = first_line(root_read_attr(root, modes, NULL));

    DrmConnector *connector = record_new(&drm_connector_type);
    connector->name = g_strdup(name);
    connector->status = root_read_attr(root, status, NULL);
    connector->monitor = bytes != NULL ? edid_monitor_name((const guint8 *)bytes, length) : NULL;
    connector->mode = mode != NULL && *mode != '\0' ? g_steal_pointer(&mode) : NULL;
    return connector;
}

GPtrArray *drm_sysfs_connectors(const Root *root, const char *directory)
{
    GPtrArray *connectors = g_ptr_array_new();
    g_autofree char *primary = NULL, *render = NULL;
    drm_sysfs_nodes(root, directory, &primary, &render);
    g_autofree char *drm = find_drm_directory(root, directory);
    if (drm == NULL || primary == NULL)
        return connectors;

    g_autofree char *card = g_path_get_basename(primary);
    g_autofree char *prefix = g_strconcat(card, "-", NULL);
    g_autofree char *below = g_build_filename(drm, card, NULL);
    g_auto(GStrv) names = root_list(root, below);
    for (char **name = names; *name != NULL; name++) {
        if (!g_str_has_prefix(*name, prefix))
            continue;
        g_autofree char *path = g_build_filename(below, *name, NULL);
        g_ptr_array_add(connectors, read_connector(root, path, *name + strlen(prefix)));
    }
    return connectors;
}
