/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How a viewer wants its pixels (RFC 6143, 7.4). */
#pragma once

#include <glib.h>

typedef struct {
    guint8 bits; /* of a pixel: 8, 16, 32 */
    guint8 depth;
    guint8 big_endian;
    guint8 true_colour; /* always 1: colour maps are refused */
    guint16 red_max, green_max, blue_max;
    guint8 red_shift, green_shift, blue_shift;
} PixelFormat;

#define PIXEL_FORMAT_WIRE_BYTES 16

/* 0xXXRRGGBB in this machine's byte order: what a Frame holds, sent as it is. */
extern const PixelFormat pixel_format_native;

/* FALSE with @error set for a format no viewer can mean: other bits, colours that overlap. */
gboolean pixel_format_read(const guint8 wire[PIXEL_FORMAT_WIRE_BYTES], PixelFormat *ret_format,
                           GError **error);
void pixel_format_write(const PixelFormat *format, guint8 ret_wire[PIXEL_FORMAT_WIRE_BYTES]);
gboolean pixel_format_equal(const PixelFormat *a, const PixelFormat *b);

/* Bytes of a TPIXEL or CPIXEL (3 where 24 bits of 32 say all), else of a PIXEL. */
guint pixel_format_compact_bytes(const PixelFormat *format, gboolean tight);

/* Converts @n pixels, bits / 8 bytes each, to @ret_bytes. */
void pixel_format_convert(const PixelFormat *format, const guint32 *pixels, gsize n,
                          guint8 *ret_bytes);

/* The same as TPIXELs or CPIXELs, pixel_format_compact_bytes() each. */
void pixel_format_convert_compact(const PixelFormat *format, gboolean tight, const guint32 *pixels,
                                  gsize n, guint8 *ret_bytes);
