/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/messages.h"

#include <string.h>

#include "base/table.h"

/* A hostile or broken program must not put a screenful into an error line. */
#define LINE_LIMIT 400

static char *expand(GRegex *regex, const char *output, const char *text)
{
    g_autoptr(GMatchInfo) match = NULL;
    g_regex_match(regex, output, 0, &match);
    char *expanded = g_match_info_expand_references(match, text, NULL);
    return expanded != NULL ? expanded : g_strdup(text);
}

static GRegex *compile(const Message *message)
{
    return g_regex_new(message->pattern, G_REGEX_RAW, 0, NULL);
}

const Message *message_match(const char *output)
{
    for (const Message *message = messages; message->id != NULL; message++) {
        g_autoptr(GRegex) regex = compile(message);
        if (g_regex_match(regex, output, 0, NULL))
            return message;
    }
    return NULL;
}

char *message_explain(const char *output)
{
    const Message *message = message_match(output);
    if (message == NULL)
        return NULL;
    g_autoptr(GRegex) regex = compile(message);
    g_autofree char *cause = expand(regex, output, message->cause);
    g_autofree char *way_out = expand(regex, output, message->way_out);
    g_autofree char *text = g_strdup_printf("%s; %s", cause, way_out);
    return text_printable(text);
}

/* What @line says, within it, or NULL when that is nothing. */
static char *without_program(char *line)
{
    line = g_strstrip(line);
    const char *colon = strstr(line, ": ");
    if (g_str_has_prefix(line, "qemu-system-") && colon != NULL)
        line = (char *)colon + 2;
    if (strlen(line) > LINE_LIMIT)
        memcpy(line + LINE_LIMIT - 3, "...", 4);
    return *line != '\0' ? line : NULL;
}

char *message_last_line(const char *output)
{
    g_auto(GStrv) lines = g_strsplit(output, "\n", -1);
    guint count = g_strv_length(lines); /* the last one has no newline: its end may be missing */
    char *line = NULL;
    for (guint i = count; i > 1 && line == NULL; i--)
        line = without_program(lines[i - 2]);
    if (line == NULL && count > 0)
        line = without_program(lines[count - 1]);
    return line != NULL ? text_printable(line) : NULL;
}
