/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev.h"

#include "vgpu/mdev-error.h"

static void attr_free(gpointer data)
{
    MdevAttr *attr = data;
    g_free(attr->name);
    g_free(attr->value);
    g_free(attr);
}

static MdevAttr *attr_new(const char *name, const char *value)
{
    MdevAttr *attr = g_new(MdevAttr, 1);
    *attr = (MdevAttr){ g_strdup(name), g_strdup(value) };
    return attr;
}

Mdev *mdev_new(const char *uuid)
{
    Mdev *dev = g_new0(Mdev, 1);
    g_strlcpy(dev->uuid, uuid, sizeof dev->uuid);
    return dev;
}

/* Reference-counted strings, one for each text. */
static void set_shared(const char **text, const char *value)
{
    char *old = (char *)*text;
    *text = value != NULL ? g_ref_string_new_intern(value) : NULL;
    if (old != NULL)
        g_ref_string_release(old);
}

void mdev_set_parent(Mdev *dev, const char *parent)
{
    if (parent != NULL)
        set_shared(&dev->parent, parent);
}

void mdev_set_type(Mdev *dev, const char *type)
{
    if (type != NULL)
        set_shared(&dev->type, type);
}

void mdev_free(Mdev *dev)
{
    if (dev == NULL)
        return;
    set_shared(&dev->parent, NULL);
    set_shared(&dev->type, NULL);
    g_clear_pointer(&dev->attrs, g_ptr_array_unref);
    json_decref(dev->source);
    g_free(dev);
}

void mdev_note(const MdevHost *host, MdevNoteKind kind, const char *format, ...)
{
    if (host->note == NULL)
        return;
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    host->note(kind, text, host->note_data);
}

/* Takes @value for *@known, and says so when it was something else. */
static void overwrite(const MdevHost *host, const Mdev *dev, const char *what, const char **known,
                      const char *value)
{
    if (*known != NULL && g_str_equal(*known, value))
        return;
    if (*known != NULL)
        mdev_note(host, MDEV_NOTE_DEVICE, "Overwriting %s for mdev %s: %s => %s", what, dev->uuid,
                  *known, value);
    set_shared(known, value);
}

gboolean mdev_load_json(const MdevHost *host, Mdev *dev, const char *parent, json_t *value,
                        GError **error)
{
    overwrite(host, dev, "parent", &dev->parent, parent);
    const json_t *type = json_object_get(value, "mdev_type");
    const json_t *start = json_object_get(value, "start");
    if (type == NULL || json_is_null(type) || start == NULL || json_is_null(start))
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "invalid json");
    if (!json_is_string(type)) /* mdevctl panics */
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "invalid json: mdev_type is no string");
    overwrite(host, dev, "mdev type", &dev->type, json_string_value(type));
    dev->autostart = g_strcmp0(json_string_value(start), "auto") == 0;
    json_decref(dev->source);
    dev->source = json_incref(value);
    return mdev_load_attrs(dev, json_object_get(value, "attrs"), error);
}

static gboolean load_attr(Mdev *dev, json_t *object, GError **error)
{
    if (!json_is_object(object))
        return mdev_error_set(error, MDEV_ERROR_CONTENT,
                              "invalid JSON format for attribute: not an object");
    if (json_object_size(object) != 1)
        return mdev_error_set(error, MDEV_ERROR_CONTENT,
                              "invalid JSON format for attribute: too many fields");
    void *first = json_object_iter(object);
    const char *value = json_string_value(json_object_iter_value(first));
    if (value == NULL) /* mdevctl panics */
        return mdev_error_set(error, MDEV_ERROR_CONTENT,
                              "invalid JSON format for attribute: not a string");
    return mdev_insert_attr(dev, -1, json_object_iter_key(first), value, error);
}

gboolean mdev_load_attrs(Mdev *dev, const json_t *attrs, GError **error)
{
    if (attrs == NULL || json_is_null(attrs))
        return TRUE;
    if (!json_is_array(attrs))
        return mdev_error_set(error, MDEV_ERROR_CONTENT, "attributes field is not an array");
    for (gsize i = 0; i < json_array_size(attrs); i++)
        if (!load_attr(dev, json_array_get(attrs, i), error))
            return FALSE;
    return TRUE;
}

static gboolean set_index_error(gint64 index, GError **error)
{
    return mdev_error_set(error, MDEV_ERROR_INDEX,
                          "Attribute index %" G_GINT64_FORMAT " is invalid", index);
}

gboolean mdev_insert_attr(Mdev *dev, gint64 index, const char *name, const char *value,
                          GError **error)
{
    if (index > (dev->attrs != NULL ? (gint64)dev->attrs->len : 0))
        return set_index_error(index, error);
    if (dev->attrs == NULL)
        dev->attrs = g_ptr_array_new_with_free_func(attr_free);
    g_ptr_array_insert(dev->attrs, (gint)index, attr_new(name, value));
    return TRUE;
}

gboolean mdev_delete_attr(Mdev *dev, gint64 index, GError **error)
{
    gint64 count = dev->attrs != NULL ? (gint64)dev->attrs->len : 0;
    if (index >= count) /* mdevctl panics at index == count */
        return set_index_error(index, error);
    if (count > 0)
        g_ptr_array_remove_index(dev->attrs, (guint)(index < 0 ? count - 1 : index));
    return TRUE;
}
