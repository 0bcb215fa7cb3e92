/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/record.h"

#include <limits.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

#define MEMBER(type_, record_, field_) (*(type_ *)G_STRUCT_MEMBER_P((record_), (field_)->offset))

void *record_new(const RecordType *type)
{
    return g_malloc0(type->size);
}

static void free_records(const RecordType *type, GPtrArray *records)
{
    if (records == NULL)
        return;
    for (guint i = 0; i < records->len; i++)
        record_free(type, records->pdata[i]);
    g_ptr_array_free(records, TRUE);
}

void record_clear(const RecordType *type, void *record)
{
    for (const Field *field = type->fields; field->name != NULL; field++) {
        switch (field->kind) {
        case FIELD_TEXT:
            g_clear_pointer(&MEMBER(char *, record, field), g_free);
            break;
        case FIELD_TEXTS:
            g_clear_pointer(&MEMBER(GStrv, record, field), g_strfreev);
            break;
        case FIELD_RECORD:
            record_free(field->record, MEMBER(void *, record, field));
            MEMBER(void *, record, field) = NULL;
            break;
        case FIELD_RECORDS:
            free_records(field->record, MEMBER(GPtrArray *, record, field));
            MEMBER(GPtrArray *, record, field) = NULL;
            break;
        case FIELD_FLAG:
        case FIELD_INT:
        case FIELD_CHOICE:
            MEMBER(int, record, field) = 0;
            break;
        case FIELD_U64:
            MEMBER(guint64, record, field) = 0;
            break;
        default:
            g_assert_not_reached();
        }
    }
}

void record_free(const RecordType *type, void *record)
{
    if (record == NULL)
        return;
    record_clear(type, record);
    g_free(record);
}

int choice_from_word(const char *const *choices, const char *word)
{
    for (int i = 0; choices[i] != NULL; i++)
        if (g_str_equal(choices[i], word))
            return i;
    return -1;
}

json_t *records_to_json(const RecordType *type, const GPtrArray *records)
{
    json_t *array = json_array();
    for (guint i = 0; records != NULL && i < records->len; i++)
        json_array_append_new(array, record_to_json(type, records->pdata[i]));
    return array;
}

static json_t *member_to_json(const Field *field, const void *record)
{
    switch (field->kind) {
    case FIELD_TEXT:
        return json_text(MEMBER(char *, record, field));
    case FIELD_FLAG:
        return json_boolean(MEMBER(gboolean, record, field));
    case FIELD_INT:
        return json_integer(MEMBER(int, record, field));
    case FIELD_U64:
        return json_integer((json_int_t)MIN(MEMBER(guint64, record, field), (guint64)G_MAXINT64));
    case FIELD_CHOICE:
        return json_string(field->choices[MEMBER(int, record, field)]);
    case FIELD_TEXTS:
        return json_texts((const char *const *)MEMBER(GStrv, record, field));
    case FIELD_RECORD: {
        const void *inner = MEMBER(void *, record, field);
        return inner != NULL ? record_to_json(field->record, inner) : json_null();
    }
    case FIELD_RECORDS:
        return records_to_json(field->record, MEMBER(GPtrArray *, record, field));
    default:
        g_assert_not_reached();
    }
}

json_t *record_to_json(const RecordType *type, const void *record)
{
    json_t *object = json_object();
    for (const Field *field = type->fields; field->name != NULL; field++)
        json_object_set_new(object, field->name, member_to_json(field, record));
    return object;
}

/* Where in the document we are ("gpus[1].regions[0].size_bytes"); errors name it. */
typedef struct {
    GString *place;
    GError **error;
} Reader;

static gboolean refuse(Reader *reader, const char *format, ...) G_GNUC_PRINTF(2, 3);

static gboolean refuse(Reader *reader, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return error_set(reader->error, VGPUCTL_ERROR_INVALID, "%s%s%s", reader->place->str,
                     reader->place->len > 0 ? ": " : "", text);
}

static gboolean expected(Reader *reader, const char *what, const json_t *value)
{
    static const char *const kinds[] = { "an object",     "an array", "a string", "an integer",
                                         "a real number", "true",     "false",    "null" };
    return refuse(reader, "expected %s, found %s", what, kinds[json_typeof(value)]);
}

static void *read_record(Reader *reader, const RecordType *type, const json_t *object);

static gboolean read_texts(Reader *reader, const json_t *value, GStrv *ret_texts)
{
    if (!json_is_array(value))
        return expected(reader, "an array of strings", value);
    g_auto(GStrv) texts = g_new0(char *, json_array_size(value) + 1);
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        if (!json_is_string(item))
            return expected(reader, "an array of strings", item);
        texts[index] = g_strdup(json_string_value(item));
    }
    *ret_texts = g_steal_pointer(&texts);
    return TRUE;
}

