/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile viewer may say. For any bytes: messages within the bytes that came, none that is
 * longer than a viewer's buffer, and how the bytes are cut into reads changes nothing.
 */
#include "fuzz.h"

#include <glib.h>
#include <string.h>

#include "display/rfb-message.h"

/* Sums up everything a message says; a pointer behind the bytes is seen by the sanitizers. */
static guint32 digest(const RfbMessage *message)
{
    guint32 sum = message->kind;
    switch (message->kind) {
    case RFB_MESSAGE_PIXEL_FORMAT:
        for (guint i = 0; i < 16; i++)
            sum = sum * 31 + message->pixel_format[i];
        break;
    case RFB_MESSAGE_ENCODINGS:
        for (guint i = 0; i < message->encodings.count; i++)
            sum = sum * 31 + (guint32)rfb_message_encoding(message, i);
        break;
    case RFB_MESSAGE_FENCE:
        g_assert(message->fence.length <= RFB_FENCE_BYTES);
        for (guint i = 0; i < message->fence.length; i++)
            sum = sum * 31 + message->fence.payload[i];
        break;
    case RFB_MESSAGE_KEY:
        g_assert(message->key.qnum <= 0xff);
        sum = sum * 31 + message->key.keysym + message->key.qnum;
        break;
    case RFB_MESSAGE_POINTER:
        sum = sum * 31 + message->pointer.mask + message->pointer.x + message->pointer.y;
        break;
    default:
        break;
    }
    return sum;
}

/* Reads @piece bytes at a time. Of texts each byte counts, as they come in pieces. */
static guint32 run(gboolean extended, gsize piece, const uint8_t *data, size_t size)
{
    RfbParser parser = { .extended_pointer = extended };
    guint32 sum = 0;
    gsize start = 0, end = 0;
    for (;;) {
        RfbMessage message;
        g_autoptr(GError) error = NULL;
        g_autofree guint8 *copy = g_memdup2(data + start, end - start);
        gssize used = rfb_message_parse(&parser, copy, end - start, &message, &error);
        g_assert((used < 0) == (error != NULL));
        g_assert(used <= (gssize)(end - start));
        if (used < 0)
            return sum + g_str_hash(error->message);
        if (used == 0) {
            g_assert(end - start < RFB_MESSAGE_BYTES);
            if (end == size)
                return sum;
            end = MIN(end + piece, size);
            continue;
        }
        if (message.kind == RFB_MESSAGE_TEXT) {
            for (guint i = 0; i < message.text.length; i++)
                sum = sum * 31 + message.text.bytes[i];
        } else if (message.kind != RFB_MESSAGE_NOTHING) {
            g_assert(used <= RFB_MESSAGE_BYTES);
            sum = sum * 31 + digest(&message);
        }
        start += (gsize)used;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (int extended = 0; extended < 2; extended++) {
        guint32 whole = run(extended, MAX(size, 1), data, size);
        g_assert(run(extended, 7, data, size) == whole);
    }
    return 0;
}
