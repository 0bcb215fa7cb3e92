/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Formats of pixels by the numbers QEMU's D-Bus display gives them: pixman_format_code_t. A number
 * says all there is to know (pixman.h, PIXMAN_FORMAT): bits of a pixel, order, bits of each colour.
 */
#pragma once

#include <glib.h>

#define PIXMAN_X8R8G8B8 0x20020888u

typedef struct {
    guint bytes; /* of a pixel: 2, 3, 4 */
    struct {
        guint shift, bits;
    } red, green, blue; /* in a word of the machine's byte order */
    gboolean native;    /* what a Frame holds, to be taken as it is */
} PixmanFormat;

/* FALSE for a number that is none, or of a kind QEMU does not draw on (palettes, YUV). */
gboolean pixman_format_read(guint32 number, PixmanFormat *ret_format);

/* Converts @n pixels to 0xXXRRGGBB in the machine's byte order. */
void pixman_format_convert(const PixmanFormat *format, const guint8 *from, gsize n,
                           guint32 *ret_pixels);
