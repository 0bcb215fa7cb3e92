/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What differs between two frames of one size, in tiles of SCREEN_TILE pixels: a byte a tile, row
 * by row, 1 where it differs. The X byte of pixels is nobody's news.
 */
#pragma once

#include "display/screen.h"

/* How many tiles a side of @pixels has. */
static inline int damage_tiles(int pixels)
{
    return (pixels + SCREEN_TILE - 1) / SCREEN_TILE;
}

/*
 * Compares @before and @after within @areas and sets the bytes of tiles that differ in @tiles, of
 * damage_tiles(width) x damage_tiles(height); those that are set are not looked at. Returns how
 * many it has set.
 */
guint damage_find(const Frame *before, const Frame *after, const Rect *areas, guint n_areas,
                  guint8 *tiles);

/* Whether the frames show the same in @area, which lies within them. */
gboolean damage_is_equal(const Frame *before, const Frame *after, Rect area);

/* Whether two rows of @count pixels show the same. */
gboolean damage_pixels_equal(const guint32 *a, const guint32 *b, int count);

/*
 * Appends the tiles that are set as few Rect: runs of a row of tiles, joined with those of the same
 * width below. They do not overlap, are in reading order and end with the picture.
 */
void damage_to_rects(const guint8 *tiles, int width, int height, GArray *rects);
