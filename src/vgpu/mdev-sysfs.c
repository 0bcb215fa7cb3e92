/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-sysfs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rules/capacity.h"
#include "rules/mdev-errno.h"

/* A name that cannot lead out of the directory it is looked up in. */
static gboolean is_entry_name(const char *name)
{
    return *name != '\0' && strchr(name, '/') == NULL && !g_str_equal(name, ".") &&
           !g_str_equal(name, "..");
}

/*
 * The class can be missing though there are parents (mdev_register_parent() only warns when it
 * cannot make it), so the buses whose drivers have mediated devices are looked at, too.
 */
char *mdev_types_directory(const Root *root, const char *parent)
{
    static const char *const places[] = { "/sys/class/mdev_bus", "/sys/bus/pci/devices",
                                          "/sys/bus/css/devices" };
    if (!is_entry_name(parent))
        return NULL;
    for (guint i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autofree char *path = g_strdup_printf("%s/%s/mdev_supported_types", places[i], parent);
        struct stat info;
        if (root_stat(root, path, &info, NULL) && S_ISDIR(info.st_mode))
            return g_steal_pointer(&path);
    }
    return NULL;
}

/* Driver of the parent @types is of, or the class of one without a driver. Owned, or NULL. */
static char *driver_of(const Root *root, const char *types)
{
    static const char *const links[] = { "driver", "subsystem" };
    g_autofree char *parent = g_path_get_dirname(types);
    char *name = NULL;
    for (gsize i = 0; name == NULL && i < G_N_ELEMENTS(links); i++) {
        g_autofree char *path = g_build_filename(parent, links[i], NULL);
        name = root_link_name(root, path);
    }
    return name;
}

/* What the errno alone does not say: who has the UUID, what is used up. Owned, or NULL. */
static char *why_refused(const Root *root, const char *parent, const char *type, const char *uuid,
                         int failure)
{
    if (failure == EEXIST) {
        g_autofree char *other_parent = NULL;
        return mdev_find(root, uuid, &other_parent, NULL)
                   ? g_strdup_printf("a vGPU of %s", other_parent)
                   : NULL;
    }
    if (failure != ENOSPC)
        return NULL;
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    g_autoptr(HostFacts) facts = host_facts_read(root, NULL, &request, NULL);
    return facts != NULL ? capacity_why_none(facts, parent, type) : NULL;
}

static gboolean set_create_error(const Root *root, const char *types, const char *parent,
                                 const char *type, const char *uuid, int number, GError **error)
{
    g_autofree char *driver = driver_of(root, types);
    g_autofree char *why = why_refused(root, parent, type, uuid, number);
    const MdevFailure failure = {
        .action = MDEV_ACTION_CREATE,
        .number = number,
        .driver = driver,
        .uuid = uuid,
        .parent = parent,
        .type = type,
        .why = why,
    };
    return mdev_errno_set(error, &failure);
}

/* 0 or the errno. sysfs takes the text of one write(2) as the whole value. */
static int write_attribute(const Root *root, const char *path, const char *text)
{
    autofd int fd = root_open_file(root, path, O_WRONLY | O_TRUNC | O_NONBLOCK, NULL);
    return fd >= 0 && write(fd, text, strlen(text)) >= 0 ? 0 : errno;
}

gboolean mdev_create(const Root *root, const char *parent, const char *type, const char *uuid,
                     int *ret_errno, GError **error)
{
    if (ret_errno != NULL)
        *ret_errno = 0;
    g_autofree char *types = mdev_types_directory(root, parent);
    if (types == NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "Making vGPU %s: %s has no mediated devices to give; vgpuctl types lists "
                         "what has",
                         uuid, parent);
    g_autofree char *directory = g_strdup_printf("%s/%s", types, type);
    if (!is_entry_name(type) || !root_exists(root, directory))
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "Making vGPU %s: %s has no type %s; vgpuctl types lists those it has",
                         uuid, parent, type);

    g_autofree char *path = g_strconcat(directory, "/create", NULL);
    int failure = write_attribute(root, path, uuid);
    if (failure == 0)
        return TRUE;
    if (ret_errno != NULL)
        *ret_errno = failure;
    return set_create_error(root, types, parent, type, uuid, failure, error);
}

/* Where the kernel links a device by its UUID, which it writes in lower case. Owned, or NULL. */
static char *device_path(const char *uuid)
{
    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    if (!is_entry_name(lower))
        return NULL;
    return g_strconcat("/sys/bus/mdev/devices/", lower, NULL);
}

gboolean mdev_find(const Root *root, const char *uuid, char **ret_parent, char **ret_type)
{
    g_autofree char *path = device_path(uuid);
    g_autofree char *target = path != NULL ? root_read_link(root, path, NULL) : NULL;
    if (target == NULL)
        return FALSE;
    if (ret_parent != NULL) { /* ../../../devices/.../PARENT/UUID */
        g_autofree char *directory = g_path_get_dirname(target);
        *ret_parent = g_path_get_basename(directory);
    }
    if (ret_type != NULL) {
        g_autofree char *link = g_strconcat(path, "/mdev_type", NULL);
        *ret_type = root_link_name(root, link);
        if (*ret_type == NULL) { /* it went in between */
            if (ret_parent != NULL)
                g_clear_pointer(ret_parent, g_free);
            return FALSE;
        }
    }
    return TRUE;
}

char *mdev_group_node(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *path = device_path(uuid);
    if (path == NULL || !root_exists(root, path)) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "There is no vGPU %s; vgpuctl list shows those there are", uuid);
        return NULL;
    }
    g_autofree char *link = g_strconcat(path, "/iommu_group", NULL);
    g_autofree char *group = root_link_name(root, link);
    if (group == NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED,
                  "vGPU %s has no iommu group, so no program can open it; is vfio_mdev loaded?",
                  uuid);
        return NULL;
    }
    return g_strconcat("/dev/vfio/", group, NULL);
}
