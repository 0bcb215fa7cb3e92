/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/key-lines.h"

#include <string.h>

#include "base/error.h"
#include "base/table.h"

static void key_line_free(gpointer data)
{
    KeyLine *line = data;
    g_free(line->group);
    g_free(line->key);
    g_free(line);
}

void key_lines_free(KeyLines *lines)
{
    if (lines == NULL)
        return;
    g_clear_pointer(&lines->file, g_key_file_free);
    g_clear_pointer(&lines->keys, g_ptr_array_unref);
    g_free(lines->source);
    g_free(lines);
}

gboolean key_lines_error(const KeyLines *lines, guint line, GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    g_autofree char *shown = text_printable(text); /* values may hold escaped control characters */
    return error_set(error, VGPUCTL_ERROR_INVALID, "%s:%u: %s", lines->source, line, shown);
}

static guint line_of_offset(const char *text, gsize offset)
{
    guint line = 1;
    for (gsize i = 0; i < offset; i++)
        line += text[i] == '\n';
    return line;
}

static gboolean check_bytes(const KeyLines *lines, const char *text, gsize length, GError **error)
{
    const char *bad = NULL;
    if (length > KEY_FILE_LIMIT)
        return error_set(error, VGPUCTL_ERROR_INVALID, "%s: larger than %u bytes", lines->source,
                         KEY_FILE_LIMIT);
    if (!g_utf8_validate(text, (gssize)length, &bad))
        return key_lines_error(lines, line_of_offset(text, (gsize)(bad - text)), error,
                               "byte 0x%02x is not UTF-8 text", (guint)(guint8)*bad);
    return TRUE;
}

static const KeyLine *find(const KeyLines *lines, const char *group, const char *key)
{
    for (guint i = 0; i < lines->keys->len; i++) {
        const KeyLine *line = lines->keys->pdata[i];
        if (g_str_equal(line->group, group) && g_strcmp0(line->key, key) == 0)
            return line;
    }
    return NULL;
}

/* Takes @group and @key over. */
static gboolean add(KeyLines *lines, char *group, char *key, guint number, GError **error)
{
    KeyLine *line = g_new0(KeyLine, 1);
    *line = (KeyLine){ .group = group, .key = key, .line = number };
    const KeyLine *first = find(lines, group, key);
    if (first != NULL)
        key_lines_error(lines, number, error, "%s%s%s given twice, first in line %u",
                        key != NULL ? key : "[", key != NULL ? "=" : group, key != NULL ? "" : "]",
                        first->line);
    g_ptr_array_add(lines->keys, line);
    return first == NULL;
}

/* @line is stripped and not empty. */
static gboolean read_line(KeyLines *lines, const char *line, guint number, GError **error)
{
    gsize length = strlen(line);
    if (line[0] == '#')
        return TRUE;
    if (line[0] == '[') {
        if (line[length - 1] != ']' || length < 3)
            return key_lines_error(lines, number, error, "'%s' is no group: expected [NAME]", line);
        return add(lines, g_strndup(line + 1, length - 2), NULL, number, error);
    }
    const char *equals = strchr(line, '=');
    if (equals == NULL || equals == line)
        return key_lines_error(lines, number, error, "'%s' is neither KEY=VALUE nor [GROUP]", line);
    if (lines->keys->len == 0)
        return key_lines_error(lines, number, error, "'%s' stands before the first [GROUP]", line);
    const KeyLine *above = lines->keys->pdata[lines->keys->len - 1];
    return add(lines, g_strdup(above->group), g_strchomp(g_strndup(line, (gsize)(equals - line))),
               number, error);
}

static gboolean read_lines(KeyLines *lines, const char *text, gsize length, GError **error)
{
    g_autofree char *copy = g_strndup(text, length);
    g_auto(GStrv) parts = g_strsplit(copy, "\n", -1);
    for (guint i = 0; parts[i] != NULL; i++) {
        const char *line = g_strstrip(parts[i]);
        if (*line != '\0' && !read_line(lines, line, i + 1, error))
            return FALSE;
    }
    return TRUE;
}

KeyLines *key_lines_read(const char *text, gsize length, const char *source, GError **error)
{
    if (length == 0)
        text = ""; /* may be NULL */
    g_autoptr(KeyLines) lines = g_new0(KeyLines, 1);
    lines->source = g_strdup(source);
    lines->keys = g_ptr_array_new_with_free_func(key_line_free);
    lines->file = g_key_file_new();
    if (!check_bytes(lines, text, length, error) || !read_lines(lines, text, length, error))
        return NULL;

    g_autoptr(GError) why = NULL;
    if (length > 0 &&
        !g_key_file_load_from_data(lines->file, text, length, G_KEY_FILE_KEEP_TRANSLATIONS, &why)) {
        g_autofree char *shown = text_printable(why->message);
        error_set(error, VGPUCTL_ERROR_INVALID, "%s: %s", source, shown);
        return NULL;
    }
    return g_steal_pointer(&lines);
}
