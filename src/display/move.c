/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/move.h"

#include <string.h>

#include "display/damage.h"
#include "display/move-guess.h"

static Rect area_around(const MoveSearch *search)
{
    int left = search->columns, right = 0, top = search->rows, bottom = 0;
    for (int row = 0; row < search->rows; row++) {
        for (int column = 0; column < search->columns; column++) {
            if (!move_tile_differs(search, column, row))
                continue;
            left = MIN(left, column);
            right = MAX(right, column + 1);
            top = MIN(top, row);
            bottom = MAX(bottom, row + 1);
        }
    }
    Rect tiles = { left * SCREEN_TILE, top * SCREEN_TILE, (right - left) * SCREEN_TILE,
                   (bottom - top) * SCREEN_TILE };
    return rect_intersect(tiles, (Rect){ 0, 0, search->after->width, search->after->height });
}

static gboolean has_moved(const MoveSearch *search, MoveOffset by, int x, int y, int count)
{
    const guint32 *before = frame_row(search->before, y + by.dy) + x + by.dx;
    return damage_pixels_equal(before, frame_row(search->after, y) + x, count);
}

/* Where what moved by @by can be: it was within the picture. */
static Rect possible_area(const MoveSearch *search, MoveOffset by)
{
    Rect came_from = { -by.dx, -by.dy, search->after->width, search->after->height };
    return rect_intersect(search->area, came_from);
}

/*
 * The largest rectangle below a row of heights: each column is kept until a lower one ends it
 * (the classical stack of rising heights). @last: y of the row's lower edge.
 */
static void grow_best(const int *heights, int columns, int width, int last, int *stack, Rect *best)
{
    int depth = 0;
    for (int i = 0; i <= columns; i++) {
        int height = i < columns ? heights[i] : 0;
        while (depth > 0 && heights[stack[depth - 1]] >= height) {
            int top = heights[stack[--depth]];
            int from = depth > 0 ? stack[depth - 1] + 1 : 0;
            Rect rect = { from * width, last - top, (i - from) * width, top };
            if ((gint64)rect.width * rect.height > (gint64)best->width * best->height)
                *best = rect;
        }
        stack[depth++] = i;
    }
}

/* The largest part of @area, in columns of the width of tiles, all of which has moved by @by. */
static Rect largest_part(const MoveSearch *search, MoveOffset by, Rect area)
{
    int columns = area.width / SCREEN_TILE;
    g_autofree int *heights = g_new0(int, columns + 1);
    g_autofree int *stack = g_new(int, columns + 2);
    Rect best = { 0 };
    for (int y = area.y; y < area.y + area.height; y++) {
        for (int i = 0; i < columns; i++) {
            gboolean moved = has_moved(search, by, area.x + i * SCREEN_TILE, y, SCREEN_TILE);
            heights[i] = moved ? heights[i] + 1 : 0;
        }
        grow_best(heights, columns, SCREEN_TILE, y + 1, stack, &best);
    }
    best.x += area.x;
    return best;
}

/* By less than a tile to the left and right, as far as all of its rows allow. */
static Rect widen(const MoveSearch *search, MoveOffset by, Rect area, Rect part)
{
    int end = part.x + part.width;
    int left = MAX(area.x, part.x - SCREEN_TILE + 1);
    int right = MIN(area.x + area.width, end + SCREEN_TILE - 1);
    for (int y = part.y; y < part.y + part.height; y++) {
        while (left < part.x && !has_moved(search, by, left, y, part.x - left))
            left++;
        while (right > end && !has_moved(search, by, end, y, right - end))
            right--;
    }
    return (Rect){ left, part.y, right - left, part.height };
}

/* Whether the tile differs where @to does not put it right. */
static gboolean differs_outside(const MoveSearch *search, Rect tile, Rect to)
{
    Rect in = rect_intersect(tile, to);
    int right = in.x + in.width, bottom = in.y + in.height;
    const Rect parts[] = {
        { tile.x, tile.y, tile.width, in.y - tile.y },
        { tile.x, bottom, tile.width, tile.y + tile.height - bottom },
        { tile.x, in.y, in.x - tile.x, in.height },
        { right, in.y, tile.x + tile.width - right, in.height },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
        if (!rect_is_empty(parts[i]) && !damage_is_equal(search->before, search->after, parts[i]))
            return TRUE;
    return FALSE;
}

/* What differs still when @to was put right. Returns how many tiles are spared. */
static guint find_rest(const MoveSearch *search, Rect to, guint8 *rest)
{
    Rect whole = { 0, 0, search->after->width, search->after->height };
    guint spared = 0;
    for (int row = 0, i = 0; row < search->rows; row++) {
        for (int column = 0; column < search->columns; column++, i++) {
            Rect tile = { column * SCREEN_TILE, row * SCREEN_TILE, SCREEN_TILE, SCREEN_TILE };
            tile = rect_intersect(tile, whole);
            rest[i] = search->tiles[i];
            if (!rest[i] || rect_is_empty(rect_intersect(tile, to)))
                continue;
            rest[i] = differs_outside(search, tile, to);
            spared += !rest[i];
        }
    }
    return spared;
}

static ScreenMove prove(const MoveSearch *search, MoveOffset by, guint n_differing)
{
    Rect area = possible_area(search, by);
    gsize n_tiles = (gsize)search->columns * (gsize)search->rows;
    Rect to = rect_is_empty(area) ? area : largest_part(search, by, area);
    if (rect_is_empty(to))
        return (ScreenMove){ 0 };
    to = widen(search, by, area, to);
    g_autofree guint8 *rest = g_malloc(n_tiles);
    if (find_rest(search, to, rest) * 4 < n_differing)
        return (ScreenMove){ 0 };
    memcpy(search->tiles, rest, n_tiles);
    return (ScreenMove){ to, to.x + by.dx, to.y + by.dy };
}

ScreenMove move_find(const Frame *before, const Frame *after, guint8 *tiles)
{
    MoveSearch search = { .before = before,
                          .after = after,
                          .tiles = tiles,
                          .columns = damage_tiles(after->width),
                          .rows = damage_tiles(after->height) };
    guint n_differing = 0;
    for (int i = 0; i < search.columns * search.rows; i++)
        n_differing += tiles[i];
    if (n_differing < MOVE_FEWEST_TILES)
        return (ScreenMove){ 0 };
    search.area = area_around(&search);
    MoveOffset by;
    if (!move_guess(&search, &by))
        return (ScreenMove){ 0 };
    return prove(&search, by, n_differing);
}
