/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/damage.h"

#define COLOURS 0xffffffu

/*
 * GCC's vectors (clang has them, too): one instruction where the machine has such registers, a few
 * where not. Pixels in somebody else's memory are aligned as pixels only.
 */
typedef guint32 Vector __attribute__((vector_size(16), aligned(4), may_alias));
typedef guint64 Halves __attribute__((vector_size(16)));
#define LANES 4

/* No way out before the end: for a row of a tile that costs more than it saves. */
static inline gboolean pixels_differ(const guint32 *a, const guint32 *b, int count)
{
    Vector first = { 0 }, second = { 0 };
    guint32 rest = 0;
    int i = 0;
    for (; i + 2 * LANES <= count; i += 2 * LANES) {
        first |= *(const Vector *)&a[i] ^ *(const Vector *)&b[i];
        second |= *(const Vector *)&a[i + LANES] ^ *(const Vector *)&b[i + LANES];
    }
    for (; i < count; i++)
        rest |= a[i] ^ b[i];
    Halves halves = (Halves)((first | second) & COLOURS);
    return (halves[0] | halves[1] | (rest & COLOURS)) != 0;
}

/* The count of most tiles said as a constant, so that the compiler unrolls the loop. */
static inline gboolean tile_row_differs(const guint32 *a, const guint32 *b, int count)
{
    return count == SCREEN_TILE ? pixels_differ(a, b, SCREEN_TILE) : pixels_differ(a, b, count);
}

/*
 * @band: a part of one row of tiles, whose bytes are @tiles. Row after row of pixels and not tile
 * after tile, because memory is read ahead in that order: on frames that are not in the cache it
 * takes half the time.
 */
static guint find_in_band(const Frame *before, const Frame *after, Rect band, guint8 *tiles)
{
    int first = band.x / SCREEN_TILE, end = damage_tiles(band.x + band.width);
    int clean = 0, found = 0;
    for (int column = first; column < end; column++)
        clean += !tiles[column];
    for (int y = band.y; y < band.y + band.height && found < clean; y++) {
        const guint32 *a = frame_row(before, y), *b = frame_row(after, y);
        for (int column = first; column < end; column++) {
            int from = MAX(column * SCREEN_TILE, band.x);
            int to = MIN((column + 1) * SCREEN_TILE, band.x + band.width);
            if (tiles[column] || !tile_row_differs(&a[from], &b[from], to - from))
                continue;
            tiles[column] = 1;
            found++;
        }
    }
    return (guint)found;
}

static guint find_in_area(const Frame *before, const Frame *after, Rect area, guint8 *tiles)
{
    guint found = 0;
    int columns = damage_tiles(after->width);
    for (int y = area.y, next; y < area.y + area.height; y = next) {
        int row = y / SCREEN_TILE;
        next = MIN((row + 1) * SCREEN_TILE, area.y + area.height);
        Rect band = { area.x, y, area.width, next - y };
        found += find_in_band(before, after, band, tiles + (gsize)row * (gsize)columns);
    }
    return found;
}

guint damage_find(const Frame *before, const Frame *after, const Rect *areas, guint n_areas,
                  guint8 *tiles)
{
    Rect whole = { 0, 0, after->width, after->height };
    guint found = 0;
    for (guint i = 0; i < n_areas; i++) {
        Rect area = rect_intersect(areas[i], whole);
        if (!rect_is_empty(area))
            found += find_in_area(before, after, area, tiles);
    }
    return found;
}

gboolean damage_is_equal(const Frame *before, const Frame *after, Rect area)
{
    for (int y = area.y; y < area.y + area.height; y++)
        if (pixels_differ(frame_row(before, y) + area.x, frame_row(after, y) + area.x, area.width))
            return FALSE;
    return TRUE;
}

gboolean damage_pixels_equal(const guint32 *a, const guint32 *b, int count)
{
    return !tile_row_differs(a, b, count);
}

/* @last: the number of the last rectangle that begins in that column, from 1 on; 0: none does. */
static gboolean join_above(GArray *rects, guint last, Rect run)
{
    Rect *above = last > 0 ? &g_array_index(rects, Rect, last - 1) : NULL;
    if (above == NULL || above->width != run.width || above->y + above->height != run.y)
        return FALSE;
    above->height += run.height;
    return TRUE;
}

void damage_to_rects(const guint8 *tiles, int width, int height, GArray *rects)
{
    int columns = damage_tiles(width);
    g_autofree guint *last = g_new0(guint, columns);
    for (int y = 0; y < height; y += SCREEN_TILE, tiles += columns) {
        for (int column = 0, end; column < columns; column = end + 1) {
            for (end = column; end < columns && tiles[end]; end++)
                ;
            if (end == column)
                continue;
            int x = column * SCREEN_TILE;
            Rect run = { x, y, MIN(end * SCREEN_TILE, width) - x, MIN(SCREEN_TILE, height - y) };
            if (join_above(rects, last[column], run))
                continue;
            g_array_append_val(rects, run);
            last[column] = rects->len;
        }
    }
}
