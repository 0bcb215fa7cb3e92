/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Who may come in to our web server. Anybody on this machine can connect to a port of loopback, and
 * any page in the user's browser can make that browser do so. So:
 *
 *   - the address holds a token, of which the first use makes a session, and which is void then;
 *   - the session is a cookie that no script reads and no other site sends. A cookie goes to every
 *     port of a host (RFC 6265, 8.5), where other users' servers may be, but only to paths below
 * its own: all of ours lie below a prefix that nobody can guess;
 *   - Host must be a name that is ours, so that no other name can be bent to our address (DNS
 *     rebinding), and Origin, where there is one, must be the same.
 *
 * Pure, but for the token's end and the random bytes in the beginning.
 */
#pragma once

#include <glib.h>

typedef struct WebGate WebGate;

/*
 * @scheme: "http" or "https". @port: where we listen. @names: host names besides "localhost" that
 * are ours, NULL-terminated, may be NULL; an address in figures needs no name. NULL with @error
 * set when the kernel has no random bytes.
 */
WebGate *web_gate_new(const char *scheme, guint16 port, const char *const *names, GError **error);
void web_gate_free(WebGate *gate);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebGate, web_gate_free)

/* Begins and ends with a slash. Borrowed. */
const char *web_gate_prefix(const WebGate *gate);

/* What to put behind the prefix, with which the first who comes is let in: "?token=...". Owned. */
char *web_gate_invitation(const WebGate *gate);

/* The value of Set-Cookie for who was let in by the token. Owned. */
char *web_gate_cookie(const WebGate *gate);

/* What the headers and the address say, as they came; NULL: absent. */
typedef struct {
    const char *method;
    const char *host;
    const char *origin;
    const char *cookie;
    const char *path;  /* without %XX */
    const char *token; /* of the query */
    gboolean upgrades; /* it wants a WebSocket */
} WebRequest;

typedef enum {
    WEB_ADMITTED,
    WEB_ADMITTED_BY_TOKEN, /* which is void from now on: send it the cookie */
    WEB_WRONG_METHOD,
    WEB_WRONG_HOST,
    WEB_WRONG_ORIGIN,
    WEB_WRONG_PATH,
    WEB_NO_SESSION, /* none, or that of another server, or the token is void */
} WebVerdict;

/* Judges; only with WEB_ADMITTED_BY_TOKEN does it change anything. */
WebVerdict web_gate_judge(WebGate *gate, const WebRequest *request);

/* Parts of the judgement, for their tests. */
gboolean web_gate_is_our_host(const WebGate *gate, const char *host);
gboolean web_gate_is_our_origin(const WebGate *gate, const char *host, const char *origin);
gboolean web_gate_has_session(const WebGate *gate, const char *cookie);

/* Whether two texts are equal, in a time that tells nothing but their lengths. */
gboolean web_secret_equal(const char *ours, const char *theirs);
