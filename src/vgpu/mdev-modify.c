/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cleanup.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-life.h"
#include "vgpu/mdev-scan.h"

static gboolean set_not_defined(const char *uuid, const char *parent, GError **error)
{
    if (parent == NULL)
        return mdev_error_set(error, MDEV_ERROR_NOT_DEFINED, "Mediated device %s is not defined",
                              uuid);
    return mdev_error_set(error, MDEV_ERROR_NOT_DEFINED, "Mediated device %s/%s is not defined",
                          parent, uuid);
}

/* The one definition that is meant. */
static Mdev *find_definition(const MdevHost *host, const char *uuid, const char *parent,
                             GError **error)
{
    g_autoptr(GPtrArray) devices =
        mdev_definitions(host, uuid, parent, MDEV_WITH_ACTIVE | MDEV_WITH_SOURCE, error);
    if (devices == NULL)
        return NULL;
    if (devices->len == 0) {
        set_not_defined(uuid, parent, error);
        return NULL;
    }
    const Mdev *first = devices->pdata[0], *last = devices->pdata[devices->len - 1];
    if (!g_str_equal(first->parent, last->parent)) {
        mdev_error_set(error, MDEV_ERROR_SEVERAL,
                       "Multiple definitions found for %s, specify a parent", uuid);
        return NULL;
    }
    if (devices->len > 1) { /* one UUID in two spellings */
        mdev_error_set(error, MDEV_ERROR_SEVERAL, "Multiple definitions found for %s/%s",
                       first->parent, uuid);
        return NULL;
    }
    return g_ptr_array_steal_index(devices, 0);
}

static gboolean apply_change(Mdev *dev, const MdevChange *change, GError **error)
{
    mdev_set_type(dev, change->type);
    if (change->autostart >= 0)
        dev->autostart = change->autostart;
    if (change->add_attr != NULL && change->value == NULL)
        return mdev_error_set(error, MDEV_ERROR_ATTRIBUTE, "No attribute value provided");
    if (change->add_attr != NULL)
        return mdev_insert_attr(dev, change->index, change->add_attr, change->value, error);
    return !change->delete_attr || mdev_delete_attr(dev, change->index, error);
}

/*
 * Under the lock the definition is read once more: somebody may have changed it since the scripts
 * were asked, and that change must not get lost. What there is to be warned of was said.
 */
static gboolean change_definition(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    const MdevChange *change = data;
    autofd int lock = mdev_definition_lock(host, dev->parent, error);
    if (lock < 0)
        return FALSE;
    const MdevHost quiet = { .root = host->root };
    g_autoptr(Mdev) now = find_definition(&quiet, dev->uuid, dev->parent, error);
    return now != NULL && apply_change(now, change, error) &&
           mdev_definition_write(host, now, error);
}

static gboolean replace_definition(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    autofd int lock = mdev_definition_lock(host, dev->parent, error);
    return lock >= 0 && mdev_definition_write(host, dev, error);
}

/* The device as the file of the change says it is to be. */
static Mdev *read_replacement(const MdevHost *host, const MdevChange *change, const char *parent,
                              GError **error)
{
    if (parent == NULL) {
        mdev_error_set(error, MDEV_ERROR_PARENT_MISSING,
                       "Parent device required to modify device via json file");
        return NULL;
    }
    gsize length;
    g_autofree char *text = mdev_read_jsonfile(change->jsonfile, &length, error);
    g_autoptr(json_t) value = text != NULL ? mdev_json_parse(text, length, error) : NULL;
    g_autoptr(Mdev) dev = mdev_new(change->uuid);
    if (value == NULL || !mdev_load_json(host, dev, parent, value, error))
        return NULL;
    return g_steal_pointer(&dev);
}

static gboolean check_live_change(const MdevChange *change, GError **error)
{
    const char *what = change->type != NULL     ? "type"
                       : change->autostart > 0  ? "auto"
                       : change->autostart == 0 ? "manual"
                                                : NULL;
    if (what != NULL)
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "'%s' cannot be changed on active mdev",
                              what);
    return change->jsonfile != NULL ||
           mdev_error_set(error, MDEV_ERROR_CONTENT,
                          "'live' option must be used with 'jsonfile' option");
}

/* The live device as it is to be, after all that can be known to be wrong. */
static Mdev *prepare_live(const MdevHost *host, const MdevChange *change, GError **error)
{
    if (!check_live_change(change, error))
        return NULL;
    g_autoptr(Mdev) alive = mdev_new(change->uuid);
    mdev_set_parent(alive, change->parent);
    if (!mdev_scan_look_once(host, alive, error))
        return NULL;
    if (!alive->active) {
        mdev_error_set(error, MDEV_ERROR_NOT_ACTIVE, "Mediated device %s%s%s is not active",
                       change->parent != NULL ? change->parent : "",
                       change->parent != NULL ? "/" : "", change->uuid);
        return NULL;
    }
    g_autoptr(Mdev) dev = read_replacement(host, change, alive->parent, error);
    if (dev != NULL && !g_str_equal(dev->type, alive->type)) {
        mdev_error_set(error, MDEV_ERROR_OTHER_TYPE, "'type' cannot be changed on active mdev");
        return NULL;
    }
    return g_steal_pointer(&dev);
}

static gboolean modify_live(const MdevHost *host, const MdevChange *change, GError **error)
{
    g_autoptr(Mdev) dev = prepare_live(host, change, error);
    if (dev == NULL)
        return FALSE;
    if (change->defined) {
        g_autoptr(Mdev) definition = find_definition(host, dev->uuid, dev->parent, error);
        if (definition == NULL)
            return FALSE;
        if (!g_str_equal(definition->type, dev->type))
            return mdev_error_set(error, MDEV_ERROR_OTHER_TYPE,
                                  "'type' of active and defined mdev does not match");
    }
    if (!callout_modify_live(host, dev, error))
        return FALSE;
    return !change->defined || callout_around(host, dev, CALLOUT_MODIFY, change->force,
                                              replace_definition, NULL, error);
}

gboolean mdev_modify(const MdevHost *host, const MdevChange *change, GError **error)
{
    if (change->live)
        return modify_live(host, change, error);
    if (change->jsonfile != NULL) {
        g_autoptr(Mdev) dev = read_replacement(host, change, change->parent, error);
        return dev != NULL && callout_around(host, dev, CALLOUT_MODIFY, change->force,
                                             replace_definition, NULL, error);
    }
    g_autoptr(Mdev) dev = find_definition(host, change->uuid, change->parent, error);
    return dev != NULL && apply_change(dev, change, error) &&
           callout_around(host, dev, CALLOUT_MODIFY, change->force, change_definition,
                          (gpointer)change, error);
}
