/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Records
 *
 * A record type describes a C struct once - name, kind and meaning of each field - and everything
 * that would otherwise be written per struct follows from it: JSON out, JSON in with precise
 * errors, freeing, and the documentation of the schema. All facts, configurations and plans are
 * records, so `vgpuctl facts` can be mailed, read back and judged elsewhere.
 *
 *     typedef struct { char *path; gboolean writable; } Node;
 *     static const Field node_fields[] = {
 *         FIELD_TEXT_(Node, path, "device node"),
 *         FIELD_FLAG_(Node, writable, "whether this user may open it for writing"),
 *         FIELD_END,
 *     };
 *     const RecordType node_type = { "node", sizeof(Node), node_fields };
 *
 * Reading: an unknown key is skipped (a newer version wrote it), an absent one leaves zero, a known
 * key of the wrong kind is an error that names its place ("gpus[1].regions[0].size_bytes").
 */
#pragma once

#include <glib.h>
#include <jansson.h>

typedef enum {
    FIELD_TEXT,    /* char *, owned; JSON null for NULL */
    FIELD_FLAG,    /* gboolean */
    FIELD_INT,     /* int */
    FIELD_U64,     /* guint64; JSON integer up to 2^63-1 */
    FIELD_CHOICE,  /* int, index into @choices; JSON string */
    FIELD_TEXTS,   /* GStrv, owned; NULL is an empty array */
    FIELD_RECORD,  /* pointer to a record, owned; JSON null for NULL */
    FIELD_RECORDS, /* GPtrArray * of records, owned; NULL is an empty array */
} FieldKind;

typedef struct RecordType RecordType;

typedef struct {
    const char *name;
    FieldKind kind;
    size_t offset;
    const char *meaning;        /* one sentence for the schema; units when the name has none */
    const char *const *choices; /* FIELD_CHOICE: NULL-terminated words, index is the value */
    const RecordType *record;   /* FIELD_RECORD, FIELD_RECORDS */
} Field;

struct RecordType {
    const char *name;
    size_t size;
    const Field *fields; /* ends with a field without a name */
};

#define FIELD_TEXT_(struct_, member, meaning_)                                                     \
    {                                                                                              \
#member, FIELD_TEXT, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, NULL                \
    }
#define FIELD_FLAG_(struct_, member, meaning_)                                                     \
    {                                                                                              \
#member, FIELD_FLAG, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, NULL                \
    }
#define FIELD_INT_(struct_, member, meaning_)                                                      \
    {                                                                                              \
#member, FIELD_INT, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, NULL                 \
    }
#define FIELD_U64_(struct_, member, meaning_)                                                      \
    {                                                                                              \
#member, FIELD_U64, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, NULL                 \
    }
#define FIELD_CHOICE_(struct_, member, choices_, meaning_)                                         \
    {                                                                                              \
#member, FIELD_CHOICE, G_STRUCT_OFFSET(struct_, member), meaning_, choices_, NULL          \
    }
#define FIELD_TEXTS_(struct_, member, meaning_)                                                    \
    {                                                                                              \
#member, FIELD_TEXTS, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, NULL               \
    }
#define FIELD_RECORD_(struct_, member, type_, meaning_)                                            \
    {                                                                                              \
#member, FIELD_RECORD, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, type_             \
    }
#define FIELD_RECORDS_(struct_, member, type_, meaning_)                                           \
    {                                                                                              \
#member, FIELD_RECORDS, G_STRUCT_OFFSET(struct_, member), meaning_, NULL, type_            \
    }
#define FIELD_END                                                                                  \
    {                                                                                              \
        NULL, FIELD_TEXT, 0, NULL, NULL, NULL                                                      \
    }

/* A zeroed record. Free with record_free(). */
void *record_new(const RecordType *type);
/* Frees a record and all it owns; NULL is fine. */
void record_free(const RecordType *type, void *record);
/* Frees what an embedded record owns and zeroes it. */
void record_clear(const RecordType *type, void *record);

/* New JSON object with every field of the type, in its order. */
json_t *record_to_json(const RecordType *type, const void *record);
/* New JSON array from a GPtrArray of records; NULL gives an empty array. */
json_t *records_to_json(const RecordType *type, const GPtrArray *records);

/* New record from a JSON object; NULL with @error set, nothing leaks. */
void *record_from_json(const RecordType *type, const json_t *object, GError **error);

/* Deep copy through the same description. */
void *record_copy(const RecordType *type, const void *record);

/* The schema of the type as text, one line a field: path, kind, meaning. Owned. */
char *record_describe(const RecordType *type);

/* The word for a FIELD_CHOICE value, or its index; -1 when the word is none of them. */
int choice_from_word(const char *const *choices, const char *word);
