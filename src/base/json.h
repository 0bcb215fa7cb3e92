/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JSON as this program writes and reads it: jansson values, two spaces, keys in the order they were
 * set, no escapes of plain UTF-8.
 */
#pragma once

#include <glib.h>
#include <jansson.h>
#include <stdio.h>

#include "base/cleanup.h"

/* Text of @value with a final newline, owned by the caller (g_free). */
char *json_to_text(const json_t *value);

/* Parses @length bytes; NULL with @error naming @source, line and column. */
json_t *json_from_text(const char *text, gsize length, const char *source, GError **error);

/* Reads a file of at most 64 MiB ("-" is stdin). */
json_t *json_from_file(const char *path, GError **error);

/* Borrowed members of an object; NULL or @fallback when absent or of another kind. */
const char *json_get_text(const json_t *object, const char *key);
gint64 json_get_int(const json_t *object, const char *key, gint64 fallback);
gboolean json_get_flag(const json_t *object, const char *key);

/* A JSON string; null for NULL; text that is not UTF-8 has its bad bytes replaced by U+FFFD. */
json_t *json_text(const char *text);
/* A JSON array of strings from a NULL-terminated vector; empty for NULL. */
json_t *json_texts(const char *const *texts);
