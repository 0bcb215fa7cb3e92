/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures for encoders to be tested with: each a function of a place. */
#pragma once

#include "display/frame.h"

typedef struct {
    const char *name;
    guint32 (*pixel)(int x, int y, guint32 noise); /* @noise: 32 random bits */
    gboolean is_photo;                             /* in part: what JPEG is made for */
} PictureKind;

static inline guint32 picture_solid(int x, int y, guint32 noise)
{
    return 0x123456;
}

static inline guint32 picture_mono(int x, int y, guint32 noise)
{
    return (x / 3 ^ y / 5) & 1 ? 0xffffff : 0x101010;
}

static inline guint32 picture_writing(int x, int y, guint32 noise)
{
    return y % 16 < 12 && noise % 4 == 0 ? 0x202020 + (noise >> 8) % 14 * 0x0f0f0f : 0xf8f8f8;
}

/* as many colours as a palette has, and one more farther down */
static inline guint32 picture_256(int x, int y, guint32 noise)
{
    return (guint32)((x * 7 + y * 13) % 256) * 0x010203 + (y > 70 && x == 3 ? 0x800000 : 0);
}

static inline guint32 picture_smooth(int x, int y, guint32 noise)
{
    return (guint32)(x * 255 / 700 & 255) << 16 | (guint32)(y * 255 / 500 & 255) << 8 |
           (guint32)((x + y) * 2 / 5 & 255);
}

static inline guint32 picture_photo(int x, int y, guint32 noise)
{
    return picture_smooth(x, y, 0) ^ (noise & 0x070707);
}

static inline guint32 picture_noise(int x, int y, guint32 noise)
{
    return noise & 0xffffff;
}

/* a desktop: empty, a window with writing, a photograph in it */
static inline guint32 picture_desktop(int x, int y, guint32 noise)
{
    if (x < 40 || y < 30 || x > 360 || y > 260)
        return 0x3a6ea5;
    if (y < 50)
        return picture_smooth(x * 4, 0, 0);
    return x > 200 && y > 100 ? picture_photo(x, y, noise) : picture_writing(x, y, noise);
}

static const PictureKind picture_kinds[] = {
    { "solid", picture_solid, FALSE },     { "mono", picture_mono, FALSE },
    { "writing", picture_writing, FALSE }, { "256 colours", picture_256, FALSE },
    { "smooth", picture_smooth, TRUE },    { "photo", picture_photo, TRUE },
    { "noise", picture_noise, FALSE },     { "desktop", picture_desktop, TRUE },
};

/* Rows are farther apart than they are long, and X bytes are set: neither may matter. */
static inline Frame *picture_new(const PictureKind *kind, int width, int height, guint32 seed)
{
    gsize stride = ((gsize)width + 5) * 4;
    guint32 *pixels = g_malloc(stride * (gsize)height);
    GRand *random = g_rand_new_with_seed(seed);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++) {
            guint32 noise = g_rand_int(random);
            pixels[(gsize)y * stride / 4 + (gsize)x] =
                (kind->pixel(x, y, noise) & 0xffffff) | (noise & 0xff000000);
        }
    g_rand_free(random);
    Frame *frame = frame_new_wrapped(width, height, stride, pixels, g_free, pixels, NULL);
    g_assert_nonnull(frame);
    return frame;
}
