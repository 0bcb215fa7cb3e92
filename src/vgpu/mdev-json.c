/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-json.h"

#include <stdlib.h>
#include <string.h>

#include "vgpu/mdev-error.h"

void json_text_append(GString *out, const char *text)
{
    static const char short_form[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
                                       ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };
    g_string_append_c(out, '"');
    const char *plain = text;
    for (; *text != '\0'; text++) {
        guchar c = (guchar)*text;
        char letter = c < sizeof short_form ? short_form[c] : '\0';
        if (c >= 0x20 && letter == '\0')
            continue;
        g_string_append_len(out, plain, text - plain);
        plain = text + 1;
        if (letter != '\0')
            g_string_append_printf(out, "\\%c", letter);
        else
            g_string_append_printf(out, "\\u%04x", c);
    }
    g_string_append_len(out, plain, text - plain);
    g_string_append_c(out, '"');
}

static void append_line(GString *out, guint depth)
{
    static const char line[] = "\n                ";
    g_assert(depth * 2 + 1 < sizeof line);
    g_string_append_len(out, line, 1 + 2 * (gssize)depth);
}

static void append_member(GString *out, const char *name, const char *value)
{
    json_text_append(out, name);
    g_string_append(out, ": ");
    json_text_append(out, value);
}

static const char *start_word(const Mdev *dev)
{
    return dev->autostart ? "auto" : "manual";
}

/* The array of the attributes; its closing bracket stands @depth levels deep. */
static void append_attrs(GString *out, const Mdev *dev, guint depth)
{
    if (dev->attrs == NULL || dev->attrs->len == 0) {
        g_string_append(out, "[]");
        return;
    }
    g_string_append_c(out, '[');
    for (guint i = 0; i < dev->attrs->len; i++) {
        const MdevAttr *attr = dev->attrs->pdata[i];
        g_string_append(out, i > 0 ? "," : "");
        append_line(out, depth + 1);
        g_string_append_c(out, '{');
        append_line(out, depth + 2);
        append_member(out, attr->name, attr->value);
        append_line(out, depth + 1);
        g_string_append_c(out, '}');
    }
    append_line(out, depth);
    g_string_append_c(out, ']');
}

/* What mdevctl writes, in its order. */
static void append_known(GString *out, const Mdev *dev, guint depth)
{
    append_line(out, depth);
    append_member(out, "mdev_type", dev->type);
    g_string_append_c(out, ',');
    append_line(out, depth);
    append_member(out, "start", start_word(dev));
    g_string_append_c(out, ',');
    append_line(out, depth);
    g_string_append(out, "\"attrs\": ");
    append_attrs(out, dev, depth);
}

void mdev_json_append(GString *out, const Mdev *dev, guint depth)
{
    g_string_append_c(out, '{');
    append_known(out, dev, depth);
    append_line(out, depth - 1);
    g_string_append_c(out, '}');
}

char *mdev_json_compact(const Mdev *dev)
{
    GString *out = g_string_new("{\"mdev_type\":");
    json_text_append(out, dev->type);
    g_string_append(out, ",\"start\":");
    json_text_append(out, start_word(dev));
    g_string_append(out, ",\"attrs\":[");
    for (guint i = 0; dev->attrs != NULL && i < dev->attrs->len; i++) {
        const MdevAttr *attr = dev->attrs->pdata[i];
        g_string_append(out, i > 0 ? ",{" : "{");
        json_text_append(out, attr->name);
        g_string_append_c(out, ':');
        json_text_append(out, attr->value);
        g_string_append_c(out, '}');
    }
    g_string_append(out, "]}");
    return g_string_free(out, FALSE);
}

static gboolean is_known(const char *key)
{
    return g_str_equal(key, "mdev_type") || g_str_equal(key, "start") || g_str_equal(key, "attrs");
}

/* As a member of the outermost object. Strings hold no raw newline, so each one there is separates
 * two lines. */
static void append_unknown(GString *out, const char *key, const json_t *value)
{
    g_string_append_c(out, ',');
    append_line(out, 1);
    json_text_append(out, key);
    g_string_append(out, ": ");
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    for (const char *c = text; c != NULL && *c != '\0'; c++) {
        g_string_append_c(out, *c);
        if (*c == '\n')
            g_string_append(out, "  ");
    }
    free(text);
}

char *mdev_json_update(const Mdev *dev)
{
    GString *out = g_string_new("{");
    append_known(out, dev, 1);
    const char *key;
    json_t *value;
    json_object_foreach(dev->source, key, value) if (!is_known(key))
        append_unknown(out, key, value);
    append_line(out, 0);
    g_string_append_c(out, '}');
    return g_string_free(out, FALSE);
}

gboolean mdev_json_is_text(const char *text, gsize length)
{
    /* g_utf8_validate() stops at NUL bytes, which UTF-8 has */
    for (gsize i = 0; i < length; i += strlen(text + i) + 1)
        if (!g_utf8_validate(text + i, -1, NULL))
            return FALSE;
    return TRUE;
}

/* mdevctl's limit is lower than jansson's. Few texts have brackets enough to look closer. */
static gboolean is_too_deep(const char *text, gsize length)
{
    guint brackets = 0;
    for (gsize i = 0; i < length; i++)
        brackets += text[i] == '[' || text[i] == '{';
    g_autofree char *complaint = brackets >= 128 ? mdev_json_complaint(text, length) : NULL;
    return complaint != NULL;
}

json_t *mdev_json_parse(const char *text, gsize length, GError **error)
{
    if (!mdev_json_is_text(text, length)) {
        mdev_error_set(error, MDEV_ERROR_JSON, MDEV_NO_UTF8);
        return NULL;
    }
    json_error_t where = { .text = "nested too deeply" };
    json_t *value = json_loadb(text, length, JSON_DECODE_ANY, &where);
    if (value != NULL && is_too_deep(text, length))
        g_clear_pointer(&value, json_decref);
    if (value == NULL) {
        g_autofree char *complaint = mdev_json_complaint(text, length);
        mdev_error_set(error, MDEV_ERROR_JSON, "%s", complaint != NULL ? complaint : where.text);
    }
    return value;
}
