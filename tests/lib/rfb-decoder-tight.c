/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tight, as rfbproto describes it. */
#include <string.h>
#include <turbojpeg.h>

#include "base/error.h"
#include "tests/lib/rfb-decoder-parts.h"

static gboolean is_tpixel(const PixelFormat *format)
{
    return format->bits == 32 && format->depth == 24 && format->red_max == 255 &&
           format->green_max == 255 && format->blue_max == 255;
}

static guint tight_bytes(const RfbDecoder *decoder)
{
    return is_tpixel(&decoder->format) ? 3 : decoder->format.bits / 8;
}

static guint32 tight_pixel(const RfbDecoder *decoder, const guint8 *at)
{
    return is_tpixel(&decoder->format)
               ? (guint32)(at[0] << 16 | at[1] << 8 | at[2])
               : decoder_pixel(&decoder->format, at, decoder->format.bits / 8);
}

/* Exactly @size bytes of stream @stream, from all of @packed; NULL with @error set. */
static guint8 *unpack(RfbDecoder *decoder, guint stream, const guint8 *packed, gsize n, gsize size,
                      GError **error)
{
    z_stream *zlib = &decoder->streams[stream];
    g_autofree guint8 *plain = g_malloc(size + 1);
    zlib->next_in = (guint8 *)packed;
    zlib->avail_in = (uInt)n;
    zlib->next_out = plain;
    zlib->avail_out = (uInt)size + 1;
    int result = inflate(zlib, Z_SYNC_FLUSH);
    if ((result == Z_OK || result == Z_BUF_ERROR) && zlib->avail_in == 0 && zlib->avail_out == 1)
        return g_steal_pointer(&plain);
    error_set(error, VGPUCTL_ERROR_INVALID,
              "stream %u: %s: %u bytes left over, %u of %" G_GSIZE_FORMAT " missing", stream,
              zlib->msg != NULL ? zlib->msg : "no message", zlib->avail_in, zlib->avail_out - 1,
              size);
    return NULL;
}

static gsize take_length(Reader *reader)
{
    gsize length = 0;
    for (guint i = 0; i < 3; i++) {
        guint32 byte = decoder_number(reader, 1);
        length |= (gsize)(i < 2 ? byte & 127 : byte) << 7 * i;
        if ((byte & 128) == 0)
            break;
    }
    return length;
}

static void draw_fill(RfbDecoder *decoder, Reader *reader, Rect rect)
{
    const guint8 *at = decoder_take(reader, tight_bytes(decoder));
    for (int y = 0; at != NULL && y < rect.height; y++)
        for (int x = 0; x < rect.width; x++)
            decoder_row(decoder, rect, y)[x] = tight_pixel(decoder, at);
    decoder->count.fills += at != NULL;
}

static gboolean draw_jpeg(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error)
{
    gsize length = take_length(reader);
    const guint8 *at = decoder_take(reader, length);
    if (at == NULL)
        return TRUE;
    if (decoder->format.bits == 8)
        return error_set(error, VGPUCTL_ERROR_INVALID, "a JPEG for pixels of 8 bits");
    tjhandle jpeg = tjInitDecompress();
    int width = 0, height = 0, samples = 0, space = 0;
    int order = G_BYTE_ORDER == G_LITTLE_ENDIAN ? TJPF_BGRX : TJPF_XRGB;
    gboolean good = tjDecompressHeader3(jpeg, at, length, &width, &height, &samples, &space) == 0 &&
                    width == rect.width && height == rect.height &&
                    tjDecompress2(jpeg, at, length, (guint8 *)decoder_row(decoder, rect, 0), width,
                                  decoder->width * 4, height, order, 0) == 0;
    if (!good)
        error_set(error, VGPUCTL_ERROR_INVALID, "a JPEG of %d x %d: %s", width, height,
                  tjGetErrorStr2(jpeg));
    tjDestroy(jpeg);
    for (int y = 0; good && y < rect.height; y++)
        for (int x = 0; x < rect.width; x++)
            decoder_row(decoder, rect, y)[x] &= 0xffffff;
    decoder->count.jpegs++;
    return good;
}

/* What goes through a stream: @size bytes, fewer than 12 of them as they are. */
static gboolean take_plain(RfbDecoder *decoder, Reader *reader, guint control, gsize size,
                           guint8 **ret_plain, GError **error)
{
    *ret_plain = NULL;
    if (size < 12) {
        const guint8 *at = decoder_take(reader, size);
        *ret_plain = at != NULL ? g_memdup2(at, size) : NULL;
        return TRUE;
    }
    gsize length = take_length(reader);
    const guint8 *at = decoder_take(reader, length);
    if (at == NULL)
        return TRUE;
    *ret_plain = unpack(decoder, control >> 4 & 3, at, length, size, error);
    return *ret_plain != NULL;
}

