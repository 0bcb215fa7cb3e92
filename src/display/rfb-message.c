/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-message.h"

#include "base/error.h"

#define ENCODINGS_LIMIT 1024       /* viewers list about thirty */
#define SCREENS_LIMIT 16           /* we have one; who has more windows is told so */
#define TEXT_LIMIT (16u << 20)     /* passes by, is never kept */
#define SCREEN_BYTES 16            /* of one screen in SetDesktopSize */
#define XVP_BYTES 4                /* we offer nobody to shut a machine down */
#define POINTER_EXTENDED (1u << 7) /* a second byte of buttons follows */

G_STATIC_ASSERT(4 + 4 * ENCODINGS_LIMIT <= RFB_MESSAGE_BYTES);
G_STATIC_ASSERT(8 + SCREEN_BYTES * SCREENS_LIMIT <= RFB_MESSAGE_BYTES);

gint32 rfb_message_encoding(const RfbMessage *message, guint index)
{
    g_assert(message->kind == RFB_MESSAGE_ENCODINGS && index < message->encodings.count);
    return (gint32)rfb_get32(message->encodings.wire + 4 * (gsize)index);
}

static gssize refuse(GError **error, const char *message, const char *why)
{
    error_set(error, VGPUCTL_ERROR_INVALID, "The viewer sends %s %s", message, why);
    return -1;
}

/* Messages of one size. */

static void parse_pixel_format(const guint8 *bytes, RfbMessage *ret)
{
    ret->kind = RFB_MESSAGE_PIXEL_FORMAT;
    ret->pixel_format = bytes + 4;
}

static void parse_update_request(const guint8 *bytes, RfbMessage *ret)
{
    ret->kind = RFB_MESSAGE_UPDATE_REQUEST;
    ret->update_request.incremental = bytes[1] != 0;
    ret->update_request.x = rfb_get16(bytes + 2);
    ret->update_request.y = rfb_get16(bytes + 4);
    ret->update_request.width = rfb_get16(bytes + 6);
    ret->update_request.height = rfb_get16(bytes + 8);
}

static void parse_key(const guint8 *bytes, RfbMessage *ret)
{
    ret->kind = RFB_MESSAGE_KEY;
    ret->key.down = bytes[1] != 0;
    ret->key.keysym = rfb_get32(bytes + 4);
}

static void parse_continuous_updates(const guint8 *bytes, RfbMessage *ret)
{
    ret->kind = RFB_MESSAGE_CONTINUOUS_UPDATES;
    ret->continuous.enable = bytes[1] != 0;
    ret->continuous.x = rfb_get16(bytes + 2);
    ret->continuous.y = rfb_get16(bytes + 4);
    ret->continuous.width = rfb_get16(bytes + 6);
    ret->continuous.height = rfb_get16(bytes + 8);
}

/* Messages that say themselves how long they are: 0 while that is not known. */

static gssize parse_encodings(const guint8 *bytes, gsize size, RfbMessage *ret, GError **error)
{
    if (size < 4)
        return 0;
    guint count = rfb_get16(bytes + 2);
    if (count > ENCODINGS_LIMIT)
        return refuse(error, "SetEncodings", "with more encodings than there are");
    if (size < 4 + 4 * (gsize)count)
        return 0;
    ret->kind = RFB_MESSAGE_ENCODINGS;
    ret->encodings.wire = bytes + 4;
    ret->encodings.count = count;
    return 4 + 4 * (gssize)count;
}

static gssize parse_pointer(gboolean extended, const guint8 *bytes, gsize size, RfbMessage *ret)
{
    extended = extended && size >= 2 && (bytes[1] & POINTER_EXTENDED) != 0;
    if (size < (extended ? 7 : 6))
        return 0;
    ret->kind = RFB_MESSAGE_POINTER;
    ret->pointer.mask = bytes[1];
    ret->pointer.x = rfb_get16(bytes + 2);
    ret->pointer.y = rfb_get16(bytes + 4);
    if (!extended)
        return 6;
    /* the marker's bit is the lowest of the second byte, so that both make one mask */
    ret->pointer.mask = (bytes[1] & ~POINTER_EXTENDED) | (guint)bytes[6] << 7;
    return 7;
}

/* Below zero the length is that of an ExtendedClipboard message, which has the same shape. */
static gssize parse_cut_text(RfbParser *parser, const guint8 *bytes, gsize size, GError **error)
{
    if (size < 8)
        return 0;
    guint32 length = rfb_get32(bytes + 4);
    parser->is_text = length <= G_MAXINT32;
    if (!parser->is_text)
        length = -length;
    if (length > TEXT_LIMIT)
        return refuse(error, "ClientCutText", "with more text than anybody copies");
    parser->skip = length;
    return 8;
}

static gssize parse_fence(const guint8 *bytes, gsize size, RfbMessage *ret, GError **error)
{
    if (size < 9)
        return 0;
    if (bytes[8] > RFB_FENCE_BYTES)
        return refuse(error, "ClientFence", "with more than 64 bytes");
    if (size < 9 + (gsize)bytes[8])
        return 0;
    ret->kind = RFB_MESSAGE_FENCE;
    ret->fence.flags = rfb_get32(bytes + 4);
    ret->fence.length = bytes[8];
    ret->fence.payload = bytes + 9;
    return 9 + bytes[8];
}

