/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The words and places with which serde_json 1.0 refuses a text (its src/de.rs and src/error.rs):
 * mdevctl prints them, and so do we. jansson has judged already; here nothing is built, only the
 * first thing wrong is found, by the order in which serde_json looks.
 */
#include <math.h>
#include <string.h>

#include "vgpu/mdev-json.h"

#define DEEPEST 128

typedef struct {
    const guchar *text;
    gsize length, at;
    guint depth;
    char *complaint;
} Reader;

static int peek(const Reader *reader)
{
    return reader->at < reader->length ? reader->text[reader->at] : -1;
}

static int next(Reader *reader)
{
    return reader->at < reader->length ? reader->text[reader->at++] : -1;
}

/* Line and column count what was read before @end; columns are bytes. */
static gboolean complain_at(Reader *reader, gsize end, const char *what)
{
    guint line = 1, column = 0;
    for (gsize i = 0; i < end; i++) {
        column++;
        if (reader->text[i] == '\n') {
            line++;
            column = 0;
        }
    }
    reader->complaint = g_strdup_printf("%s at line %u column %u", what, line, column);
    return FALSE;
}

/* About what was read last. */
static gboolean complain(Reader *reader, const char *what)
{
    return complain_at(reader, reader->at, what);
}

/* About what comes next. */
static gboolean complain_ahead(Reader *reader, const char *what)
{
    return complain_at(reader, MIN(reader->length, reader->at + 1), what);
}

static int skip_space(Reader *reader)
{
    while (peek(reader) >= 0 && strchr(" \n\t\r", peek(reader)) != NULL && peek(reader) != '\0')
        reader->at++;
    return peek(reader);
}

static gboolean read_word(Reader *reader, const char *word)
{
    for (; *word != '\0'; word++) {
        int c = next(reader);
        if (c < 0)
            return complain(reader, "EOF while parsing a value");
        if (c != *word)
            return complain(reader, "expected ident");
    }
    return TRUE;
}

static gboolean read_digits(Reader *reader)
{
    gboolean any = FALSE;
    for (; g_ascii_isdigit(peek(reader)); reader->at++)
        any = TRUE;
    return any;
}

static gboolean is_infinite(const Reader *reader, gsize start)
{
    g_autofree char *text = g_strndup((const char *)reader->text + start, reader->at - start);
    return isinf(g_ascii_strtod(text, NULL));
}

static gboolean read_number(Reader *reader)
{
    gsize start = reader->at;
    int c = next(reader);
    if (c < 0)
        return complain(reader, "EOF while parsing a value");
    if (!g_ascii_isdigit(c))
        return complain(reader, "invalid number");
    if (c == '0' && g_ascii_isdigit(peek(reader)))
        return complain_ahead(reader, "invalid number");
    read_digits(reader);
    if (peek(reader) == '.') {
        reader->at++;
        if (!read_digits(reader))
            return complain_ahead(reader, peek(reader) < 0 ? "EOF while parsing a value"
                                                           : "invalid number");
    }
    if (peek(reader) == 'e' || peek(reader) == 'E') {
        reader->at++;
        if (peek(reader) == '+' || peek(reader) == '-')
            reader->at++;
        c = next(reader);
        if (c < 0)
            return complain(reader, "EOF while parsing a value");
        if (!g_ascii_isdigit(c))
            return complain(reader, "invalid number");
        read_digits(reader);
        if (is_infinite(reader, start))
            return complain(reader, "number out of range");
    }
    return TRUE;
}

/* The four digits behind \u. */
static gboolean read_hex(Reader *reader, int *ret_value)
{
    if (reader->length - reader->at < 4) {
        reader->at = reader->length;
        return complain(reader, "EOF while parsing a string");
    }
    *ret_value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value((char)next(reader));
        if (digit < 0)
            return complain(reader, "invalid escape");
        *ret_value = *ret_value * 16 + digit;
    }
    return TRUE;
}

