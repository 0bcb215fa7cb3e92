/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/gradient.h"

#include <string.h>

#define LANES                                                                                      \
    2 /* pixels at once: their halves fill a vector of 16 bytes, which all machines have */
#define SAMPLE_ROWS 8
#define RGB 0xffffff

typedef guint8 Bytes __attribute__((vector_size(LANES * 4)));
typedef gint16 Halves __attribute__((vector_size(LANES * 8)));

static inline Halves load(const guint32 *pixels)
{
    Bytes bytes;
    memcpy(&bytes, pixels, sizeof bytes);
    return __builtin_convertvector(bytes, Halves);
}

/* What pixels are beyond the guess; the fourth byte of each means nothing. */
static inline void filter_lanes(const guint32 *row, const guint32 *above, guint32 ret_pixels[LANES])
{
    Halves guess = load(row - 1) + load(above) - load(above - 1);
    guess &= guess > 0;
    Halves too_much = guess > 255;
    guess = (guess & ~too_much) | (too_much & 255);
    Bytes result = __builtin_convertvector(load(row) - guess, Bytes);
    memcpy(ret_pixels, &result, sizeof result);
}

static inline guint32 filter_pixel(guint32 pixel, guint32 left, guint32 above, guint32 upper_left)
{
    guint32 result = 0;
    for (int shift = 0; shift < 24; shift += 8) {
        int guess = (int)(left >> shift & 255) + (int)(above >> shift & 255) -
                    (int)(upper_left >> shift & 255);
        result |= (((pixel >> shift & 255) - (guint32)CLAMP(guess, 0, 255)) & 255) << shift;
    }
    return result;
}

static inline void store(guint32 pixel, guint8 *ret_bytes)
{
    ret_bytes[0] = (guint8)(pixel >> 16);
    ret_bytes[1] = (guint8)(pixel >> 8);
    ret_bytes[2] = (guint8)pixel;
}

/* A byte too much each, which the next pixel overwrites: so @ret_bytes needs one more. */
static inline void store_lanes(const guint32 pixels[LANES], guint8 *ret_bytes)
{
    for (int i = 0; i < LANES; i++) {
        guint32 bytes = GUINT32_TO_BE(pixels[i] << 8);
        memcpy(ret_bytes + i * 3, &bytes, sizeof bytes);
    }
}

static void filter_row(const guint32 *row, const guint32 *above, int width, guint8 *ret_bytes)
{
    int x = 1;
    store(filter_pixel(row[0], 0, above[0], 0), ret_bytes);
    for (; x + LANES < width; x += LANES) {
        guint32 pixels[LANES];
        filter_lanes(row + x, above + x, pixels);
        store_lanes(pixels, ret_bytes + (gsize)x * 3);
    }
    for (; x < width; x++)
        store(filter_pixel(row[x], row[x - 1], above[x], above[x - 1]), ret_bytes + (gsize)x * 3);
}

void gradient_filter(const Frame *frame, Rect rect, guint8 *ret_bytes)
{
    static const guint32 nothing[FRAME_SIDE_LIMIT];
    const guint32 *above = nothing;
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        const guint32 *row = frame_row(frame, y) + rect.x;
        filter_row(row, above, rect.width, ret_bytes);
        ret_bytes += (gsize)rect.width * 3;
        above = row;
    }
}

gboolean gradient_pays(const Frame *frame, Rect rect)
{
    gsize same = 0, seen = 0;
    for (int y = rect.y + 1; y < rect.y + rect.height; y += SAMPLE_ROWS) {
        const guint32 *row = frame_row(frame, y) + rect.x;
        const guint32 *above = frame_row(frame, y - 1) + rect.x;
        for (int x = 1; x < rect.width; x++)
            same += ((row[x] ^ row[x - 1]) & RGB) == 0 || ((row[x] ^ above[x]) & RGB) == 0;
        seen += (gsize)rect.width;
    }
    return same * 2 < seen;
}
