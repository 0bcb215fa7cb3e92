/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The numbers of the RFB protocol: RFC 6143, and what the community added since, as
 * https://github.com/rfbproto/rfbproto/blob/master/rfbproto.rst registers it. All integers are
 * big endian on the wire, except pixels.
 */
#pragma once

#include <glib.h>

/* "RFB 003.008\n" */
#define RFB_VERSION_BYTES 12

typedef enum {
    RFB_SECURITY_INVALID = 0,
    RFB_SECURITY_NONE = 1,
    RFB_SECURITY_VNC = 2,
    RFB_SECURITY_VENCRYPT = 19,
} RfbSecurityType;

typedef enum {
    RFB_VENCRYPT_X509_NONE = 260,
    RFB_VENCRYPT_X509_VNC = 261,
    RFB_VENCRYPT_X509_PLAIN = 262,
} RfbVencryptType;

typedef enum {
    RFB_RESULT_OK = 0,
    RFB_RESULT_FAILED = 1,
} RfbSecurityResult;

/* What a client says. */
typedef enum {
    RFB_CLIENT_SET_PIXEL_FORMAT = 0,
    RFB_CLIENT_SET_ENCODINGS = 2,
    RFB_CLIENT_UPDATE_REQUEST = 3,
    RFB_CLIENT_KEY = 4,
    RFB_CLIENT_POINTER = 5,
    RFB_CLIENT_CUT_TEXT = 6,
    RFB_CLIENT_CONTINUOUS_UPDATES = 150,
    RFB_CLIENT_FENCE = 248,
    RFB_CLIENT_XVP = 250,
    RFB_CLIENT_SET_DESKTOP_SIZE = 251,
    RFB_CLIENT_QEMU = 255,
} RfbClientType;

typedef enum {
    RFB_QEMU_KEY = 0,
    RFB_QEMU_AUDIO = 1,
} RfbQemuType;

/* What a server says. */
typedef enum {
    RFB_SERVER_UPDATE = 0,
    RFB_SERVER_COLOUR_MAP = 1,
    RFB_SERVER_BELL = 2,
    RFB_SERVER_CUT_TEXT = 3,
    RFB_SERVER_END_OF_CONTINUOUS_UPDATES = 150,
    RFB_SERVER_FENCE = 248,
} RfbServerType;

typedef enum {
    RFB_ENCODING_RAW = 0,
    RFB_ENCODING_COPY_RECT = 1,
    RFB_ENCODING_HEXTILE = 5,
    RFB_ENCODING_ZLIB = 6,
    RFB_ENCODING_TIGHT = 7,
    RFB_ENCODING_ZRLE = 16,
    RFB_ENCODING_H264 = 50,
    /* what is no picture but a thing the client can do */
    RFB_ENCODING_JPEG_QUALITY_0 = -32, /* to -23: quality 9 */
    RFB_ENCODING_JPEG_QUALITY_9 = -23,
    RFB_ENCODING_DESKTOP_SIZE = -223,
    RFB_ENCODING_LAST_RECT = -224,
    RFB_ENCODING_CURSOR = -239,
    RFB_ENCODING_X_CURSOR = -240,
    RFB_ENCODING_COMPRESSION_0 = -256, /* to -247: level 9 */
    RFB_ENCODING_COMPRESSION_9 = -247,
    RFB_ENCODING_QEMU_POINTER_MOTION = -257,
    RFB_ENCODING_QEMU_KEY = -258,
    RFB_ENCODING_QEMU_AUDIO = -259,
    RFB_ENCODING_TIGHT_PNG = -260,
    RFB_ENCODING_LED_STATE = -261,
    RFB_ENCODING_DESKTOP_NAME = -307,
    RFB_ENCODING_EXTENDED_DESKTOP_SIZE = -308,
    RFB_ENCODING_XVP = -309,
    RFB_ENCODING_FENCE = -312,
    RFB_ENCODING_CONTINUOUS_UPDATES = -313,
    RFB_ENCODING_CURSOR_ALPHA = -314,
    RFB_ENCODING_EXTENDED_MOUSE_BUTTONS = -316,
} RfbEncoding;

/* Fence's flags; a fence of a client asks, one without RFB_FENCE_REQUEST answers. */
#define RFB_FENCE_BLOCK_BEFORE (1u << 0)
#define RFB_FENCE_BLOCK_AFTER (1u << 1)
#define RFB_FENCE_SYNC_NEXT (1u << 2)
#define RFB_FENCE_REQUEST (1u << 31)
#define RFB_FENCE_BYTES 64 /* the longest payload */

/* ExtendedDesktopSize: who wanted the new size (x of the rectangle), and what came of it (y). */
typedef enum {
    RFB_RESIZE_BY_SERVER = 0,
    RFB_RESIZE_BY_THIS_CLIENT = 1,
    RFB_RESIZE_BY_OTHER_CLIENT = 2,
} RfbResizeReason;

typedef enum {
    RFB_RESIZE_DONE = 0,
    RFB_RESIZE_PROHIBITED = 1,
    RFB_RESIZE_OUT_OF_RESOURCES = 2,
    RFB_RESIZE_INVALID_LAYOUT = 3,
    RFB_RESIZE_FORWARDED = 4, /* the guest was asked; it may come */
} RfbResizeStatus;

static inline guint16 rfb_get16(const guint8 *bytes)
{
    return (guint16)(bytes[0] << 8 | bytes[1]);
}

static inline guint32 rfb_get32(const guint8 *bytes)
{
    return (guint32)rfb_get16(bytes) << 16 | rfb_get16(bytes + 2);
}

static inline void rfb_put16(guint8 *bytes, guint value)
{
    bytes[0] = (guint8)(value >> 8);
    bytes[1] = (guint8)value;
}

static inline void rfb_put32(guint8 *bytes, guint32 value)
{
    rfb_put16(bytes, value >> 16);
    rfb_put16(bytes + 2, value & 0xffff);
}
