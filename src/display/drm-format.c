/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/drm-format.h"

#include <string.h>

/* drm_fourcc.h: four letters, the first in the lowest byte */
#define FOURCC(a, b, c, d)                                                                         \
    ((guint32)(a) | (guint32)(b) << 8 | (guint32)(c) << 16 | (guint32)(d) << 24)

/* Names say the order from the highest bit of a little-endian word down. */
typedef enum { ORDER_RGB888, ORDER_BGR888, ORDER_RGB565, ORDER_RGB30, ORDER_BGR30 } Order;

typedef struct {
    guint32 format;
    Order order;
    guint bytes;
} Format;

static const Format formats[] = {
    { FOURCC('X', 'R', '2', '4'), ORDER_RGB888, 4 },
    { FOURCC('A', 'R', '2', '4'), ORDER_RGB888, 4 },
    { FOURCC('X', 'B', '2', '4'), ORDER_BGR888, 4 },
    { FOURCC('A', 'B', '2', '4'), ORDER_BGR888, 4 },
    { FOURCC('R', 'G', '1', '6'), ORDER_RGB565, 2 },
    { FOURCC('X', 'R', '3', '0'), ORDER_RGB30, 4 },
    { FOURCC('A', 'R', '3', '0'), ORDER_RGB30, 4 },
    { FOURCC('X', 'B', '3', '0'), ORDER_BGR30, 4 },
    { FOURCC('A', 'B', '3', '0'), ORDER_BGR30, 4 },
};

static const Format *find(guint32 format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (formats[i].format == format)
            return &formats[i];
    return NULL;
}

guint drm_format_bytes(guint32 format)
{
    const Format *found = find(format);
    return found != NULL ? found->bytes : 0;
}

gboolean drm_format_is_native(guint32 format)
{
    const Format *found = find(format);
    return found != NULL && found->order == ORDER_RGB888 && G_BYTE_ORDER == G_LITTLE_ENDIAN;
}

static guint32 swap_red_blue(guint32 pixel)
{
    return (pixel & 0xff00ff00) | (pixel >> 16 & 0xff) | (pixel & 0xff) << 16;
}

static guint32 from_565(guint32 pixel)
{
    guint32 red = pixel >> 11 & 31, green = pixel >> 5 & 63, blue = pixel & 31;
    return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2);
}

static guint32 from_30(guint32 pixel)
{
    return (pixel >> 22 & 0xff) << 16 | (pixel >> 12 & 0xff) << 8 | (pixel >> 2 & 0xff);
}

static guint32 word_at(const guint8 *bytes)
{
    guint32 word;
    memcpy(&word, bytes, sizeof word);
    return GUINT32_FROM_LE(word);
}

static guint32 half_at(const guint8 *bytes)
{
    guint16 half;
    memcpy(&half, bytes, sizeof half);
    return GUINT16_FROM_LE(half);
}

/* A loop for each order, so that the compiler makes vectors of it. */
gboolean drm_format_convert_row(guint32 format, const guint8 *row, guint32 width,
                                guint32 *ret_pixels)
{
    const Format *found = find(format);
    if (found == NULL)
        return FALSE;
    switch (found->order) {
    case ORDER_RGB888:
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = word_at(row + (gsize)x * 4);
        break;
    case ORDER_BGR888:
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = swap_red_blue(word_at(row + (gsize)x * 4));
        break;
    case ORDER_RGB565:
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = from_565(half_at(row + (gsize)x * 2));
        break;
    case ORDER_RGB30:
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = from_30(word_at(row + (gsize)x * 4));
        break;
    case ORDER_BGR30:
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = swap_red_blue(from_30(word_at(row + (gsize)x * 4)));
        break;
    }
    return TRUE;
}

char *drm_format_name(guint32 format)
{
    char text[5] = { 0 };
    for (guint i = 0; i < 4; i++) {
        text[i] = (char)(format >> (8 * i));
        if (!g_ascii_isprint(text[i]))
            return g_strdup_printf("0x%x", format);
    }
    return g_strdup(text);
}
