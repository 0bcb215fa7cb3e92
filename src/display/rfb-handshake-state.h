/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the handshake share: rfb-handshake.c and rfb-vencrypt.c. */
#pragma once

#include "base/error.h"
#include "display/rfb-handshake.h"
#include "display/rfb-wire.h"

#define HANDSHAKE_NAME_LIMIT 256 /* X509Plain: of a user, and of a password */

typedef void (*HandshakeStep)(RfbHandshake *handshake);

struct RfbHandshake {
    RfbHandshakeSpec spec;
    RfbHandshakeDone done; /* NULL: freed, waiting for what GIO still has in work */
    gpointer userdata;
    guint references;  /* of the owner, and one for what GIO has in work */
    GIOStream *stream; /* owned: the connection, later TLS on it */
    GCancellable *cancellable;
    int minor; /* of the version, 3, 7 or 8 */
    GByteArray *out;
    guint8 in[2 * HANDSHAKE_NAME_LIMIT];
    gsize wanted;       /* bytes of it */
    HandshakeStep next; /* when they are there */
    HandshakeStep after_tls;
    guint8 challenge[RFB_CHALLENGE_BYTES];
    gsize user_length, password_length;
};

/* Has @next called when all that was put is sent and exactly @n more bytes are in handshake->in. */
void handshake_ask(RfbHandshake *handshake, gsize n, HandshakeStep next);

/* To be sent by the next handshake_ask(). */
void handshake_put(RfbHandshake *handshake, const void *bytes, gsize n);
void handshake_put8(RfbHandshake *handshake, guint8 value);
void handshake_put32(RfbHandshake *handshake, guint32 value);
void handshake_put_text(RfbHandshake *handshake, const char *text);

/* SecurityResult, bad with @reason; then @next. */
void handshake_give_result(RfbHandshake *handshake, const char *reason, HandshakeStep next);

/* The ends: a step; with a text; with an error, or NULL for a good end. */
void handshake_let_in(RfbHandshake *handshake);
void handshake_fail(RfbHandshake *handshake, VgpuctlError code, const char *text);
void handshake_finish(RfbHandshake *handshake, const GError *reason);

/* To be called first when GIO has done something, which had a reference: FALSE when that is the
 * end. @failure is taken over. handshake_unref() when all is done otherwise. */
gboolean handshake_resume(RfbHandshake *handshake, gboolean good, GError *failure);
void handshake_unref(RfbHandshake *handshake);

/* Security type VeNCrypt, from the choice to SecurityResult (rfb-vencrypt.c). */
void handshake_start_vencrypt(RfbHandshake *handshake);
