/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-life.h"
#include "vgpu/mdev-read.h"
#include "vgpu/mdev-scan.h"
#include "vgpu/mdev-sysfs.h"

#define REMOVE_LIMIT_MS 5000

/* Nothing of that UUID may live. */
static gboolean check_not_active(const MdevHost *host, const Mdev *dev, GError **error)
{
    g_autoptr(Mdev) alive = mdev_new(dev->uuid);
    if (!mdev_scan_look_once(host, alive, NULL) || !alive->active)
        return TRUE;
    if (!g_str_equal(alive->parent, dev->parent))
        return mdev_error_set(error, MDEV_ERROR_OTHER_PARENT,
                              "Device exists under different parent");
    if (!g_str_equal(alive->type, dev->type))
        return mdev_error_set(error, MDEV_ERROR_OTHER_TYPE, "Device exists with different type");
    return mdev_error_set(error, MDEV_ERROR_ACTIVE, "Device already exists");
}

static gboolean set_no_parent(const MdevHost *host, const char *parent, GError **error)
{
    struct stat info;
    if (!root_stat(host->root, "/sys/class/mdev_bus", &info, NULL))
        return mdev_error_set_errno(error, errno, "%s", "");
    g_auto(GStrv) names = root_list(host->root, "/sys/class/mdev_bus");
    for (guint i = 0; names[i] != NULL; i++)
        if (g_ascii_strcasecmp(names[i], parent) == 0)
            return mdev_error_set(error, MDEV_ERROR_NO_PARENT,
                                  "Unable to find parent device '%s'. Did you mean '%s'?", parent,
                                  names[i]);
    return mdev_error_set(error, MDEV_ERROR_NO_PARENT, "Unable to find parent device '%s'", parent);
}

/* Whether the parent still has one of the type to give. */
static gboolean check_available(const MdevHost *host, const Mdev *dev, GError **error)
{
    g_autofree char *types = mdev_types_directory(host->root, dev->parent);
    if (types == NULL) {
        g_autofree char *place = g_strconcat("/sys/class/mdev_bus/", dev->parent, NULL);
        if (!mdev_check_parent_name(dev->parent, NULL) || !root_exists(host->root, place))
            return set_no_parent(host, dev->parent, error);
        return mdev_error_set(error, MDEV_ERROR_NOT_REGISTERED,
                              "Parent %s is not currently registered for mdev support",
                              dev->parent);
    }
    g_autofree char *type = g_strdup_printf("%s/%s", types, dev->type);
    if (!mdev_check_parent_name(dev->type, NULL) || !root_exists(host->root, type))
        return mdev_error_set(error, MDEV_ERROR_NO_TYPE, "Parent %s does not support mdev type %s",
                              dev->parent, dev->type);
    g_autofree char *path = g_strconcat(type, "/available_instances", NULL);
    int available;
    if (!mdev_read_int(host->root, path, &available, error))
        return FALSE;
    return available != 0 ||
           mdev_error_set(error, MDEV_ERROR_NO_INSTANCE, "No available instances of %s on %s",
                          dev->type, dev->parent);
}

static gboolean make_device(const MdevHost *host, Mdev *dev, GError **error)
{
    if (!check_not_active(host, dev, error) || !check_available(host, dev, error))
        return FALSE;
    int failure;
    g_autoptr(GError) reason = NULL;
    dev->active = mdev_create(host->root, dev->parent, dev->type, dev->uuid, &failure, &reason);
    if (dev->active)
        return TRUE;
    return mdev_error_set_errno(error, failure != 0 ? failure : ENOENT,
                                "Failed to create mdev %s, type %s on %s", dev->uuid, dev->type,
                                dev->parent);
}

static gboolean remove_device(const MdevHost *host, Mdev *dev, GError **error)
{
    int failure;
    g_autoptr(GError) reason = NULL;
    dev->active = !mdev_remove(host->root, dev->uuid, REMOVE_LIMIT_MS, &failure, &reason);
    if (!dev->active)
        return TRUE;
    if (failure == 0 && g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY))
        return mdev_error_set(error, MDEV_ERROR_HELD, "Error removing device %s\n%s", dev->uuid,
                              reason->message);
    return mdev_error_set_errno(error, failure != 0 ? failure : ENOENT, "Error removing device %s",
                                dev->uuid);
}

/* A name below the device's directory: "nvidia/vgpu_params" is one, "../remove" is not. */
static gboolean is_attribute_name(const char *name)
{
    g_auto(GStrv) parts = g_strsplit(name, "/", -1);
    for (guint i = 0; parts[i] != NULL; i++)
        if (*parts[i] == '\0' || g_str_equal(parts[i], ".."))
            return FALSE;
    return parts[0] != NULL;
}

/*
 * The value is written as it is, in one write(2): drivers take it with or without a newline.
 * NVIDIA's parser of vgpu_params loses the last character instead (vdsm#92), so there a newline is
 * added.
 */
