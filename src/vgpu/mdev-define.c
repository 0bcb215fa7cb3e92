/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "vgpu/callout.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"
#include "vgpu/mdev-life.h"
#include "vgpu/mdev-scan.h"

#define JSON_LIMIT (4u << 20)

char *mdev_read_jsonfile(const char *path, gsize *ret_length, GError **error)
{
    g_autofree char *quoted = mdev_quote_path(path);
    autofd int fd = open(path, O_RDONLY | O_CLOEXEC);
    g_autoptr(GString) text = g_string_new(NULL);
    for (;;) {
        char chunk[4096];
        ssize_t n = fd >= 0 ? read(fd, chunk, sizeof chunk) : -1;
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            mdev_error_set_errno(error, errno, "Unable to read jsonfile %s", quoted);
            return NULL;
        }
        if (n == 0)
            break;
        g_string_append_len(text, chunk, n);
        if (text->len > JSON_LIMIT) {
            mdev_error_set(error, MDEV_ERROR_CONTENT,
                           "Unable to read jsonfile %s\nit is larger than %u bytes", quoted,
                           JSON_LIMIT);
            return NULL;
        }
    }
    if (!mdev_json_is_text(text->str, text->len)) {
        mdev_error_set(error, MDEV_ERROR_JSON, "Unable to read jsonfile %s\n" MDEV_NO_UTF8, quoted);
        return NULL;
    }
    *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static gboolean load_jsonfile(const MdevHost *host, Mdev *dev, const char *parent,
                              const char *jsonfile, GError **error)
{
    gsize length;
    g_autofree char *text = mdev_read_jsonfile(jsonfile, &length, error);
    g_autoptr(json_t) value = text != NULL ? mdev_json_parse(text, length, error) : NULL;
    return value != NULL && mdev_load_json(host, dev, parent, value, error);
}

static gboolean write_definition(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    autofd int lock = mdev_definition_lock(host, dev->parent, error);
    return lock >= 0 && mdev_definition_write(host, dev, error);
}

static gboolean prepare_from_file(const MdevHost *host, const MdevWish *wish, Mdev *dev,
                                  GError **error)
{
    g_autofree char *quoted = mdev_quote_path(wish->jsonfile);
    if (wish->parent == NULL)
        return mdev_error_set(error, MDEV_ERROR_PARENT_MISSING,
                              "Parent device required to define device via %s", quoted);
    g_autoptr(GPtrArray) same = mdev_definitions(host, dev->uuid, wish->parent, 0, error);
    if (same == NULL)
        return FALSE;
    if (same->len > 0)
        return mdev_error_set(error, MDEV_ERROR_DEFINED,
                              "Cowardly refusing to overwrite existing config for %s/%s",
                              wish->parent, dev->uuid);
    if (!load_jsonfile(host, dev, wish->parent, wish->jsonfile, error))
        return FALSE;
    g_clear_pointer(&dev->source, json_decref); /* what is written is the plain form */
    return TRUE;
}

static gboolean prepare_from_words(const MdevHost *host, const MdevWish *wish, Mdev *dev,
                                   GError **error)
{
    if (wish->uuid != NULL && !mdev_scan_look_once(host, dev, error))
        return FALSE;
    gboolean names_no_device =
        wish->uuid != NULL && wish->parent == NULL && (!dev->active || wish->type != NULL);
    dev->autostart = wish->autostart;
    mdev_set_parent(dev, wish->parent);
    mdev_set_type(dev, wish->type);
    if (names_no_device || dev->parent == NULL)
        return mdev_error_set(error, MDEV_ERROR_PARENT_MISSING, "No parent specified");
    if (dev->type == NULL)
        return mdev_error_set(error, MDEV_ERROR_TYPE_MISSING, "No type specified");
    if (mdev_definition_exists(host, dev->parent, dev->uuid))
        return mdev_error_set(error, MDEV_ERROR_DEFINED, "Device %s on %s already defined",
                              dev->uuid, dev->parent);
    return TRUE;
}

static Mdev *new_device(const MdevWish *wish)
{
    g_autofree char *random = wish->uuid == NULL ? g_uuid_string_random() : NULL;
    return mdev_new(wish->uuid != NULL ? wish->uuid : random);
}

gboolean mdev_define(const MdevHost *host, const MdevWish *wish, char **ret_uuid, GError **error)
{
    g_autoptr(Mdev) dev = new_device(wish);
    gboolean good = wish->jsonfile != NULL ? prepare_from_file(host, wish, dev, error)
                                           : prepare_from_words(host, wish, dev, error);
    if (!good || !mdev_check_parent_name(dev->parent, error))
        return FALSE;
    if (dev->active && !callout_load_attrs(host, dev, error))
        return FALSE;
    if (!callout_around(host, dev, CALLOUT_DEFINE, wish->force, write_definition, NULL, error))
        return FALSE;
    *ret_uuid = g_strdup(dev->uuid);
    return TRUE;
}

static gboolean remove_definition(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    return mdev_definition_remove(host, dev, error);
}

gboolean mdev_undefine(const MdevHost *host, const char *uuid, const char *parent, gboolean force,
                       GError **error)
{
    g_autoptr(GPtrArray) devices = mdev_definitions(host, uuid, parent, MDEV_WITH_ACTIVE, error);
    if (devices == NULL)
        return FALSE;
    if (devices->len == 0)
        return mdev_error_set(error, MDEV_ERROR_NOT_DEFINED, "No devices match the specified uuid");
    GError *first = NULL;
    for (guint i = 0; i < devices->len; i++) {
        GError *reason = NULL;
        if (!callout_around(host, devices->pdata[i], CALLOUT_UNDEFINE, force, remove_definition,
                            NULL, &reason)) {
            if (first == NULL)
                first = reason;
            else
                g_error_free(reason);
        }
    }
    if (first == NULL)
        return TRUE;
    g_propagate_error(error, first);
    return FALSE;
}
