/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pixel-format.h"

#include <string.h>

#include "base/error.h"

const PixelFormat pixel_format_native = {
    .bits = 32,
    .depth = 24,
    .big_endian = G_BYTE_ORDER == G_BIG_ENDIAN,
    .true_colour = 1,
    .red_max = 255,
    .green_max = 255,
    .blue_max = 255,
    .red_shift = 16,
    .green_shift = 8,
    .blue_shift = 0,
};

/* The bits of a colour, of which only this many least significant ones may be set. */
static guint width_of(guint max)
{
    return g_bit_storage(max);
}

static guint64 mask_of(guint max, guint shift)
{
    return (guint64)max << shift;
}

static gboolean colours_fit(const PixelFormat *format)
{
    const guint max[] = { format->red_max, format->green_max, format->blue_max };
    const guint shift[] = { format->red_shift, format->green_shift, format->blue_shift };
    guint64 taken = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(max); i++) {
        if (max[i] == 0 || (max[i] & (max[i] + 1)) != 0 ||
            shift[i] + width_of(max[i]) > format->bits || (taken & mask_of(max[i], shift[i])) != 0)
            return FALSE;
        taken |= mask_of(max[i], shift[i]);
    }
    return TRUE;
}

gboolean pixel_format_read(const guint8 wire[PIXEL_FORMAT_WIRE_BYTES], PixelFormat *ret_format,
                           GError **error)
{
    PixelFormat format = {
        .bits = wire[0],
        .depth = wire[1],
        .big_endian = wire[2] != 0,
        .true_colour = wire[3] != 0,
        .red_max = (guint16)(wire[4] << 8 | wire[5]),
        .green_max = (guint16)(wire[6] << 8 | wire[7]),
        .blue_max = (guint16)(wire[8] << 8 | wire[9]),
        .red_shift = wire[10],
        .green_shift = wire[11],
        .blue_shift = wire[12],
    };
    if (!format.true_colour)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "the viewer asks for a colour map, which we do not serve: set it to true "
                         "colour");
    if ((format.bits != 8 && format.bits != 16 && format.bits != 32) || !colours_fit(&format))
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "the viewer asks for impossible pixels: %u bits, red %u << %u, green "
                         "%u << %u, blue %u << %u",
                         format.bits, format.red_max, format.red_shift, format.green_max,
                         format.green_shift, format.blue_max, format.blue_shift);
    *ret_format = format;
    return TRUE;
}

void pixel_format_write(const PixelFormat *format, guint8 ret_wire[PIXEL_FORMAT_WIRE_BYTES])
{
    const guint8 wire[PIXEL_FORMAT_WIRE_BYTES] = {
        format->bits,
        format->depth,
        format->big_endian ? 1 : 0,
        format->true_colour ? 1 : 0,
        (guint8)(format->red_max >> 8),
        (guint8)format->red_max,
        (guint8)(format->green_max >> 8),
        (guint8)format->green_max,
        (guint8)(format->blue_max >> 8),
        (guint8)format->blue_max,
        format->red_shift,
        format->green_shift,
        format->blue_shift,
    };
    memcpy(ret_wire, wire, sizeof wire);
}

gboolean pixel_format_equal(const PixelFormat *a, const PixelFormat *b)
{
    guint8 wire_a[PIXEL_FORMAT_WIRE_BYTES], wire_b[PIXEL_FORMAT_WIRE_BYTES];
    pixel_format_write(a, wire_a);
    pixel_format_write(b, wire_b);
    return memcmp(wire_a, wire_b, sizeof wire_a) == 0;
}

static gboolean has_bytes(const PixelFormat *format)
{
    return format->bits == 32 && format->red_max == 255 && format->green_max == 255 &&
           format->blue_max == 255;
}

static gboolean fits(const PixelFormat *format, guint64 bits)
{
    guint64 used = mask_of(format->red_max, format->red_shift) |
                   mask_of(format->green_max, format->green_shift) |
                   mask_of(format->blue_max, format->blue_shift);
    return (used & ~bits) == 0;
}

/* RFC 6143, 7.7.5: colours in the lower three bytes of a pixel, or in the upper three. */
static gboolean is_low(const PixelFormat *format)
{
    return fits(format, 0xffffff);
}

guint pixel_format_compact_bytes(const PixelFormat *format, gboolean tight)
{
    gboolean compact = tight ? has_bytes(format) && format->depth == 24
                             : format->bits == 32 && format->depth <= 24 &&
                                   (is_low(format) || fits(format, 0xffffff00));
    return compact ? 3 : format->bits / 8;
}

/* A colour of 8 bits with as many bits as @max has: the most significant ones, repeated. */
static inline guint32 scale(guint32 colour, guint width)
{
    return width <= 8 ? colour >> (8 - width) : colour << (width - 8) | colour >> (16 - width);
}

