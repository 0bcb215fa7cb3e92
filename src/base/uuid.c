/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/uuid.h"

#include <string.h>

#define GROUPS 5
static const guint group_starts[GROUPS] = { 0, 9, 14, 19, 24 };
static const guint group_lengths[GROUPS] = { 8, 4, 4, 4, 12 };
static const char urn_prefix[] = "urn:uuid:";

static gboolean is_hyphen_place(guint index)
{
    for (guint i = 1; i < GROUPS; i++)
        if (index == group_starts[i] - 1)
            return TRUE;
    return FALSE;
}

static gboolean is_hyphenated(const char *text, gsize length)
{
    if (length != UUID_LENGTH)
        return FALSE;
    for (guint i = 0; i < UUID_LENGTH; i++)
        if (is_hyphen_place(i) ? text[i] != '-' : !g_ascii_isxdigit(text[i]))
            return FALSE;
    return TRUE;
}

static gboolean is_simple(const char *text, gsize length)
{
    if (length != UUID_LENGTH - (GROUPS - 1))
        return FALSE;
    for (gsize i = 0; i < length; i++)
        if (!g_ascii_isxdigit(text[i]))
            return FALSE;
    return TRUE;
}

static char *with_hyphens(const char *simple)
{
    GString *text = g_string_sized_new(UUID_LENGTH);
    for (guint group = 0; group < GROUPS; group++) {
        if (group > 0)
            g_string_append_c(text, '-');
        g_string_append_len(text, simple, group_lengths[group]);
        simple += group_lengths[group];
    }
    return g_string_free(text, FALSE);
}

/* What stands between the braces or behind "urn:uuid:"; FALSE for neither. */
static gboolean unwrap(const char **text, gsize *length)
{
    if (*length >= 2 && (*text)[0] == '{' && (*text)[*length - 1] == '}') {
        *text += 1;
        *length -= 2;
        return TRUE;
    }
    gsize prefix = strlen(urn_prefix);
    if (!g_str_has_prefix(*text, urn_prefix))
        return FALSE;
    *text += prefix;
    *length -= prefix;
    return TRUE;
}

/* The first character that is neither a digit nor a hyphen; NULL when all are. */
static const char *find_stranger(const char *text, gsize length)
{
    for (const char *at = text; at < text + length; at = g_utf8_next_char(at))
        if (!g_ascii_isxdigit(*at) && *at != '-')
            return at;
    return NULL;
}

/* The groups of @text, which has five, are compared with what they should be, in their order. */
static gboolean complain_of_group(const char *text, gsize whole_length, GError **error)
{
    const char *start = text;
    for (guint group = 0; group < GROUPS - 1; group++) {
        const char *hyphen = strchr(start, '-');
        guint length = (guint)(hyphen - start);
        if (length != group_lengths[group])
            return error_set(error, VGPUCTL_ERROR_INVALID,
                             "invalid group length in group %u: expected %u, found %u", group,
                             group_lengths[group], length);
        start = hyphen + 1;
    }
    return error_set(error, VGPUCTL_ERROR_INVALID,
                     "invalid group length in group %u: expected %u, found %" G_GSIZE_FORMAT,
                     GROUPS - 1, group_lengths[GROUPS - 1],
                     whole_length - group_starts[GROUPS - 1]);
}

/* The words are those of the Rust crate uuid 1.2.1, with which mdevctl 1.2.0 reads UUIDs. */
static gboolean complain(const char *whole, GError **error)
{
    if (!g_utf8_validate(whole, -1, NULL))
        return error_set(error, VGPUCTL_ERROR_INVALID, "non-UTF8 input");
    const char *text = whole;
    gsize length = strlen(whole);
    gsize whole_length = length;
    gboolean is_wrapped = unwrap(&text, &length);

    const char *stranger = find_stranger(text, length);
    if (stranger != NULL) {
        g_autofree char *character = g_strndup(stranger, g_utf8_skip[(guchar)*stranger]);
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "invalid character: expected an optional prefix of `urn:uuid:` followed "
                         "by [0-9a-zA-Z], found `%s` at %u",
                         character, (guint)(stranger - whole) + 1);
    }
    guint hyphens = 0;
    for (gsize i = 0; i < length; i++)
        hyphens += text[i] == '-';
    if (hyphens == 0 && !is_wrapped)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "invalid length: expected length 32 for simple format, "
                         "found %" G_GSIZE_FORMAT,
                         whole_length);
    if (hyphens != GROUPS - 1)
        return error_set(error, VGPUCTL_ERROR_INVALID, "invalid group count: expected %d, found %u",
                         GROUPS, hyphens + 1);
    return complain_of_group(text, whole_length, error);
}

char *uuid_parse(const char *text, GError **error)
{
    const char *inner = text;
    gsize length = strlen(text);
    if (is_simple(inner, length)) {
        g_autofree char *lower = g_ascii_strdown(inner, -1);
        return with_hyphens(lower);
    }
    unwrap(&inner, &length);
    if (is_hyphenated(inner, length))
        return g_ascii_strdown(inner, UUID_LENGTH);
    complain(text, error);
    return NULL;
}

gboolean uuid_is_canonical(const char *text)
{
    if (!is_hyphenated(text, strlen(text)))
        return FALSE;
    for (; *text != '\0'; text++)
        if (g_ascii_isupper(*text))
            return FALSE;
    return TRUE;
}
