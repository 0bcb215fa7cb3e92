/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/quote.h"

#include <string.h>

/*
 * What Rust's Debug of a text escapes by number: what has no glyph, spaces that are no ' ', and
 * marks that would join the character before them.
 */
static gboolean is_shown(gunichar character)
{
    switch (g_unichar_type(character)) {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_SURROGATE:
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
        return FALSE;
    case G_UNICODE_SPACE_SEPARATOR:
        return character == ' ';
    default:
        return TRUE;
    }
}

static void append_quoted(GString *quoted, gunichar character)
{
    static const char plain[] = "\"\\\n\r\t", named[] = "\"\\nrt";
    const char *found = character < 0x80 ? strchr(plain, (int)character) : NULL;
    if (found != NULL)
        g_string_append_printf(quoted, "\\%c", named[found - plain]);
    else if (is_shown(character))
        g_string_append_unichar(quoted, character);
    else
        g_string_append_printf(quoted, "\\u{%x}", character);
}

static gboolean is_character(const char *text)
{
    gunichar character = g_utf8_get_char_validated(text, -1);
    return character != (gunichar)-1 && character != (gunichar)-2;
}

char *rust_quote(const char *text)
{
    GString *quoted = g_string_new("\"");
    while (*text != '\0') {
        if (is_character(text)) {
            append_quoted(quoted, g_utf8_get_char(text));
            text = g_utf8_next_char(text);
        } else {
            g_string_append_printf(quoted, "\\x%02X", (guchar)*text++);
        }
    }
    g_string_append_c(quoted, '"');
    return g_string_free(quoted, FALSE);
}

/* How many bytes begin a character at @text that does not end (Unicode 15.0, table 3-7). */
static guint broken_length(const guchar *text)
{
    guchar lead = text[0];
    if (lead < 0xc2 || lead > 0xf4)
        return 1;
    guchar least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    guchar most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (text[1] < least || text[1] > most)
        return 1;
    guint whole = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    guint length = 2;
    while (length < whole && (text[length] & 0xc0) == 0x80)
        length++;
    return length;
}

char *rust_lossy(const char *text)
{
    GString *valid = g_string_new(NULL);
    while (*text != '\0') {
        if (is_character(text)) {
            g_string_append_unichar(valid, g_utf8_get_char(text));
            text = g_utf8_next_char(text);
        } else {
            g_string_append_unichar(valid, 0xfffd);
            text += broken_length((const guchar *)text);
        }
    }
    return g_string_free(valid, FALSE);
}
