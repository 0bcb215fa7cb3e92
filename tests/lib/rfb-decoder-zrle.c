/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ZRLE (RFC 6143, 7.7.6). */
#include <string.h>

#include "base/error.h"
#include "tests/lib/rfb-decoder-parts.h"

#define TILE 64

/* RFC 6143, 7.7.5: which three bytes of four a CPIXEL has; 0: all. */
static guint cpixel_unused_shift(const PixelFormat *format)
{
    guint64 used = (guint64)format->red_max << format->red_shift |
                   (guint64)format->green_max << format->green_shift |
                   (guint64)format->blue_max << format->blue_shift;
    if (format->bits != 32 || format->depth > 24)
        return 0;
    return used < 1 << 24 ? 24 : (used & 255) == 0 ? 8 : 0;
}

static guint zrle_bytes(const RfbDecoder *decoder)
{
    return cpixel_unused_shift(&decoder->format) != 0 ? 3 : decoder->format.bits / 8;
}

static guint32 zrle_pixel(const RfbDecoder *decoder, const guint8 *at)
{
    const PixelFormat *format = &decoder->format;
    guint unused = cpixel_unused_shift(format);
    guint8 whole[4] = { 0 };
    if (unused == 0)
        return decoder_pixel(format, at, format->bits / 8);
    memcpy(whole + ((unused == 24) == !!format->big_endian ? 1 : 0), at, 3);
    return decoder_pixel(format, whole, 4);
}

static guint64 take_run(Reader *reader)
{
    guint64 run = 1;
    guint32 byte;
    do {
        byte = decoder_number(reader, 1);
        run += byte;
    } while (byte == 255 && !reader->failed);
    return run;
}

static gboolean draw_run(RfbDecoder *decoder, Rect tile, int *at, guint64 run, guint32 pixel)
{
    if (run > (guint64)(tile.width * tile.height - *at))
        return FALSE;
    for (; run > 0; run--, (*at)++)
        decoder_row(decoder, tile, *at / tile.width)[*at % tile.width] = pixel;
    return TRUE;
}

static gboolean draw_runs(RfbDecoder *decoder, Reader *reader, Rect tile, const guint32 *palette,
                          guint n)
{
    for (int at = 0; at < tile.width * tile.height;) {
        guint32 pixel;
        guint64 run = 1;
        if (n > 0) {
            guint32 place = decoder_number(reader, 1);
            if ((place & 127) >= n)
                return FALSE;
            pixel = palette[place & 127];
            run = (place & 128) != 0 ? take_run(reader) : 1;
        } else {
            const guint8 *bytes = decoder_take(reader, zrle_bytes(decoder));
            pixel = bytes != NULL ? zrle_pixel(decoder, bytes) : 0;
            run = take_run(reader);
        }
        if (reader->failed || !draw_run(decoder, tile, &at, run, pixel))
            return FALSE;
    }
    return TRUE;
}

static gboolean draw_packed(RfbDecoder *decoder, Reader *reader, Rect tile, const guint32 *palette,
                            guint n)
{
    guint bits = n == 2 ? 1 : n <= 4 ? 2 : 4;
    for (int y = 0; y < tile.height; y++) {
        const guint8 *row = decoder_take(reader, ((gsize)tile.width * bits + 7) / 8);
        for (guint x = 0; row != NULL && x < (guint)tile.width; x++) {
            guint place = row[x * bits / 8] >> (8 - bits - x * bits % 8) & ((1U << bits) - 1);
            if (place >= n)
                return FALSE;
            decoder_row(decoder, tile, y)[x] = palette[place];
        }
    }
    return !reader->failed;
}

static gboolean draw_tile(RfbDecoder *decoder, Reader *reader, Rect tile)
{
    guint kind = decoder_number(reader, 1), bytes = zrle_bytes(decoder);
    guint n = kind & 127;
    guint32 palette[128];
    if ((kind > 16 && kind < 128) || kind == 129)
        return FALSE;
    for (guint i = 0; i < n; i++) {
        const guint8 *at = decoder_take(reader, bytes);
        palette[i] = at != NULL ? zrle_pixel(decoder, at) : 0;
    }
    if (kind >= 128)
        return draw_runs(decoder, reader, tile, palette, n);
    if (kind > 1)
        return draw_packed(decoder, reader, tile, palette, n);
    for (int y = 0; y < tile.height; y++)
        for (int x = 0; x < tile.width; x++) {
            const guint8 *at = kind == 0 ? decoder_take(reader, bytes) : NULL;
            decoder_row(decoder, tile, y)[x] = at != NULL ? zrle_pixel(decoder, at) : palette[0];
            if (reader->failed)
                return FALSE;
        }
    return !reader->failed;
}

/* Its size is not said: inflates until the input is used up. */
static GByteArray *unpack_all(z_stream *zlib, const guint8 *packed, gsize n)
{
    GByteArray *plain = g_byte_array_new();
    zlib->next_in = (guint8 *)packed;
    zlib->avail_in = (uInt)n;
    int result;
    do {
        guint before = plain->len;
        g_byte_array_set_size(plain, before + 65536);
        zlib->next_out = plain->data + before;
        zlib->avail_out = 65536;
        result = inflate(zlib, Z_SYNC_FLUSH);
        g_byte_array_set_size(plain, before + 65536 - zlib->avail_out);
    } while (result == Z_OK && (zlib->avail_in > 0 || zlib->avail_out == 0));
    return plain;
}

gboolean decoder_zrle(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error)
{
    gsize length = decoder_number(reader, 4);
    const guint8 *at = decoder_take(reader, length);
    if (at == NULL)
        return TRUE;
    z_stream *zlib = &decoder->streams[ZRLE_STREAM];
    g_autoptr(GByteArray) plain = unpack_all(zlib, at, length);
    Reader inner = { plain->data, plain->len, FALSE };
    for (int y = 0; y < rect.height; y += TILE)
        for (int x = 0; x < rect.width; x += TILE)
            if (!draw_tile(decoder, &inner,
                           (Rect){ rect.x + x, rect.y + y, MIN(TILE, rect.width - x),
                                   MIN(TILE, rect.height - y) }))
                return error_set(error, VGPUCTL_ERROR_INVALID, "the tile at %d,%d: %s", x, y,
                                 zlib->msg != NULL ? zlib->msg : "wrong or cut short");
    if (inner.left > 0 || zlib->avail_in > 0)
        return error_set(error, VGPUCTL_ERROR_INVALID, "%" G_GSIZE_FORMAT " bytes too many",
                         inner.left + zlib->avail_in);
    decoder->count.zrle++;
    return TRUE;
}
