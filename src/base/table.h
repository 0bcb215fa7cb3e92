/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table for people: columns as wide as their widest cell (in terminal columns, not bytes), two
 * spaces apart, nothing after the last cell of a line. Control characters in a cell are printed as
 * escapes, so that a name read from the system cannot move the cursor.
 */
#pragma once

#include <glib.h>

typedef struct Table Table;

/* @headings is NULL-terminated; its number is the number of columns. */
Table *table_new(const char *const *headings);
void table_free(Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Table, table_free)

/* Adds a row of exactly as many cells as there are headings; NULL cells print "-". */
void table_add(Table *table, ...) G_GNUC_NULL_TERMINATED;
void table_add_cells(Table *table, const char *const *cells);

/* The whole table with its heading, or "" when no row was added. Owned. */
char *table_to_text(const Table *table);

/* @text with control characters and bad UTF-8 made visible. Owned. */
char *text_printable(const char *text);
