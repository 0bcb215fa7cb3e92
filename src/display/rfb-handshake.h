/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What comes before ClientInit: versions 3.3, 3.7 and 3.8 of RFB (RFC 6143, 7.1 and appendix A),
 * security type None, or VeNCrypt 0.2 with X509Vnc and X509Plain. All in the main context, a read
 * or write at a time; only the TLS handshake itself is done by a thread of GIO's. There is no limit
 * of time in it: rfb_handshake_free() ends it at any moment.
 */
#pragma once

#include "display/rfb-password.h"
#include "display/rfb-server.h"

typedef struct {
    const RfbSecurity *security; /* NULL or certificate NULL: None */
    RfbTries *tries;             /* with a password only */
    const char *place;           /* for tries: where the viewer comes from */
    const char *refusal;         /* not NULL: nobody is let in, this is why */
} RfbHandshakeSpec;

typedef struct RfbHandshake RfbHandshake;

/*
 * @stream: the next thing the viewer sends on it is ClientInit; owned by the callee. NULL, with
 * @reason: it came to nothing, the viewer has been told why if it can be told.
 */
typedef void (*RfbHandshakeDone)(RfbHandshake *handshake, GIOStream *stream, const GError *reason,
                                 gpointer userdata);

/*
 * Begins. @connection and what @spec points to are borrowed until it is freed, which @done, called
 * once, may do.
 */
RfbHandshake *rfb_handshake_new(const RfbHandshakeSpec *spec, GSocketConnection *connection,
                                RfbHandshakeDone done, gpointer userdata);
void rfb_handshake_free(RfbHandshake *handshake);
