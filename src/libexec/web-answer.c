/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-answer.h"

#include <string.h>

#define SOCKETS "vnc/"
#define REFUSAL_PAGE "refused.html"

/*
 * Scripts and styles from our files only. noVNC decodes JPEG by data: addresses and draws its
 * cursor by one; it starts no workers and loads nothing else.
 */
#define POLICY                                                                                     \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "              \
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
/* The page that says no is one file. */
#define REFUSAL_POLICY                                                                             \
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "         \
    "frame-ancestors 'none'"

static void set_headers(SoupServerMessage *message, const char *policy, const char *caching)
{
    const char *const headers[][2] = {
        { "Content-Security-Policy", policy },
        { "Cache-Control", caching },
        { "X-Content-Type-Options", "nosniff" },
        { "X-Frame-Options", "DENY" },
        { "Referrer-Policy", "no-referrer" },
        { "Cross-Origin-Opener-Policy", "same-origin" },
        { "Cross-Origin-Resource-Policy", "same-origin" },
    };
    SoupMessageHeaders *answer = soup_server_message_get_response_headers(message);
    for (gsize i = 0; i < G_N_ELEMENTS(headers); i++)
        soup_message_headers_replace(answer, headers[i][0], headers[i][1]);
}

static void set_body(SoupServerMessage *message, guint status, const char *type, GBytes *body)
{
    soup_server_message_set_status(message, status, NULL);
    soup_message_headers_set_content_type(soup_server_message_get_response_headers(message), type,
                                          NULL);
    soup_message_body_append_bytes(soup_server_message_get_response_body(message), body);
}

static void set_text(SoupServerMessage *message, guint status, const char *type, const char *text)
{
    g_autoptr(GBytes) body = g_bytes_new(text, strlen(text));
    set_body(message, status, type, body);
}

static void refuse(const WebSite *site, SoupServerMessage *message, WebVerdict verdict)
{
    set_headers(message, REFUSAL_POLICY, "no-store");
    /* strangers have one request for a connection, whose beginning web-stream.c looked at */
    soup_message_headers_replace(soup_server_message_get_response_headers(message), "Connection",
                                 "close");
    switch (verdict) {
    case WEB_WRONG_METHOD:
        set_text(message, SOUP_STATUS_METHOD_NOT_ALLOWED, "text/plain", "Only GET is known.\n");
        soup_message_headers_replace(soup_server_message_get_response_headers(message), "Allow",
                                     "GET");
        return;
    case WEB_WRONG_HOST:
        set_text(message, SOUP_STATUS_FORBIDDEN, "text/plain",
                 "This server does not go by that name: use the address as vgpuctl printed it.\n");
        return;
    case WEB_WRONG_ORIGIN:
        set_text(message, SOUP_STATUS_FORBIDDEN, "text/plain",
                 "Other sites may ask nothing here.\n");
        return;
    case WEB_WRONG_PATH:
        set_text(message, SOUP_STATUS_NOT_FOUND, "text/plain",
                 "There is nothing here: use the address as vgpuctl printed it.\n");
        return;
    default:
        break;
    }
    const WebPage *page = web_pages_find(site->pages, REFUSAL_PAGE);
    if (page != NULL)
        set_body(message, SOUP_STATUS_FORBIDDEN, page->type, page->content);
    else
        set_text(message, SOUP_STATUS_FORBIDDEN, "text/plain", "The address was used already.\n");
}

static void give_file(const WebSite *site, SoupServerMessage *message, const char *name)
{
    const WebPage *page = web_pages_find(site->pages, name);
    if (page == NULL) {
        set_headers(message, REFUSAL_POLICY, "no-store");
        set_text(message, SOUP_STATUS_NOT_FOUND, "text/plain", "There is no such file.\n");
        return;
    }
    /* the prefix is another one with the next server, so that nothing old is met again */
    set_headers(message, POLICY, *name == '\0' ? "no-store" : "private, max-age=86400");
    set_body(message, SOUP_STATUS_OK, page->type, page->content);
}

/* libsoup's answer to what is no handshake says why. */
static WebAnswer upgrade(SoupServerMessage *message)
{
    set_headers(message, REFUSAL_POLICY, "no-store");
    return soup_websocket_server_process_handshake(message, /* expected_origin= */ NULL,
                                                   /* protocols= */ NULL,
                                                   /* supported_extensions= */ NULL,
                                                   /* accepted_extensions= */ NULL)
               ? WEB_ANSWER_UPGRADE
               : WEB_ANSWER_DONE;
}

/* Behind the prefix. */
static WebAnswer give(const WebSite *site, SoupServerMessage *message, const char *name)
{
    if (g_str_has_prefix(name, SOCKETS))
        return upgrade(message);
    if (g_str_equal(name, "vms.json")) {
        g_autofree char *list = web_vms_for_page(site->vms);
        set_headers(message, REFUSAL_POLICY, "no-store");
        set_text(message, SOUP_STATUS_OK, "application/json", list);
    } else
        give_file(site, message, name);
    return WEB_ANSWER_DONE;
}

WebAnswer web_answer(const WebSite *site, SoupServerMessage *message, const char *path,
                     GHashTable *query)
{
    SoupMessageHeaders *headers = soup_server_message_get_request_headers(message);
    const WebRequest request = {
        .method = soup_server_message_get_method(message),
        /* twice the same header is one with a comma, which is no host */
        .host = soup_message_headers_get_list(headers, "Host"),
        .origin = soup_message_headers_get_list(headers, "Origin"),
        .cookie = soup_message_headers_get_list(headers, "Cookie"),
        .path = path,
        .token = query != NULL ? g_hash_table_lookup(query, "token") : NULL,
        .upgrades = soup_message_headers_get_list(headers, "Upgrade") != NULL,
    };
    WebVerdict verdict = web_gate_judge(site->gate, &request);
    if (verdict != WEB_ADMITTED && verdict != WEB_ADMITTED_BY_TOKEN) {
        refuse(site, message, verdict);
        return WEB_ANSWER_DONE;
    }
    if (verdict == WEB_ADMITTED_BY_TOKEN) {
        g_autofree char *cookie = web_gate_cookie(site->gate);
        soup_message_headers_append(soup_server_message_get_response_headers(message), "Set-Cookie",
                                    cookie);
    }
    return give(site, message, path + strlen(web_gate_prefix(site->gate)));
}

char *web_answer_vm(const WebSite *site, SoupServerMessage *message)
{
    g_autofree char *path =
        g_uri_unescape_string(g_uri_get_path(soup_server_message_get_uri(message)), NULL);
    g_autofree char *before = g_strconcat(web_gate_prefix(site->gate), SOCKETS, NULL);
    if (path == NULL || !g_str_has_prefix(path, before))
        return NULL;
    return g_strdup(path + strlen(before));
}
