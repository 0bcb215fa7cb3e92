/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pixman-format.h"

#include <string.h>

/* PIXMAN_TYPE_*: the order of the colours, from the highest bit of the word down */
enum { TYPE_ARGB = 2, TYPE_ABGR = 3, TYPE_BGRA = 8, TYPE_RGBA = 9 };

/* BGRA and RGBA fill the word from above, the others from below. */
static gboolean place(PixmanFormat *format, guint type, guint word)
{
    guint red = format->red.bits, green = format->green.bits, blue = format->blue.bits;
    if (red + green + blue > word)
        return FALSE;
    switch (type) {
    case TYPE_ARGB:
        format->green.shift = blue;
        format->red.shift = blue + green;
        return TRUE;
    case TYPE_ABGR:
        format->green.shift = red;
        format->blue.shift = red + green;
        return TRUE;
    case TYPE_BGRA:
        format->blue.shift = word - blue;
        format->green.shift = word - blue - green;
        format->red.shift = word - blue - green - red;
        return TRUE;
    case TYPE_RGBA:
        format->red.shift = word - red;
        format->green.shift = word - red - green;
        format->blue.shift = word - red - green - blue;
        return TRUE;
    default:
        return FALSE;
    }
}

gboolean pixman_format_read(guint32 number, PixmanFormat *ret_format)
{
    guint word = number >> 24, type = number >> 16 & 0xff;
    PixmanFormat format = { .bytes = word / 8,
                            .red.bits = number >> 8 & 15,
                            .green.bits = number >> 4 & 15,
                            .blue.bits = number & 15 };
    if ((word != 16 && word != 24 && word != 32) || format.red.bits == 0 ||
        format.green.bits == 0 || format.blue.bits == 0 || !place(&format, type, word))
        return FALSE;
    format.native = word == 32 && type == TYPE_ARGB && (number & 0xfff) == 0x888;
    *ret_format = format;
    return TRUE;
}

/* 8 bits of what has 1 to 15: the upper ones, repeated below where there are fewer. */
static guint32 channel(guint32 word, guint shift, guint bits)
{
    guint32 value = word >> shift & ((1u << bits) - 1);
    if (bits >= 8)
        return value >> (bits - 8);
    guint32 wide = 0;
    for (int left = 8; left > 0; left -= (int)bits)
        wide |= left >= (int)bits ? value << (left - (int)bits) : value >> ((int)bits - left);
    return wide;
}

static guint32 word_at(const guint8 *from, guint bytes)
{
    guint32 word = 0;
    guint16 half;
    switch (bytes) {
    case 4:
        memcpy(&word, from, sizeof word);
        return word;
    case 2:
        memcpy(&half, from, sizeof half);
        return half;
    default:
        memcpy((guint8 *)&word + (G_BYTE_ORDER == G_BIG_ENDIAN ? 1 : 0), from, 3);
        return word;
    }
}

void pixman_format_convert(const PixmanFormat *format, const guint8 *from, gsize n,
                           guint32 *ret_pixels)
{
    if (format->native) {
        memcpy(ret_pixels, from, n * sizeof *ret_pixels);
        return;
    }
    for (gsize i = 0; i < n; i++) {
        guint32 word = word_at(from + i * format->bytes, format->bytes);
        ret_pixels[i] = channel(word, format->red.shift, format->red.bits) << 16 |
                        channel(word, format->green.shift, format->green.bits) << 8 |
                        channel(word, format->blue.shift, format->blue.bits);
    }
}