static gboolean read_unicode_escape(Reader *reader)
{
    int first, second;
    if (!read_hex(reader, &first))
        return FALSE;
    if (first >= 0xDC00 && first <= 0xDFFF)
        return complain(reader, "lone leading surrogate in hex escape");
    if (first < 0xD800 || first > 0xDBFF)
        return TRUE;
    for (const char *expected = "\\u"; *expected != '\0'; expected++) {
        int c = next(reader);
        if (c < 0)
            return complain(reader, "EOF while parsing a string");
        if (c != *expected)
            return complain(reader, "unexpected end of hex escape");
    }
    if (!read_hex(reader, &second))
        return FALSE;
    if (second < 0xDC00 || second > 0xDFFF)
        return complain(reader, "lone leading surrogate in hex escape");
    return TRUE;
}

/* Behind its opening quote. */
static gboolean read_string(Reader *reader)
{
    for (;;) {
        int c = next(reader);
        if (c < 0)
            return complain(reader, "EOF while parsing a string");
        if (c == '"')
            return TRUE;
        if (c < 0x20)
            return complain(reader,
                            "control character (\\u0000-\\u001F) found while parsing a string");
        if (c != '\\')
            continue;
        c = next(reader);
        if (c < 0)
            return complain(reader, "EOF while parsing a string");
        if (c == 'u') {
            if (!read_unicode_escape(reader))
                return FALSE;
        } else if (strchr("\"\\/bfnrt", c) == NULL || c == '\0') {
            return complain(reader, "invalid escape");
        }
    }
}

static gboolean read_value(Reader *reader);

static gboolean read_list(Reader *reader)
{
    for (gboolean first = TRUE;; first = FALSE) {
        int c = skip_space(reader);
        if (c == ']')
            break;
        if (c < 0)
            return complain_ahead(reader, "EOF while parsing a list");
        if (!first) {
            if (c != ',')
                return complain_ahead(reader, "expected `,` or `]`");
            reader->at++;
            c = skip_space(reader);
            if (c == ']')
                return complain_ahead(reader, "trailing comma");
            if (c < 0)
                return complain_ahead(reader, "EOF while parsing a value");
        }
        if (!read_value(reader))
            return FALSE;
    }
    reader->at++;
    return TRUE;
}

static gboolean read_member(Reader *reader, int c)
{
    if (c == '}')
        return complain_ahead(reader, "trailing comma");
    if (c < 0)
        return complain_ahead(reader, "EOF while parsing a value");
    if (c != '"')
        return complain_ahead(reader, "key must be a string");
    reader->at++;
    if (!read_string(reader))
        return FALSE;
    c = skip_space(reader);
    if (c < 0)
        return complain_ahead(reader, "EOF while parsing an object");
    if (c != ':')
        return complain_ahead(reader, "expected `:`");
    reader->at++;
    return read_value(reader);
}

static gboolean read_object(Reader *reader)
{
    for (gboolean first = TRUE;; first = FALSE) {
        int c = skip_space(reader);
        if (c == '}')
            break;
        if (c < 0)
            return complain_ahead(reader, "EOF while parsing an object");
        if (!first) {
            if (c != ',')
                return complain_ahead(reader, "expected `,` or `}`");
            reader->at++;
            c = skip_space(reader);
        }
        if (!read_member(reader, c))
            return FALSE;
    }
    reader->at++;
    return TRUE;
}

static gboolean read_nested(Reader *reader, gboolean (*read)(Reader *reader))
{
    if (++reader->depth == DEEPEST)
        return complain_ahead(reader, "recursion limit exceeded");
    reader->at++;
    gboolean good = read(reader);
    reader->depth--;
    return good;
}

static gboolean read_value(Reader *reader)
{
    int c = skip_space(reader);
    switch (c) {
    case -1:
        return complain_ahead(reader, "EOF while parsing a value");
    case '[':
        return read_nested(reader, read_list);
    case '{':
        return read_nested(reader, read_object);
    case '"':
        reader->at++;
        return read_string(reader);
    case 'n':
        return read_word(reader, "null");
    case 't':
        return read_word(reader, "true");
    case 'f':
        return read_word(reader, "false");
    case '-':
        reader->at++;
        return read_number(reader);
    default:
        return g_ascii_isdigit(c) ? read_number(reader) : complain_ahead(reader, "expected value");
    }
}

char *mdev_json_complaint(const char *text, gsize length)
{
    Reader reader = { .text = (const guchar *)text, .length = length };
    if (read_value(&reader) && skip_space(&reader) >= 0)
        complain_ahead(&reader, "trailing characters");
    return reader.complaint;
}