static gboolean draw_palette(RfbDecoder *decoder, Reader *reader, Rect rect, guint control,
                             GError **error)
{
    guint n = decoder_number(reader, 1) + 1, bytes = tight_bytes(decoder);
    const guint8 *colours = decoder_take(reader, (gsize)n * bytes);
    gsize row = n == 2 ? ((gsize)rect.width + 7) / 8 : (gsize)rect.width;
    g_autofree guint8 *plain = NULL;
    if (!take_plain(decoder, reader, control, row * (gsize)rect.height, &plain, error))
        return FALSE;
    for (int y = 0; plain != NULL && y < rect.height; y++) {
        const guint8 *at = plain + (gsize)y * row;
        for (int x = 0; x < rect.width; x++) {
            guint place = n == 2 ? at[x / 8] >> (7 - x % 8) & 1 : at[x];
            if (place >= n)
                return error_set(error, VGPUCTL_ERROR_INVALID, "colour %u of %u", place, n);
            decoder_row(decoder, rect, y)[x] = tight_pixel(decoder, colours + place * bytes);
        }
    }
    decoder->count.palettes += plain != NULL;
    return TRUE;
}

static guint colour_at(RfbDecoder *decoder, Rect rect, int x, int y, int shift)
{
    return x < 0 || y < 0 ? 0 : decoder_row(decoder, rect, y)[x] >> shift & 255;
}

static void add_gradient(RfbDecoder *decoder, Rect rect, const guint8 *at)
{
    for (int y = 0; y < rect.height; y++)
        for (int x = 0; x < rect.width; x++) {
            guint32 pixel = 0;
            for (int shift = 16; shift >= 0; shift -= 8) {
                int guess = (int)colour_at(decoder, rect, x - 1, y, shift) +
                            (int)colour_at(decoder, rect, x, y - 1, shift) -
                            (int)colour_at(decoder, rect, x - 1, y - 1, shift);
                pixel |= (((guint32)CLAMP(guess, 0, 255) + *at++) & 255) << shift;
            }
            decoder_row(decoder, rect, y)[x] = pixel;
        }
}

static gboolean draw_whole(RfbDecoder *decoder, Reader *reader, Rect rect, guint control,
                           gboolean gradient, GError **error)
{
    guint bytes = tight_bytes(decoder);
    g_autofree guint8 *plain = NULL;
    if (gradient && bytes != 3)
        return error_set(error, VGPUCTL_ERROR_INVALID, "a gradient of other than 3 bytes a pixel");
    if (!take_plain(decoder, reader, control, (gsize)rect.width * (gsize)rect.height * bytes,
                    &plain, error))
        return FALSE;
    if (plain == NULL)
        return TRUE;
    const guint8 *at = plain;
    if (gradient)
        add_gradient(decoder, rect, at);
    for (int y = 0; !gradient && y < rect.height; y++)
        for (int x = 0; x < rect.width; x++, at += bytes)
            decoder_row(decoder, rect, y)[x] = tight_pixel(decoder, at);
    *(gradient ? &decoder->count.gradients : &decoder->count.wholes) += 1;
    return TRUE;
}

gboolean decoder_tight(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error)
{
    guint control = decoder_number(reader, 1), filter = 0;
    if (rect.width > 2048)
        return error_set(error, VGPUCTL_ERROR_INVALID, "%d pixels wide", rect.width);
    for (guint i = 0; i < TIGHT_STREAMS; i++)
        if ((control >> i & 1) != 0)
            inflateReset(&decoder->streams[i]);
    if (control >> 4 == 8) {
        draw_fill(decoder, reader, rect);
        return TRUE;
    }
    if (control >> 4 == 9)
        return draw_jpeg(decoder, reader, rect, error);
    if (control >> 4 > 7)
        return error_set(error, VGPUCTL_ERROR_INVALID, "control byte 0x%x", control);
    if ((control & 0x40) != 0)
        filter = decoder_number(reader, 1);
    if (filter > 2)
        return error_set(error, VGPUCTL_ERROR_INVALID, "filter %u", filter);
    return filter == 1 ? draw_palette(decoder, reader, rect, control, error)
                       : draw_whole(decoder, reader, rect, control, filter == 2, error);
}
