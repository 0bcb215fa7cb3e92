/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a viewer says after the handshake, out of the bytes it sends: RFC 6143, 7.5, and the
 * extensions rfb-wire.h names. Pure: no input and output, no memory of its own. Bytes may come in
 * any pieces. Nothing is believed: a number that would make us keep much is an error.
 */
#pragma once

#include "display/rfb-wire.h"

/* No message that is kept is longer: who has a buffer of this size can take every one. */
#define RFB_MESSAGE_BYTES 4224

typedef enum {
    RFB_MESSAGE_NOTHING, /* of no use to us, skipped: sound, xvp, ExtendedClipboard */
    RFB_MESSAGE_PIXEL_FORMAT,
    RFB_MESSAGE_ENCODINGS,
    RFB_MESSAGE_UPDATE_REQUEST,
    RFB_MESSAGE_KEY,
    RFB_MESSAGE_POINTER,
    RFB_MESSAGE_CONTINUOUS_UPDATES,
    RFB_MESSAGE_FENCE,
    RFB_MESSAGE_RESIZE,
    RFB_MESSAGE_TEXT, /* a part of what was copied: texts are told as they come */
} RfbMessageKind;

/* Pointers are to the bytes that were parsed. */
typedef struct {
    RfbMessageKind kind;
    union {
        const guint8 *pixel_format; /* for pixel_format_read() */
        struct {
            const guint8 *wire; /* rfb_message_encoding() */
            guint count;
        } encodings; /* in the viewer's order of preference */
        struct {
            gboolean incremental;
            guint16 x, y, width, height;
        } update_request;
        struct {
            gboolean down;
            guint32 keysym; /* 0: none */
            guint qnum;     /* QEMU's number, as InputClass.key has it; 0: the viewer knows none */
        } key;
        struct {
            guint16 x, y;
            guint mask; /* bit 0 left, 1 middle, 2 right, 3 to 6 wheel up, down, left, right,
                           7 back, 8 forward */
        } pointer;
        struct {
            gboolean enable;
            guint16 x, y, width, height;
        } continuous;
        struct {
            guint32 flags;
            guint8 length;
            const guint8 *payload;
        } fence;
        struct {
            guint16 width, height;
            guint screens;
            guint32 screen_id, screen_flags; /* of the first one */
        } resize;                            /* SetDesktopSize */
        struct {
            const guint8 *bytes; /* Latin-1 */
            guint length;
            guint32 left; /* bytes of the same text that follow; 0: it is complete */
        } text;           /* ClientCutText */
    };
} RfbMessage;

/* What the parser knows of one viewer; begins zeroed. */
typedef struct {
    /* Set when ExtendedMouseButtons was offered to a viewer that knows it: bit 7 of the mask then
     * says that there is a second byte. */
    gboolean extended_pointer;
    /* the parser's own: bytes still to come of what is not kept, and whether it is a text */
    guint32 skip;
    gboolean is_text;
} RfbParser;

/*
 * The message that @bytes begin with. Returns how many of them it used, with the message in
 * @ret_message; 0 when the message is not complete; -1 with @error set (VGPUCTL_ERROR_INVALID, it
 * names the message) when the viewer breaks the protocol: no later byte means anything then.
 */
gssize rfb_message_parse(RfbParser *parser, const guint8 *bytes, gsize size,
                         RfbMessage *ret_message, GError **error);

/* Encoding number @index < encodings.count. */
gint32 rfb_message_encoding(const RfbMessage *message, guint index);