static gssize parse_resize(const guint8 *bytes, gsize size, RfbMessage *ret, GError **error)
{
    if (size < 8)
        return 0;
    guint screens = bytes[6];
    if (screens > SCREENS_LIMIT)
        return refuse(error, "SetDesktopSize", "with more screens than anybody has");
    if (size < 8 + SCREEN_BYTES * (gsize)screens)
        return 0;
    ret->kind = RFB_MESSAGE_RESIZE;
    ret->resize.width = rfb_get16(bytes + 2);
    ret->resize.height = rfb_get16(bytes + 4);
    ret->resize.screens = screens;
    if (screens > 0) {
        ret->resize.screen_id = rfb_get32(bytes + 8);
        ret->resize.screen_flags = rfb_get32(bytes + 20);
    }
    return 8 + SCREEN_BYTES * (gssize)screens;
}

static gssize parse_qemu_key(const guint8 *bytes, gsize size, RfbMessage *ret)
{
    if (size < 12)
        return 0;
    guint32 number = rfb_get32(bytes + 8);
    ret->kind = RFB_MESSAGE_KEY;
    ret->key.down = rfb_get16(bytes + 2) != 0;
    ret->key.keysym = rfb_get32(bytes + 4);
    ret->key.qnum = number <= 0xff ? number : 0;
    return 12;
}

/* Sound we never offered: the three messages are known by their length only. */
static gssize parse_qemu_audio(const guint8 *bytes, gsize size, GError **error)
{
    if (size < 4)
        return 0;
    guint operation = rfb_get16(bytes + 2);
    if (operation > 2)
        return refuse(error, "a QEMU audio message", "that nobody knows");
    gsize length = operation == 2 ? 10 : 4;
    return size < length ? 0 : (gssize)length;
}

static gssize parse_qemu(const guint8 *bytes, gsize size, RfbMessage *ret, GError **error)
{
    if (size < 2)
        return 0;
    switch (bytes[1]) {
    case RFB_QEMU_KEY:
        return parse_qemu_key(bytes, size, ret);
    case RFB_QEMU_AUDIO:
        return parse_qemu_audio(bytes, size, error);
    default:
        return refuse(error, "a QEMU message", "that nobody knows");
    }
}

static gssize parse_fixed(gsize length, void (*parse)(const guint8 *bytes, RfbMessage *ret),
                          const guint8 *bytes, gsize size, RfbMessage *ret)
{
    if (size < length)
        return 0;
    parse(bytes, ret);
    return (gssize)length;
}

static gssize skip(RfbParser *parser, const guint8 *bytes, gsize size, RfbMessage *ret)
{
    guint32 used = (guint32)MIN(size, parser->skip);
    parser->skip -= used;
    if (!parser->is_text)
        return used;
    ret->kind = RFB_MESSAGE_TEXT;
    ret->text.bytes = bytes;
    ret->text.length = used;
    ret->text.left = parser->skip;
    return used;
}

gssize rfb_message_parse(RfbParser *parser, const guint8 *bytes, gsize size,
                         RfbMessage *ret_message, GError **error)
{
    *ret_message = (RfbMessage){ .kind = RFB_MESSAGE_NOTHING };
    if (size == 0)
        return 0;
    if (parser->skip > 0)
        return skip(parser, bytes, size, ret_message);
    switch (bytes[0]) {
    case RFB_CLIENT_SET_PIXEL_FORMAT:
        return parse_fixed(20, parse_pixel_format, bytes, size, ret_message);
    case RFB_CLIENT_SET_ENCODINGS:
        return parse_encodings(bytes, size, ret_message, error);
    case RFB_CLIENT_UPDATE_REQUEST:
        return parse_fixed(10, parse_update_request, bytes, size, ret_message);
    case RFB_CLIENT_KEY:
        return parse_fixed(8, parse_key, bytes, size, ret_message);
    case RFB_CLIENT_POINTER:
        return parse_pointer(parser->extended_pointer, bytes, size, ret_message);
    case RFB_CLIENT_CUT_TEXT:
        return parse_cut_text(parser, bytes, size, error);
    case RFB_CLIENT_CONTINUOUS_UPDATES:
        return parse_fixed(10, parse_continuous_updates, bytes, size, ret_message);
    case RFB_CLIENT_FENCE:
        return parse_fence(bytes, size, ret_message, error);
    case RFB_CLIENT_XVP:
        return size < XVP_BYTES ? 0 : XVP_BYTES;
    case RFB_CLIENT_SET_DESKTOP_SIZE:
        return parse_resize(bytes, size, ret_message, error);
    case RFB_CLIENT_QEMU:
        return parse_qemu(bytes, size, ret_message, error);
    default:
        error_set(error, VGPUCTL_ERROR_INVALID, "The viewer sends a message of unknown type %u",
                  bytes[0]);
        return -1;
    }
}