static gboolean read_records(Reader *reader, const RecordType *type, const json_t *value,
                             GPtrArray **ret_records)
{
    if (!json_is_array(value))
        return expected(reader, "an array", value);
    GPtrArray *records = g_ptr_array_new();
    gsize here = reader->place->len;
    size_t index;
    const json_t *item;
    json_array_foreach(value, index, item)
    {
        g_string_append_printf(reader->place, "[%zu]", index);
        void *record = read_record(reader, type, item);
        g_string_truncate(reader->place, here);
        if (record == NULL) {
            free_records(type, records);
            return FALSE;
        }
        g_ptr_array_add(records, record);
    }
    *ret_records = records;
    return TRUE;
}

static gboolean read_choice(Reader *reader, const Field *field, const json_t *value,
                            int *ret_choice)
{
    if (!json_is_string(value))
        return expected(reader, "a string", value);
    int choice = choice_from_word(field->choices, json_string_value(value));
    if (choice < 0) {
        g_autofree char *words = g_strjoinv(", ", (char **)field->choices);
        return refuse(reader, "'%s' is none of %s", json_string_value(value), words);
    }
    *ret_choice = choice;
    return TRUE;
}

static gboolean read_integer(Reader *reader, const json_t *value, gint64 lowest, gint64 highest,
                             gint64 *ret_value)
{
    if (!json_is_integer(value))
        return expected(reader, "an integer", value);
    gint64 number = json_integer_value(value);
    if (number < lowest || number > highest)
        return refuse(reader, "%" G_GINT64_FORMAT " is out of range", number);
    *ret_value = number;
    return TRUE;
}

static gboolean read_member(Reader *reader, const Field *field, const json_t *value, void *record)
{
    gint64 number;
    switch (field->kind) {
    case FIELD_TEXT:
        if (json_is_null(value))
            return TRUE;
        if (!json_is_string(value))
            return expected(reader, "a string", value);
        MEMBER(char *, record, field) = g_strdup(json_string_value(value));
        return TRUE;
    case FIELD_FLAG:
        if (!json_is_boolean(value))
            return expected(reader, "true or false", value);
        MEMBER(gboolean, record, field) = json_is_true(value);
        return TRUE;
    case FIELD_INT:
        if (!read_integer(reader, value, INT_MIN, INT_MAX, &number))
            return FALSE;
        MEMBER(int, record, field) = (int)number;
        return TRUE;
    case FIELD_U64:
        if (!read_integer(reader, value, 0, G_MAXINT64, &number))
            return FALSE;
        MEMBER(guint64, record, field) = (guint64)number;
        return TRUE;
    case FIELD_CHOICE:
        return read_choice(reader, field, value, &MEMBER(int, record, field));
    case FIELD_TEXTS:
        return read_texts(reader, value, &MEMBER(GStrv, record, field));
    case FIELD_RECORD:
        if (json_is_null(value))
            return TRUE;
        MEMBER(void *, record, field) = read_record(reader, field->record, value);
        return MEMBER(void *, record, field) != NULL;
    case FIELD_RECORDS:
        return read_records(reader, field->record, value, &MEMBER(GPtrArray *, record, field));
    default:
        g_assert_not_reached();
    }
}

static void *read_record(Reader *reader, const RecordType *type, const json_t *object)
{
    if (!json_is_object(object)) {
        expected(reader, "an object", object);
        return NULL;
    }
    void *record = record_new(type);
    gsize here = reader->place->len;
    for (const Field *field = type->fields; field->name != NULL; field++) {
        const json_t *value = json_object_get(object, field->name);
        if (value == NULL)
            continue;
        g_string_append_printf(reader->place, "%s%s", here > 0 ? "." : "", field->name);
        gboolean good = read_member(reader, field, value, record);
        g_string_truncate(reader->place, here);
        if (!good) {
            record_free(type, record);
            return NULL;
        }
    }
    return record;
}

void *record_from_json(const RecordType *type, const json_t *object, GError **error)
{
    Reader reader = { .place = g_string_new(NULL), .error = error };
    void *record = read_record(&reader, type, object);
    g_string_free(reader.place, TRUE);
    return record;
}

void *record_copy(const RecordType *type, const void *record)
{
    g_autoptr(json_t) object = record_to_json(type, record);
    return record_from_json(type, object, NULL);
}

static void describe_below(const RecordType *type, const char *prefix, GString *text)
{
    static const char *const kinds[] = {
        "string", "boolean",         "integer", "integer",
        "one of", "list of strings", "object",  "list of objects"
    };
    for (const Field *field = type->fields; field->name != NULL; field++) {
        g_autofree char *words =
            field->kind == FIELD_CHOICE ? g_strjoinv(", ", (char **)field->choices) : g_strdup("");
        g_string_append_printf(text, "%s%s\t%s%s%s\t%s\n", prefix, field->name, kinds[field->kind],
                               *words != '\0' ? " " : "", words,
                               field->meaning != NULL ? field->meaning : "");
        if (field->record != NULL) {
            g_autofree char *inner =
                g_strconcat(prefix, field->name, field->kind == FIELD_RECORDS ? "[]." : ".", NULL);
            describe_below(field->record, inner, text);
        }
    }
}

char *record_describe(const RecordType *type)
{
    GString *text = g_string_new(NULL);
    describe_below(type, "", text);
    return g_string_free(text, FALSE);
}