static gboolean write_attribute(const MdevHost *host, const Mdev *dev, const MdevAttr *attr,
                                GError **error)
{
    g_autofree char *path = g_strdup_printf("/sys/bus/mdev/devices/%s/%s", dev->uuid, attr->name);
    struct stat info;
    if (!is_attribute_name(attr->name) || !root_stat(host->root, path, &info, NULL))
        return mdev_error_set(error, MDEV_ERROR_ATTRIBUTE, "Invalid attribute '%s'", attr->name);
    gboolean wants_newline = g_str_equal(attr->name, "nvidia/vgpu_params");
    g_autofree char *text = g_strconcat(attr->value, wants_newline ? "\n" : "", NULL);
    autofd int fd = root_open_file(host->root, path, O_WRONLY | O_TRUNC | O_NONBLOCK, NULL);
    gsize length = strlen(text); /* of nothing, nothing is written: as with mdevctl */
    if (fd >= 0 && (length == 0 || write(fd, text, length) >= 0))
        return TRUE;
    return mdev_error_set_errno(error, errno, "Failed to write %s to attribute %s", attr->value,
                                attr->name);
}

static gboolean start_device(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    if (!make_device(host, dev, error))
        return FALSE;
    for (guint i = 0; dev->attrs != NULL && i < dev->attrs->len; i++) {
        g_autoptr(GError) reason = NULL;
        if (write_attribute(host, dev, dev->attrs->pdata[i], &reason))
            continue;
        if (remove_device(host, dev, error))
            g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    return TRUE;
}

static Mdev *read_file(const MdevHost *host, const MdevWish *wish, const char *uuid, GError **error)
{
    gsize length;
    g_autofree char *text = mdev_read_jsonfile(wish->jsonfile, &length, error);
    g_autoptr(json_t) value = text != NULL ? mdev_json_parse(text, length, error) : NULL;
    if (value == NULL)
        return NULL;
    if (wish->parent == NULL) {
        mdev_error_set(error, MDEV_ERROR_PARENT_MISSING,
                       "Parent device required to start device via json file");
        return NULL;
    }
    g_autoptr(Mdev) dev = mdev_new(uuid);
    if (!mdev_load_json(host, dev, wish->parent, value, error))
        return NULL;
    return g_steal_pointer(&dev);
}

/* The definition that the wish means. TRUE with NULL: there is none. */
static gboolean find_definition(const MdevHost *host, const MdevWish *wish, Mdev **ret_dev,
                                GError **error)
{
    *ret_dev = NULL;
    g_autoptr(GPtrArray) devices =
        mdev_definitions(host, wish->uuid, wish->parent, MDEV_WITH_ACTIVE, error);
    if (devices == NULL)
        return FALSE;
    if (devices->len > 1)
        return mdev_error_set(error, MDEV_ERROR_SEVERAL,
                              "Multiple definitions found for device %s. Please specify a parent.",
                              wish->uuid);
    if (devices->len == 0)
        return TRUE;
    const Mdev *found = devices->pdata[0];
    if (wish->type != NULL && !g_str_equal(wish->type, found->type))
        return mdev_error_set(error, MDEV_ERROR_OTHER_TYPE,
                              "Device %s already exists on parent %s with type %s", found->uuid,
                              found->parent, found->type);
    *ret_dev = g_ptr_array_steal_index(devices, 0);
    return TRUE;
}

static Mdev *prepare_start(const MdevHost *host, const MdevWish *wish, GError **error)
{
    g_autofree char *uuid = wish->uuid != NULL ? g_strdup(wish->uuid) : g_uuid_string_random();
    if (wish->jsonfile != NULL)
        return read_file(host, wish, uuid, error);
    g_autoptr(Mdev) dev = NULL;
    if (wish->uuid != NULL && !find_definition(host, wish, &dev, error))
        return NULL;
    if (dev == NULL) {
        dev = mdev_new(uuid);
        mdev_set_parent(dev, wish->parent);
        mdev_set_type(dev, wish->type);
    }
    if (dev->type != NULL && dev->parent == NULL) {
        mdev_error_set(error, MDEV_ERROR_PARENT_MISSING, "can't provide type without parent");
        return NULL;
    }
    if (dev->type == NULL || dev->parent == NULL) {
        mdev_error_set(error, MDEV_ERROR_INSUFFICIENT, "Device is insufficiently specified");
        return NULL;
    }
    return g_steal_pointer(&dev);
}

gboolean mdev_start(const MdevHost *host, const MdevWish *wish, char **ret_uuid, GError **error)
{
    g_autoptr(Mdev) dev = prepare_start(host, wish, error);
    if (dev == NULL ||
        !callout_around(host, dev, CALLOUT_START, wish->force, start_device, NULL, error))
        return FALSE;
    *ret_uuid = g_strdup(dev->uuid);
    return TRUE;
}

static gboolean stop_device(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    return remove_device(host, dev, error);
}

gboolean mdev_stop(const MdevHost *host, const char *uuid, gboolean force, GError **error)
{
    g_autoptr(Mdev) dev = mdev_new(uuid);
    return mdev_scan_look_once(host, dev, error) &&
           callout_around(host, dev, CALLOUT_STOP, force, stop_device, NULL, error);
}

gboolean mdev_start_parent(const MdevHost *host, const char *parent, MdevStarted started,
                           gpointer data, GError **error)
{
    g_autoptr(GPtrArray) devices = mdev_definitions(host, NULL, parent, MDEV_WITH_ACTIVE, error);
    if (devices == NULL)
        return FALSE;
    for (guint i = 0; i < devices->len; i++) {
        Mdev *dev = devices->pdata[i];
        g_autoptr(GError) reason = NULL;
        if (!dev->autostart)
            continue;
        callout_around(host, dev, CALLOUT_START, FALSE, start_device, NULL, &reason);
        started(dev, reason, data);
    }
    return TRUE;
}