typedef struct {
    guint red_width, green_width, blue_width;
} Widths;

static inline guint32 convert(const PixelFormat *format, Widths widths, guint32 pixel)
{
    return scale(pixel >> 16 & 255, widths.red_width) << format->red_shift |
           scale(pixel >> 8 & 255, widths.green_width) << format->green_shift |
           scale(pixel & 255, widths.blue_width) << format->blue_shift;
}

/* Loops of their own, without a decision in them, for what viewers ask for. */
static void convert_bytes(const PixelFormat *format, gboolean swap, const guint32 *pixels, gsize n,
                          guint8 *ret_bytes)
{
    const guint red = format->red_shift, green = format->green_shift, blue = format->blue_shift;
    for (gsize i = 0; i < n; i++) {
        guint32 pixel = (pixels[i] >> 16 & 255) << red | (pixels[i] >> 8 & 255) << green |
                        (pixels[i] & 255) << blue;
        if (swap)
            pixel = GUINT32_SWAP_LE_BE(pixel);
        memcpy(ret_bytes + i * 4, &pixel, 4);
    }
}

static void convert_any(const PixelFormat *format, gboolean swap, const guint32 *pixels, gsize n,
                        guint8 *ret_bytes)
{
    const Widths widths = { width_of(format->red_max), width_of(format->green_max),
                            width_of(format->blue_max) };
    for (gsize i = 0; i < n; i++) {
        guint32 pixel = convert(format, widths, pixels[i]);
        guint16 half = (guint16)pixel;
        if (format->bits == 32) {
            pixel = swap ? GUINT32_SWAP_LE_BE(pixel) : pixel;
            memcpy(ret_bytes + i * 4, &pixel, 4);
        } else if (format->bits == 16) {
            half = swap ? GUINT16_SWAP_LE_BE(half) : half;
            memcpy(ret_bytes + i * 2, &half, 2);
        } else {
            ret_bytes[i] = (guint8)pixel;
        }
    }
}

void pixel_format_convert(const PixelFormat *format, const guint32 *pixels, gsize n,
                          guint8 *ret_bytes)
{
    gboolean swap = !!format->big_endian != (G_BYTE_ORDER == G_BIG_ENDIAN);
    if (!has_bytes(format))
        convert_any(format, swap, pixels, n, ret_bytes);
    else if (!swap && format->red_shift == 16 && format->green_shift == 8 &&
             format->blue_shift == 0)
        memcpy(ret_bytes, pixels, n * 4);
    else
        convert_bytes(format, swap, pixels, n, ret_bytes);
}

/* Red, green, blue, whatever the viewer's order is: so says Tight. */
static void convert_tpixels(const guint32 *pixels, gsize n, guint8 *ret_bytes)
{
    gsize i = 0;
    for (; i + 1 < n; i++) { /* the fourth byte is the next pixel's first */
        guint32 bytes = GUINT32_TO_BE(pixels[i] << 8);
        memcpy(ret_bytes + i * 3, &bytes, 4);
    }
    if (i < n) {
        guint32 bytes = GUINT32_TO_BE(pixels[i] << 8);
        memcpy(ret_bytes + i * 3, &bytes, 3);
    }
}

static void convert_cpixels(const PixelFormat *format, const guint32 *pixels, gsize n,
                            guint8 *ret_bytes)
{
    gboolean skip_first = is_low(format) == !!format->big_endian;
    for (gsize i = 0; i < n; i++) {
        guint8 bytes[4];
        pixel_format_convert(format, &pixels[i], 1, bytes);
        memcpy(ret_bytes + i * 3, bytes + (skip_first ? 1 : 0), 3);
    }
}

/* What nearly all viewers ask for: blue, green, red. */
static void convert_native_cpixels(const guint32 *pixels, gsize n, guint8 *ret_bytes)
{
    for (gsize i = 0; i < n; i++) {
        ret_bytes[i * 3] = (guint8)pixels[i];
        ret_bytes[i * 3 + 1] = (guint8)(pixels[i] >> 8);
        ret_bytes[i * 3 + 2] = (guint8)(pixels[i] >> 16);
    }
}

void pixel_format_convert_compact(const PixelFormat *format, gboolean tight, const guint32 *pixels,
                                  gsize n, guint8 *ret_bytes)
{
    if (pixel_format_compact_bytes(format, tight) != 3)
        pixel_format_convert(format, pixels, n, ret_bytes);
    else if (tight)
        convert_tpixels(pixels, n, ret_bytes);
    else if (has_bytes(format) && !format->big_endian && format->red_shift == 16 &&
             format->green_shift == 8 && format->blue_shift == 0)
        convert_native_cpixels(pixels, n, ret_bytes);
    else
        convert_cpixels(format, pixels, n, ret_bytes);
}
