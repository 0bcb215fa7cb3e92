/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-scan.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-error.h"

int mdev_scan_open(const MdevHost *host)
{
    return root_open_file(host->root, "/sys/bus/mdev/devices", O_RDONLY | O_DIRECTORY, NULL);
}

/* The text of a link as a string in @target; FALSE and errno. */
static gboolean read_link(int fd, const char *name, char *target, gsize size)
{
    ssize_t n = readlinkat(fd, name, target, size - 1);
    if (n < 0)
        return FALSE;
    target[n] = '\0';
    return TRUE;
}

/* Cuts off the last component of a path and returns it. */
static const char *take_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash == NULL)
        return path;
    *slash = '\0';
    return slash + 1;
}

/* Whether @value is what is known already, if anything is. */
static gboolean agrees(const char *known, const char *value)
{
    return known == NULL || g_str_equal(known, value);
}

gboolean mdev_scan_look(int devices_fd, Mdev *dev, GError **error)
{
    char place[PATH_MAX], type_place[PATH_MAX], link[64];
    if (!read_link(devices_fd, dev->uuid, place, sizeof place))
        return TRUE;
    take_last(place);
    const char *parent = take_last(place);
    if (!agrees(dev->parent, parent))
        return TRUE;
    g_snprintf(link, sizeof link, "%s/mdev_type", dev->uuid);
    if (!read_link(devices_fd, link, type_place, sizeof type_place))
        return mdev_error_set_errno(error, errno, "%s", "");
    const char *type = take_last(type_place);
    if (!agrees(dev->type, type))
        return TRUE;
    if (dev->parent == NULL)
        mdev_set_parent(dev, parent);
    if (dev->type == NULL)
        mdev_set_type(dev, type);
    dev->active = TRUE;
    return TRUE;
}

gboolean mdev_scan_look_once(const MdevHost *host, Mdev *dev, GError **error)
{
    autofd int fd = mdev_scan_open(host);
    return fd < 0 || mdev_scan_look(fd, dev, error);
}

static int compare_devices(gconstpointer a, gconstpointer b)
{
    const Mdev *left = *(Mdev *const *)a, *right = *(Mdev *const *)b;
    int order = left->parent == right->parent ? 0 : strcmp(left->parent, right->parent);
    return order != 0 ? order : strcmp(left->uuid, right->uuid);
}

void mdev_sort(GPtrArray *devices)
{
    /* not g_ptr_array_sort(), which needs a second array */
    if (devices->len > 1)
        qsort(devices->pdata, devices->len, sizeof(gpointer), compare_devices);
}

static void add_if_alive(int fd, const char *uuid, const char *parent, GPtrArray *devices)
{
    g_autoptr(Mdev) dev = mdev_new(uuid);
    if (mdev_scan_look(fd, dev, NULL) && dev->active && agrees(parent, dev->parent))
        g_ptr_array_add(devices, g_steal_pointer(&dev));
}

static void add_all(const MdevHost *host, int fd, const char *parent, GPtrArray *devices)
{
    DIR *directory = fdopendir(dup(fd));
    if (directory == NULL)
        return;
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        const char *name = entry->d_name;
        if (uuid_is_canonical(name))
            add_if_alive(fd, name, parent, devices);
        else if (!g_str_equal(name, ".") && !g_str_equal(name, ".."))
            mdev_note(host, MDEV_NOTE_SCAN, "Can't determine uuid for file '%s'", name);
    }
    closedir(directory);
}

/* Devices of one parent stand side by side, so its definitions are opened once. */
static void read_definitions(const MdevHost *host, const GPtrArray *devices)
{
    g_autoptr(MdevDirectory) directory = NULL;
    const char *parent = NULL;
    for (guint i = 0; i < devices->len; i++) {
        Mdev *dev = devices->pdata[i];
        if (g_strcmp0(parent, dev->parent) != 0) {
            g_clear_pointer(&directory, mdev_directory_free);
            directory = mdev_directory_open(host, dev->parent);
            parent = dev->parent;
        }
        if (directory != NULL)
            mdev_directory_load(directory, dev);
    }
}

GPtrArray *mdev_scan(const MdevHost *host, const char *uuid, const char *parent)
{
    GPtrArray *devices = g_ptr_array_new_with_free_func((GDestroyNotify)mdev_free);
    autofd int fd = mdev_scan_open(host);
    if (fd < 0)
        return devices;
    if (uuid != NULL)
        add_if_alive(fd, uuid, parent, devices);
    else
        add_all(host, fd, parent, devices);
    mdev_sort(devices);
    read_definitions(host, devices);
    return devices;
}
