/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-drm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "host/drm-sysfs.h"

static const Field drm_node_fields[] = {
    FIELD_TEXT_(DrmNode, path, "device node"),
    FIELD_TEXT_(DrmNode, by_path, "link to it that survives a reboot"),
    FIELD_TEXT_(DrmNode, parent, "sysfs name of the device it belongs to"),
    FIELD_TEXT_(DrmNode, driver, "kernel driver of that device"),
    FIELD_FLAG_(DrmNode, render, "a render node, else a primary one"),
    FIELD_FLAG_(DrmNode, usable, "this user may open it for reading and writing"),
    FIELD_TEXT_(DrmNode, unusable_why, "why not"),
    FIELD_END,
};
const RecordType drm_node_type = { "drm-node", sizeof(DrmNode), drm_node_fields };

static char *user_name(uid_t uid)
{
    const struct passwd *entry = getpwuid(uid);
    return entry != NULL ? g_strdup(entry->pw_name) : g_strdup_printf("%u", uid);
}

static char *group_name(gid_t gid)
{
    const struct group *entry = getgrgid(gid);
    return entry != NULL ? g_strdup(entry->gr_name) : g_strdup_printf("%u", gid);
}

/* "Permission denied (root:render 0660)" */
static char *explain_refusal(const Root *root, const char *path, int reason)
{
    struct stat node;
    if (!root_stat(root, path, &node, NULL))
        return g_strdup(g_strerror(reason));
    g_autofree char *user = user_name(node.st_uid);
    g_autofree char *group = group_name(node.st_gid);
    return g_strdup_printf("%s (%s:%s %04o)", g_strerror(reason), user, group,
                           node.st_mode & 07777);
}

/*
 * On older kernels virtio-gpu hung its DRM device below the virtio device: then the PCI device is
 * the one above.
 */
static void read_parent(const Root *root, const char *name, DrmNode *node)
{
    g_autofree char *device = g_build_filename("/sys/class/drm", name, "device", NULL);
    node->parent = root_link_name(root, device);
    if (node->parent != NULL && g_str_has_prefix(node->parent, "virtio")) {
        g_autofree char *bus = g_build_filename("/sys/bus/virtio/devices", node->parent, NULL);
        g_autofree char *target = root_read_link(root, bus, NULL);
        g_autofree char *above = target != NULL ? g_path_get_dirname(target) : NULL;
        if (above != NULL) {
            g_free(node->parent);
            node->parent = g_path_get_basename(above);
        }
    }
    g_autofree char *driver = g_build_filename(device, "driver", NULL);
    node->driver = root_link_name(root, driver);
}

static DrmNode *read_node(const Root *root, const char *name)
{
    DrmNode *node = record_new(&drm_node_type);
    node->path = g_build_filename("/dev/dri", name, NULL);
    node->by_path = drm_sysfs_by_path(root, node->path);
    node->render = g_str_has_prefix(name, "renderD");
    read_parent(root, name, node);
    int reason = root_try_open(root, node->path, O_RDWR);
    node->usable = reason == 0;
    if (reason != 0)
        node->unusable_why = explain_refusal(root, node->path, reason);
    return node;
}

GPtrArray *drm_nodes_read(const Root *root)
{
    GPtrArray *nodes = g_ptr_array_new();
    g_auto(GStrv) names = root_list(root, "/dev/dri");
    for (char **name = names; *name != NULL; name++)
        if (g_str_has_prefix(*name, "card") || g_str_has_prefix(*name, "renderD"))
            g_ptr_array_add(nodes, read_node(root, *name));
    return nodes;
}
