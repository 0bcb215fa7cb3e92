/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/table.h"

struct Table {
    guint columns;
    GPtrArray *cells; /* owned strings, row after row, the headings first */
};

char *text_printable(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *p = valid; *p != '\0'; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        if (g_unichar_iscntrl(c))
            g_string_append_printf(out, "\\x%02x", c);
        else
            g_string_append_unichar(out, c);
    }
    return g_string_free(out, FALSE);
}

Table *table_new(const char *const *headings)
{
    Table *table = g_new0(Table, 1);
    table->cells = g_ptr_array_new_with_free_func(g_free);
    table->columns = g_strv_length((char **)headings);
    table_add_cells(table, headings);
    return table;
}

void table_free(Table *table)
{
    if (table == NULL)
        return;
    g_ptr_array_unref(table->cells);
    g_free(table);
}

void table_add_cells(Table *table, const char *const *cells)
{
    for (guint i = 0; i < table->columns; i++)
        g_ptr_array_add(table->cells, text_printable(cells[i] != NULL ? cells[i] : "-"));
}

void table_add(Table *table, ...)
{
    g_autofree const char **cells = g_new0(const char *, table->columns);
    va_list args;
    va_start(args, table);
    for (guint i = 0; i < table->columns; i++)
        cells[i] = va_arg(args, const char *);
    va_end(args);
    table_add_cells(table, cells);
}

static guint text_width(const char *text)
{
    guint width = 0;
    for (; *text != '\0'; text = g_utf8_next_char(text)) {
        gunichar c = g_utf8_get_char(text);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

char *table_to_text(const Table *table)
{
    guint rows = table->cells->len / table->columns;
    if (rows < 2)
        return g_strdup("");

    g_autofree guint *widths = g_new0(guint, table->columns);
    for (guint i = 0; i < table->cells->len; i++) {
        guint width = text_width(table->cells->pdata[i]);
        widths[i % table->columns] = MAX(widths[i % table->columns], width);
    }

    GString *out = g_string_new(NULL);
    for (guint i = 0; i < table->cells->len; i++) {
        const char *cell = table->cells->pdata[i];
        guint column = i % table->columns;
        g_string_append(out, cell);
        if (column + 1 == table->columns)
            g_string_append_c(out, '\n');
        else
            g_string_append_printf(out, "%*s", (int)(widths[column] - text_width(cell) + 2), "");
    }
    return g_string_free(out, FALSE);
}
