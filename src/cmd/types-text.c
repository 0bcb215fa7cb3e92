/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/types-text.h"

#include <string.h>

#include "base/table.h"

/* One line: what the driver says of a type, or its name when it says nothing. Owned. */
static char *description_line(const CapacityType *type)
{
    const char *text = type->description != NULL ? type->description : type->name;
    if (text == NULL)
        return NULL;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    return g_strjoinv(", ", lines);
}

static void add_row(Table *table, const CapacityType *type)
{
    g_autofree char *available = g_strdup_printf("%d", type->creatable);
    g_autofree char *live = g_strdup_printf("%d", type->live);
    g_autofree char *total = g_strdup_printf("%d%s", type->total, type->estimate ? "+" : "");
    g_autofree char *description = description_line(type);
    table_add(table, type->type, type->listed ? available : NULL, live, total, description, NULL);
}

static void append_line(GString *text, const char *line)
{
    g_autofree char *printable = text_printable(line);
    g_string_append_printf(text, "%s\n", printable);
}

static void append_reasons(GString *text, const CapacityParent *parent)
{
    for (guint i = 0; i < parent->types->len; i++) {
        const CapacityType *type = parent->types->pdata[i];
        if (type->why == NULL)
            continue;
        g_autofree char *line =
            g_strdup_printf("%s %s: %s.", type->type != NULL ? type->type : "?",
                            type->listed ? "has none left" : "is not offered", type->why);
        append_line(text, line);
    }
}

static void append_heading(GString *text, const CapacityParent *parent, gboolean with_usage)
{
    g_autoptr(GString) line = g_string_new(parent->parent);
    g_string_append_printf(line, " (%s)", parent->driver != NULL ? parent->driver : "no driver");
    if (parent->gvt)
        g_string_append_printf(line, ", aperture %d MB, GTT %d MB%s", parent->aperture_mb,
                               parent->gtt_mb,
                               parent->gtt_inferred ? " (assumed: only root can read it)" : "");
    if (parent->gvt && with_usage)
        g_string_append_printf(line, "; used: %s", parent->usage);
    append_line(text, line->str);
}

static void append_parent(GString *text, const CapacityParent *parent)
{
    if (text->len > 0)
        g_string_append_c(text, '\n');
    append_heading(text, parent, TRUE);
    g_autoptr(Table) table = table_new(
        (const char *const[]){ "TYPE", "AVAILABLE", "LIVE", "TOTAL", "DESCRIPTION", NULL });
    for (guint i = 0; i < parent->types->len; i++)
        add_row(table, parent->types->pdata[i]);
    g_autofree char *rows = table_to_text(table);
    g_string_append(text, rows);
    append_reasons(text, parent);
}

static gboolean has_rows(const GPtrArray *parents, const char *name)
{
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        if (g_strcmp0(parent->parent, name) == 0 && parent->types->len > 0)
            return TRUE;
    }
    return FALSE;
}

static void append_absence(GString *text, const Absence *absence)
{
    if (text->len > 0)
        g_string_append_c(text, '\n');
    g_autofree char *line = g_strdup_printf(
        "%s%s%s%s offers no types: %s.", absence->gpu != NULL ? absence->gpu : "?",
        absence->device != NULL ? " (" : "", absence->device != NULL ? absence->device : "",
        absence->device != NULL ? ")" : "", absence->why);
    append_line(text, line);
    g_autofree char *fix =
        absence->fix != NULL ? g_strdup_printf("To do: %s.", absence->fix)
                             : g_strdup("Nothing changes that; virtio-gpu serves its VMs (vgpuctl "
                                        "run).");
    append_line(text, fix);
}

char *types_text(const GPtrArray *parents, const GPtrArray *absences)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < parents->len; i++)
        append_parent(text, parents->pdata[i]);
    for (guint i = 0; i < absences->len; i++) {
        const Absence *absence = absences->pdata[i];
        if (!has_rows(parents, absence->gpu))
            append_absence(text, absence);
    }
    if (text->len == 0)
        g_string_append(text, "This machine has no GPU, and nothing else offers mediated devices "
                              "either.\n");
    return g_string_free(text, FALSE);
}

char *types_what_if_text(const GPtrArray *parents)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        g_autoptr(Table) table =
            table_new((const char *const[]){ "TYPE", "TOTAL", "SHOWN BY THE DRIVER", NULL });
        if (i > 0)
            g_string_append_c(text, '\n');
        append_heading(text, parent, FALSE);
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            g_autofree char *total = g_strdup_printf("%d", type->total);
            g_autofree char *shown = g_strdup_printf("%d", type->available);
            table_add(table, type->type, total, type->listed ? shown : NULL, NULL);
        }
        g_autofree char *rows = table_to_text(table);
        g_string_append(text, rows);
        append_reasons(text, parent);
    }
    return g_string_free(text, FALSE);
}
