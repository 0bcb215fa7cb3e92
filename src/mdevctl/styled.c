/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/styled.h"

#include <unistd.h>

static const char reset[] = "\033[0m";

static const char *const colours[] = {
    [STYLE_NONE] = "",
    [STYLE_GOOD] = "\033[32m",
    [STYLE_WARNING] = "\033[33m",
    [STYLE_ERROR] = "\033[1m\033[31m",
};

gboolean styled_is_terminal(int fd)
{
    const char *term = g_getenv("TERM");
    return isatty(fd) && term != NULL && !g_str_equal(term, "dumb") && g_getenv("NO_COLOR") == NULL;
}

Styled *styled_new(gboolean has_colour)
{
    Styled *styled = g_new0(Styled, 1);
    styled->text = g_string_new(NULL);
    styled->has_colour = has_colour;
    return styled;
}

void styled_free(Styled *styled)
{
    if (styled == NULL)
        return;
    g_string_free(styled->text, TRUE);
    g_free(styled);
}

void styled_add(Styled *styled, Style style, const char *text)
{
    if (styled->has_colour)
        g_string_append_printf(styled->text, "%s%s", reset, colours[style]);
    g_string_append(styled->text, text);
    if (styled->has_colour)
        g_string_append(styled->text, reset);
}

void styled_add_format(Styled *styled, Style style, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    styled_add(styled, style, text);
}

char *styled_finish(Styled *styled)
{
    char *text = g_string_free(g_steal_pointer(&styled->text), FALSE);
    g_free(styled);
    return text;
}
