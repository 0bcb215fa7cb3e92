/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/rfb-decoder.h"

#include <string.h>

#include "base/error.h"
#include "tests/lib/rfb-decoder-parts.h"

RfbDecoder *rfb_decoder_new(int width, int height, const PixelFormat *format,
                            const guint32 **ret_pixels)
{
    RfbDecoder *decoder = g_new0(RfbDecoder, 1);
    decoder->width = width;
    decoder->height = height;
    decoder->format = *format;
    decoder->pixels = g_new0(guint32, (gsize)width * (gsize)height);
    for (guint i = 0; i < STREAMS; i++)
        g_assert_cmpint(inflateInit(&decoder->streams[i]), ==, Z_OK);
    *ret_pixels = decoder->pixels;
    return decoder;
}

void rfb_decoder_resize(RfbDecoder *decoder, int width, int height, const guint32 **ret_pixels)
{
    g_free(decoder->pixels);
    decoder->width = width;
    decoder->height = height;
    decoder->pixels = g_new0(guint32, (gsize)width * (gsize)height);
    *ret_pixels = decoder->pixels;
}

void rfb_decoder_set_format(RfbDecoder *decoder, const PixelFormat *format)
{
    decoder->format = *format;
}

void rfb_decoder_free(RfbDecoder *decoder)
{
    if (decoder == NULL)
        return;
    for (guint i = 0; i < STREAMS; i++)
        inflateEnd(&decoder->streams[i]);
    g_free(decoder->pixels);
    g_free(decoder);
}

RfbDecoded rfb_decoder_count(const RfbDecoder *decoder)
{
    return decoder->count;
}

const guint8 *decoder_take(Reader *reader, gsize n)
{
    if (reader->failed || reader->left < n) {
        reader->failed = TRUE;
        return NULL;
    }
    const guint8 *at = reader->at;
    reader->at += n;
    reader->left -= n;
    return at;
}

guint32 decoder_number(Reader *reader, gsize n)
{
    const guint8 *at = decoder_take(reader, n);
    guint32 number = 0;
    for (gsize i = 0; at != NULL && i < n; i++)
        number = number << 8 | at[i];
    return number;
}

static guint32 widen(guint32 colour, guint max)
{
    return (colour * 255 + max / 2) / max;
}

guint32 decoder_pixel(const PixelFormat *format, const guint8 *at, guint n)
{
    guint32 pixel = 0;
    for (guint i = 0; i < n; i++)
        pixel |= (guint32)at[i] << 8 * (format->big_endian ? n - 1 - i : i);
    return widen(pixel >> format->red_shift & format->red_max, format->red_max) << 16 |
           widen(pixel >> format->green_shift & format->green_max, format->green_max) << 8 |
           widen(pixel >> format->blue_shift & format->blue_max, format->blue_max);
}

guint32 *decoder_row(RfbDecoder *decoder, Rect rect, int y)
{
    return decoder->pixels + (gsize)(rect.y + y) * (gsize)decoder->width + rect.x;
}

static gboolean decode_raw(RfbDecoder *decoder, Reader *reader, Rect rect)
{
    guint bytes = decoder->format.bits / 8;
    const guint8 *at = decoder_take(reader, (gsize)rect.width * (gsize)rect.height * bytes);
    for (int y = 0; at != NULL && y < rect.height; y++)
        for (int x = 0; x < rect.width; x++, at += bytes)
            decoder_row(decoder, rect, y)[x] = decoder_pixel(&decoder->format, at, bytes);
    decoder->count.raw += at != NULL;
    return TRUE;
}

static gboolean decode_copy(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error)
{
    Rect from = { (int)decoder_number(reader, 2), (int)decoder_number(reader, 2), rect.width,
                  rect.height };
    if (reader->failed)
        return TRUE;
    if (from.x + from.width > decoder->width || from.y + from.height > decoder->height)
        return error_set(error, VGPUCTL_ERROR_INVALID, "a copy from beyond the picture");
    for (int i = 0; i < rect.height; i++) {
        int y = from.y < rect.y ? rect.height - 1 - i : i;
        memmove(decoder_row(decoder, rect, y), decoder_row(decoder, from, y),
                (gsize)rect.width * 4);
    }
    decoder->count.copies++;
    return TRUE;
}

static gboolean decode(RfbDecoder *decoder, Reader *reader, Rect rect, gint32 kind, GError **error)
{
    switch (kind) {
    case 0:
        return decode_raw(decoder, reader, rect);
    case 1:
        return decode_copy(decoder, reader, rect, error);
    case 7:
        return decoder_tight(decoder, reader, rect, error);
    case 16:
        return decoder_zrle(decoder, reader, rect, error);
    default:
        return error_set(error, VGPUCTL_ERROR_INVALID, "not an encoding that is known");
    }
}

gssize rfb_decode(RfbDecoder *decoder, const guint8 *bytes, gsize n, Rect *ret_rect, GError **error)
{
    Reader reader = { bytes, n, FALSE };
    Rect rect = { 0 };
    rect.x = (int)decoder_number(&reader, 2);
    rect.y = (int)decoder_number(&reader, 2);
    rect.width = (int)decoder_number(&reader, 2);
    rect.height = (int)decoder_number(&reader, 2);
    gint32 kind = (gint32)decoder_number(&reader, 4);
    if (reader.failed)
        return 0;
    gboolean good = rect.width > 0 && rect.height > 0 && rect.x + rect.width <= decoder->width &&
                    rect.y + rect.height <= decoder->height;
    if (!good)
        error_set(error, VGPUCTL_ERROR_INVALID, "it is empty or reaches beyond the picture");
    if (!good || !decode(decoder, &reader, rect, kind, error)) {
        g_prefix_error(error, "rectangle %d,%d %d x %d of encoding %d: ", rect.x, rect.y,
                       rect.width, rect.height, kind);
        return -1;
    }
    *ret_rect = rect;
    return reader.failed ? 0 : (gssize)(n - reader.left);
}
