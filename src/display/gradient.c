/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/gradient.h"

#include <string.h>

/* At once: loops of a fixed length over bytes become vectors of whatever size the machine has. */
#define BLOCK 16
#define BLOCK_BYTES (BLOCK * 4)
/* To judge by: */
#define SAMPLE_ROWS 16
#define SMALL 8
#define SMALL_BITS 10
#define COPY_BITS 14
#define COLOUR_BITS 22
#define RGB 0xffffff

/*
 * What pixels are beyond the guess; the fourth byte of each means nothing. The step from the upper
 * left to above is added where it goes up and taken away where it goes down, at most to the end of
 * a byte: that is the guess, and it fits in bytes all the way.
 */
static inline void filter_block(const guint8 *row, const guint8 *above, guint8 *restrict ret_bytes)
{
    for (int i = 0; i < BLOCK_BYTES; i++) {
        guint8 left = row[i - 4], upper = above[i], corner = above[i - 4];
        guint8 up = (guint8)(MAX(upper, corner) - corner);
        guint8 down = (guint8)(MAX(upper, corner) - upper);
        guint8 room = (guint8)~left;
        guint8 raised = (guint8)(left + MIN(up, room));
        guint8 guess = (guint8)(raised - MIN(raised, down));
        ret_bytes[i] = (guint8)(row[i] - guess);
    }
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

/* A byte too much, which the next pixel overwrites. */
static inline void store_block(const guint8 *pixels, guint8 *ret_bytes)
{
    for (int i = 0; i < BLOCK; i++) {
        guint32 pixel;
        memcpy(&pixel, pixels + i * 4, sizeof pixel);
        pixel = GUINT32_TO_BE(pixel << 8);
        memcpy(ret_bytes + i * 3, &pixel, sizeof pixel);
    }
}

static void filter_row(const guint32 *row, const guint32 *above, int width, guint8 *ret_bytes)
{
    int x = 1;
    store(filter_pixel(row[0], 0, above[0], 0), ret_bytes);
    for (; x + BLOCK < width; x += BLOCK) {
        guint8 pixels[BLOCK_BYTES];
        filter_block((const guint8 *)(row + x), (const guint8 *)(above + x), pixels);
        store_block(pixels, ret_bytes + (gsize)x * 3);
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

/* About how many bits a pixel takes, packed: nothing, a little, or all of it beside the guess. */
static guint guessed_bits(guint32 beside)
{
    for (int shift = 0; shift < 24; shift += 8)
        if ((((beside >> shift) + SMALL) & 255) > 2 * SMALL)
            return COLOUR_BITS;
    return beside == 0 ? 1 : SMALL_BITS;
}

gboolean gradient_pays(const Frame *frame, Rect rect)
{
    gsize guessed = 0, copied = 0;
    for (int y = rect.y + 1; y < rect.y + rect.height; y += SAMPLE_ROWS) {
        const guint32 *row = frame_row(frame, y) + rect.x;
        const guint32 *above = frame_row(frame, y - 1) + rect.x;
        gboolean along = FALSE, down = FALSE; /* the copy that goes on, of the left or from above */
        for (int x = 1; x < rect.width; x++) {
            gboolean as_left = ((row[x] ^ row[x - 1]) & RGB) == 0;
            gboolean as_above = ((row[x] ^ above[x]) & RGB) == 0;
            along = along && as_left;
            down = down && as_above;
            if (!along && !down) {
                along = as_left;
                down = as_above;
                copied += along || down ? COPY_BITS : COLOUR_BITS;
            }
            guessed += guessed_bits(filter_pixel(row[x], row[x - 1], above[x], above[x - 1]));
        }
    }
    return guessed < copied;
}
