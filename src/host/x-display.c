/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/x-display.h"

#include <string.h>

#define HIGHEST_NUMBER (65535 - 6000)

/* "10.0" -> 10; the screen behind the dot says nothing about where the server is. */
static gboolean parse_number(const char *text, guint *ret_number)
{
    char *end = NULL;
    guint64 number = g_ascii_strtoull(text, &end, 10);
    if (end == text || !g_ascii_isdigit(*text) || (*end != '\0' && *end != '.') ||
        number > HIGHEST_NUMBER)
        return FALSE;
    *ret_number = (guint)number;
    return TRUE;
}

/* libxcb tries a name that is a path of a socket first (macOS's launchd, some containers). */
static gboolean parse_path(const char *text, XDisplayName *ret_name)
{
    if (*text != '/')
        return FALSE;
    ret_name->socket = g_strdup(text);
    return TRUE;
}

gboolean x_display_parse(const char *text, XDisplayName *ret_name)
{
    *ret_name = (XDisplayName){ 0 };
    if (parse_path(text, ret_name))
        return TRUE;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || !parse_number(colon + 1, &ret_name->number))
        return FALSE;

    g_autofree char *host = g_strndup(text, (gsize)(colon - text));
    if (*host == '\0' || g_str_equal(host, "unix") || g_str_has_suffix(host, "/unix"))
        ret_name->socket = g_strdup_printf("/tmp/.X11-unix/X%u", ret_name->number);
    else
        ret_name->host = g_strdup(g_str_has_prefix(host, "tcp/") ? host + 4 : host);
    return TRUE;
}

void x_display_name_clear(XDisplayName *name)
{
    g_clear_pointer(&name->host, g_free);
    g_clear_pointer(&name->socket, g_free);
}

gboolean x_display_is_loopback(const char *host)
{
    return g_str_equal(host, "localhost") || g_str_equal(host, "127.0.0.1") ||
           g_str_equal(host, "::1") || g_str_equal(host, "[::1]");
}
