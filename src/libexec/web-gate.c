/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-gate.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/random.h>

#include "base/error.h"

#define COOKIE_NAME "vgpuctl"
#define PREFIX_BYTES 9  /* 72 bits */
#define SECRET_BYTES 18 /* 144 bits, as base64 goes by threes */

struct WebGate {
    char *scheme;
    guint16 port;
    GStrv names;
    char *prefix;
    char *token; /* NULL: void */
    char *session;
};

/* @size, at most SECRET_BYTES and a multiple of three, random bytes, as text that needs no quoting
 * in addresses and cookies. Owned. */
static char *random_text(gsize size, GError **error)
{
    guint8 bytes[SECRET_BYTES];
    g_assert(size <= sizeof bytes && size % 3 == 0);
    if (getrandom(bytes, size, 0) != (gssize)size) {
        error_set_errno(error, errno, "Asking the kernel for random bytes");
        return NULL;
    }
    char *text = g_base64_encode(bytes, size);
    return g_strdelimit(g_strdelimit(text, "+", '-'), "/", '_'); /* RFC 4648, 5 */
}

WebGate *web_gate_new(const char *scheme, guint16 port, const char *const *names, GError **error)
{
    g_autoptr(WebGate) gate = g_new0(WebGate, 1);
    gate->scheme = g_strdup(scheme);
    gate->port = port;
    gate->names = g_strdupv((char **)names);
    g_autofree char *prefix = random_text(PREFIX_BYTES, error);
    if (prefix == NULL)
        return NULL;
    gate->prefix = g_strconcat("/", prefix, "/", NULL);
    gate->token = random_text(SECRET_BYTES, error);
    gate->session = gate->token != NULL ? random_text(SECRET_BYTES, error) : NULL;
    return gate->session != NULL ? g_steal_pointer(&gate) : NULL;
}

void web_gate_free(WebGate *gate)
{
    if (gate == NULL)
        return;
    g_free(gate->scheme);
    g_strfreev(gate->names);
    g_free(gate->prefix);
    g_free(gate->token);
    g_free(gate->session);
    g_free(gate);
}

const char *web_gate_prefix(const WebGate *gate)
{
    return gate->prefix;
}

char *web_gate_invitation(const WebGate *gate)
{
    return g_strconcat("?token=", gate->token != NULL ? gate->token : "", NULL);
}

char *web_gate_cookie(const WebGate *gate)
{
    return g_strdup_printf(COOKIE_NAME "=%s; Path=%s; HttpOnly; SameSite=Strict%s", gate->session,
                           gate->prefix, g_str_equal(gate->scheme, "https") ? "; Secure" : "");
}

gboolean web_secret_equal(const char *ours, const char *theirs)
{
    gsize length = strlen(ours);
    if (strlen(theirs) != length)
        return FALSE;
    volatile guint8 difference = 0;
    for (gsize i = 0; i < length; i++)
        difference |= (guint8)(ours[i] ^ theirs[i]);
    return difference == 0;
}

static gboolean is_our_name(const WebGate *gate, const char *name)
{
    /* who bends names cannot bend an address in figures */
    if (g_hostname_is_ip_address(name) || g_ascii_strcasecmp(name, "localhost") == 0)
        return TRUE;
    for (char **ours = gate->names; ours != NULL && *ours != NULL; ours++)
        if (g_ascii_strcasecmp(*ours, name) == 0)
            return TRUE;
    return FALSE;
}

/* The name in "NAME:PORT" with our port, which may be absent where it is the usual one. Owned;
 * NULL: another port, or an IPv6 address without its brackets. */
static char *strip_port(const WebGate *gate, const char *host)
{
    guint16 usual = g_str_equal(gate->scheme, "https") ? 443 : 80;
    g_autofree char *port = g_strdup_printf(":%u", gate->port);
    g_autofree char *name = NULL;
    if (g_str_has_suffix(host, port))
        name = g_strndup(host, strlen(host) - strlen(port));
    else if (gate->port == usual)
        name = g_strdup(host);
    gsize length = name != NULL ? strlen(name) : 0;
    if (length == 0 || strchr(name, ':') == NULL)
        return g_steal_pointer(&name);
    return name[0] == '[' && name[length - 1] == ']' ? g_strndup(name + 1, length - 2) : NULL;
}

gboolean web_gate_is_our_host(const WebGate *gate, const char *host)
{
    g_autofree char *name = host != NULL ? strip_port(gate, host) : NULL;
    return name != NULL && is_our_name(gate, name);
}

gboolean web_gate_is_our_origin(const WebGate *gate, const char *host, const char *origin)
{
    g_autofree char *ours = g_strconcat(gate->scheme, "://", host, NULL);
    return g_ascii_strcasecmp(ours, origin) == 0;
}

gboolean web_gate_has_session(const WebGate *gate, const char *cookie)
{
    if (cookie == NULL)
        return FALSE;
    gboolean found = FALSE;
    g_auto(GStrv) pairs = g_strsplit(cookie, ";", 0);
    for (char **pair = pairs; *pair != NULL; pair++) {
        const char *text = g_strstrip(*pair);
        if (g_str_has_prefix(text, COOKIE_NAME "="))
            found |= web_secret_equal(gate->session, text + strlen(COOKIE_NAME "="));
    }
    return found;
}

static gboolean take_token(WebGate *gate, const char *token)
{
    if (gate->token == NULL || token == NULL || !web_secret_equal(gate->token, token))
        return FALSE;
    g_clear_pointer(&gate->token, g_free);
    return TRUE;
}

WebVerdict web_gate_judge(WebGate *gate, const WebRequest *request)
{
    if (!web_gate_is_our_host(gate, request->host))
        return WEB_WRONG_HOST;
    /* browsers always send it for a WebSocket, and programs that speak for nobody else can */
    if ((request->upgrades && request->origin == NULL) ||
        (request->origin != NULL && !web_gate_is_our_origin(gate, request->host, request->origin)))
        return WEB_WRONG_ORIGIN;
    if (!g_str_equal(request->method, "GET"))
        return WEB_WRONG_METHOD;
    if (!g_str_has_prefix(request->path, gate->prefix))
        return WEB_WRONG_PATH;
    if (web_gate_has_session(gate, request->cookie))
        return WEB_ADMITTED;
    /* only for the page itself */
    if (!request->upgrades && g_str_equal(request->path, gate->prefix) &&
        take_token(gate, request->token))
        return WEB_ADMITTED_BY_TOKEN;
    return WEB_NO_SESSION;
}
