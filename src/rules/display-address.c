/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/display-address.h"

#include <string.h>
#include <sys/un.h>

#include "base/error.h"

#define VNC_BASE 5900
#define VNC_DISPLAYS 100

void display_address_clear(DisplayAddress *address)
{
    g_clear_pointer(&address->path, g_free);
    g_clear_pointer(&address->host, g_free);
    address->port = 0;
}

static gboolean parse_path(const char *path, DisplayAddress *ret_address, GError **error)
{
    if (*path != '/')
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "display address 'unix:%s': the path must be absolute", path);
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "display address 'unix:%s': longer than a socket's name may be (%zu)",
                         path, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
    ret_address->path = g_strdup(path);
    return TRUE;
}

static gboolean host_good(const char *host)
{
    const char *allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%";
    return strspn(host, allowed) == strlen(host);
}

/* "[::1]" -> "::1"; anything else with a colon is not a host. NULL: not one. */
static char *take_host(const char *text, gsize length)
{
    g_autofree char *host = g_strndup(text, length);
    gboolean brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
    if (brackets) {
        memmove(host, host + 1, length - 2);
        host[length - 2] = '\0';
    }
    if ((!brackets && strchr(host, ':') != NULL) || !host_good(host))
        return NULL;
    return g_steal_pointer(&host);
}

gboolean display_address_parse(const char *text, DisplayAddressKind kind,
                               DisplayAddress *ret_address, GError **error)
{
    gboolean vnc = kind != DISPLAY_ADDRESS_PORT;
    guint64 least = kind == DISPLAY_ADDRESS_QEMU_VNC ? VNC_BASE : 1;
    if (g_str_has_prefix(text, "unix:"))
        return parse_path(text + strlen("unix:"), ret_address, error);

    const char *colon = strrchr(text, ':');
    g_autofree char *host = colon != NULL ? take_host(text, (gsize)(colon - text)) : NULL;
    guint64 number;
    if (host == NULL || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &number, NULL))
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "display address '%s' is neither HOST:%s nor unix:/PATH", text,
                         vnc ? "DISPLAY" : "PORT");
    if (vnc && number < VNC_DISPLAYS)
        number += VNC_BASE;
    if (number < least)
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         least > 1 ? "display address '%s': a port of QEMU's VNC server is 5900 or "
                                     "above (or a display below 100)"
                                   : "display address '%s': a port is 1 to 65535",
                         text);
    ret_address->host = g_steal_pointer(&host);
    ret_address->port = (int)number;
    return TRUE;
}

char *display_address_to_text(const DisplayAddress *address)
{
    gboolean brackets = strchr(address->host, ':') != NULL;
    return g_strdup_printf("%s%s%s:%d", brackets ? "[" : "", address->host, brackets ? "]" : "",
                           address->port);
}
