/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"

#define JSON_FILE_LIMIT (64u << 20)

char *json_to_text(const json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_ENCODE_ANY);
    char *result = g_strconcat(text != NULL ? text : "null", "\n", NULL);
    free(text);
    return result;
}

json_t *json_from_text(const char *text, gsize length, const char *source, GError **error)
{
    json_error_t where;
    json_t *value = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &where);
    if (value == NULL)
        error_set(error, VGPUCTL_ERROR_INVALID, "%s:%d:%d: not valid JSON: %s", source, where.line,
                  where.column, where.text);
    return value;
}

static GByteArray *read_stream(FILE *stream, const char *path, GError **error)
{
    g_autoptr(GByteArray) bytes = g_byte_array_new();
    guint8 chunk[65536];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, stream)) > 0;) {
        g_byte_array_append(bytes, chunk, (guint)n);
        if (bytes->len > JSON_FILE_LIMIT) {
            error_set(error, VGPUCTL_ERROR_INVALID, "Reading %s: larger than %u bytes", path,
                      JSON_FILE_LIMIT);
            return NULL;
        }
    }
    if (ferror(stream)) {
        error_set_errno(error, errno, "Reading %s", path);
        return NULL;
    }
    return g_steal_pointer(&bytes);
}

json_t *json_from_file(const char *path, GError **error)
{
    gboolean is_stdin = g_str_equal(path, "-");
    FILE *stream = is_stdin ? stdin : fopen(path, "re");
    if (stream == NULL) {
        error_set_errno(error, errno, "Opening %s", path);
        return NULL;
    }
    g_autoptr(GByteArray) bytes = read_stream(stream, path, error);
    if (!is_stdin)
        fclose(stream);
    if (bytes == NULL)
        return NULL;
    return json_from_text((const char *)bytes->data, bytes->len, is_stdin ? "<stdin>" : path,
                          error);
}

const char *json_get_text(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

gint64 json_get_int(const json_t *object, const char *key, gint64 fallback)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? json_integer_value(value) : fallback;
}

gboolean json_get_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

json_t *json_text(const char *text)
{
    if (text == NULL)
        return json_null();
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

json_t *json_texts(const char *const *texts)
{
    json_t *array = json_array();
    for (; texts != NULL && *texts != NULL; texts++)
        json_array_append_new(array, json_text(*texts));
    return array;
}
