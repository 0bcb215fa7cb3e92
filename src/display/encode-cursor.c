/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode-cursor.h"

#include <string.h>

#include "display/rfb-wire.h"

static const Cursor hidden;

static guint8 *append_space(GByteArray *out, gsize size)
{
    guint before = out->len;
    g_byte_array_set_size(out, before + (guint)size);
    return out->data + before;
}

static void append_header(const Cursor *cursor, gint32 encoding, GByteArray *out)
{
    guint8 *header = append_space(out, 12);
    rfb_put16(header, (guint)cursor->hot_x);
    rfb_put16(header + 2, (guint)cursor->hot_y);
    rfb_put16(header + 4, (guint)cursor->width);
    rfb_put16(header + 6, (guint)cursor->height);
    rfb_put32(header + 8, (guint32)encoding);
}

/* One bit a pixel, the leftmost the highest, rows of whole bytes. */
static void append_mask(const Cursor *cursor, GByteArray *out)
{
    gsize row_bytes = ((gsize)cursor->width + 7) / 8;
    guint8 *mask = append_space(out, row_bytes * (gsize)cursor->height);
    memset(mask, 0, row_bytes * (gsize)cursor->height);
    for (int y = 0; y < cursor->height; y++) {
        for (int x = 0; x < cursor->width; x++) {
            if (cursor->pixels[y * cursor->width + x] >> 24 >= 0x80)
                mask[(gsize)y * row_bytes + (gsize)x / 8] |= (guint8)(0x80 >> x % 8);
        }
    }
}

void encode_cursor(const Cursor *cursor, const PixelFormat *format, GByteArray *out)
{
    const Cursor *shown = cursor != NULL ? cursor : &hidden;
    gsize n = (gsize)shown->width * (gsize)shown->height;
    append_header(shown, RFB_ENCODING_CURSOR, out);
    if (n == 0)
        return;
    pixel_format_convert(format, shown->pixels, n, append_space(out, n * format->bits / 8));
    append_mask(shown, out);
}

static guint8 multiplied(guint32 colour, guint32 alpha)
{
    return (guint8)(((colour & 0xff) * alpha + 127) / 255);
}

void encode_cursor_alpha(const Cursor *cursor, GByteArray *out)
{
    const Cursor *shown = cursor != NULL ? cursor : &hidden;
    gsize n = (gsize)shown->width * (gsize)shown->height;
    append_header(shown, RFB_ENCODING_CURSOR_ALPHA, out);
    rfb_put32(append_space(out, 4), RFB_ENCODING_RAW);
    guint8 *bytes = append_space(out, n * 4);
    for (gsize i = 0; i < n; i++, bytes += 4) {
        guint32 pixel = shown->pixels[i], alpha = pixel >> 24;
        bytes[0] = multiplied(pixel >> 16, alpha);
        bytes[1] = multiplied(pixel >> 8, alpha);
        bytes[2] = multiplied(pixel, alpha);
        bytes[3] = (guint8)alpha;
    }
}
