/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/move.h"

#include <string.h>

#include "display/damage.h"

#define COLOURS 0xffffffu
#define SEEDS 3  /* columns of tiles that are looked at before it is given up */
#define STRIP 32 /* pixels: the width of what is hashed; memory that is walked down is slow */
#define FEWEST_VOTES 8

typedef struct {
    const Frame *before, *after;
    guint8 *tiles;
    int columns, rows; /* of tiles */
    Rect area;         /* around all that differs */
} Search;

/* Pixels that differ by it show the same: (x, y) of the frame after, (x + dx, y + dy) before. */
typedef struct {
    int dx, dy;
} Offset;

static gboolean differs(const Search *search, int column, int row)
{
    return search->tiles[row * search->columns + column];
}

static guint64 stir(guint64 hash, guint64 low, guint64 high)
{
    return (hash ^ ((low & COLOURS) | (high & COLOURS) << 32)) *
           G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
}

/*
 * Numbers of the lines, rows or columns of pixels, that are equal where the lines are. Two pixels
 * at a time in two chains, as each waits for its multiplication.
 */
static guint32 hash_row(const guint32 *pixels, int count)
{
    guint64 a = 1, b = 2;
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        a = stir(a, pixels[i], pixels[i + 1]);
        b = stir(b, pixels[i + 2], pixels[i + 3]);
        a ^= a >> 32; /* the upper half of a product is the better one, but is lost in the next */
        b ^= b >> 32;
    }
    for (; i < count; i++)
        a = stir(a, pixels[i], 0) + (a >> 32);
    return (guint32)((a ^ b * 3) >> 32);
}

static void hash_rows(const Frame *frame, Rect area, guint32 *hashes)
{
    for (int i = 0; i < area.height; i++)
        hashes[i] = hash_row(frame_row(frame, area.y + i) + area.x, area.width);
}

static void hash_columns(const Frame *frame, Rect area, guint32 *hashes)
{
    memset(hashes, 0, (gsize)area.width * sizeof hashes[0]);
    for (int y = area.y; y < area.y + area.height; y++) {
        const guint32 *pixels = frame_row(frame, y) + area.x;
        for (int i = 0; i < area.width; i++)
            hashes[i] = (hashes[i] ^ (pixels[i] & COLOURS)) * 0x9e3779b1u + 0x7f4a7c15u;
    }
    /* what differs in the highest bits only has not reached the others */
    for (int i = 0; i < area.width; i++)
        hashes[i] ^= hashes[i] >> 15;
}

/* Lines by their number; of those that occur twice it is not known where they went. */
typedef struct {
    guint32 hash;
    int line;
} Entry;
#define NO_LINE (-1)
#define MANY_LINES (-2)

static Entry *find_entry(Entry *table, guint32 mask, guint32 hash)
{
    guint32 i = hash & mask;
    while (table[i].line != NO_LINE && table[i].hash != hash)
        i = (i + 1) & mask;
    return &table[i];
}

static Entry *make_table(const guint32 *hashes, int count, guint32 *ret_mask)
{
    guint32 size = 64;
    while (size < 2 * (guint32)count)
        size *= 2;
    Entry *table = g_new(Entry, size);
    for (guint32 i = 0; i < size; i++)
        table[i].line = NO_LINE;
    for (int i = 0; i < count; i++) {
        Entry *entry = find_entry(table, size - 1, hashes[i]);
        *entry = (Entry){ hashes[i], entry->line == NO_LINE ? i : MANY_LINES };
    }
    *ret_mask = size - 1;
    return table;
}

/* By how much most of the lines that changed have moved: at @i now, at @i + this before. 0: none.
 */
static int vote(const guint32 *before, const guint32 *after, int count)
{
    guint32 mask;
    g_autofree Entry *table = make_table(before, count, &mask);
    g_autofree int *votes = g_new0(int, 2 * (gsize)count);
    int best = 0, changed = 0;
    for (int i = 0; i < count; i++) {
        if (after[i] == before[i])
            continue;
        changed++;
        int line = find_entry(table, mask, after[i])->line;
        if (line < 0)
            continue;
        votes[line - i + count]++;
        if (votes[line - i + count] > votes[best + count])
            best = line - i;
    }
    return votes[best + count] >= MAX(FEWEST_VOTES, changed / 8) ? best : 0;
}

static int vote_in(const Search *search, Rect area, gboolean rows)
{
    int count = rows ? area.height : area.width;
    g_autofree guint32 *before = g_new(guint32, count);
    g_autofree guint32 *after = g_new(guint32, count);
    void (*hash)(const Frame *, Rect, guint32 *) = rows ? hash_rows : hash_columns;
    hash(search->before, area, before);
    hash(search->after, area, after);
    return vote(before, after, count);
}

/* How many tiles differ in the column @line of tiles, or in the row. */
static int count_in(const Search *search, int line, gboolean column)
{
    int count = 0, length = column ? search->rows : search->columns;
    for (int i = 0; i < length; i++)
        count += column ? differs(search, line, i) : differs(search, i, line);
    return count;
}

/*
 * The lines of tiles where most has changed, as there most can be told; one in the middle of them
 * first, for the outer ones may reach over the edge of what moved.
 */
static guint choose_seeds(const Search *search, gboolean columns, int *seeds)
{
    int n = columns ? search->columns : search->rows, most = 0, found = 0;
    g_autofree int *counts = g_new(int, n);
    g_autofree int *lines = g_new(int, n);
    for (int i = 0; i < n; i++) {
        counts[i] = count_in(search, i, columns);
        most = MAX(most, counts[i]);
    }
    for (int i = 0; i < n; i++)
        if (counts[i] > 0 && counts[i] >= most - most / 4)
            lines[found++] = i;
    seeds[0] = lines[found / 2];
    seeds[1] = lines[found / 4];
    seeds[2] = lines[found * 3 / 4];
    return found >= 4 ? SEEDS : 1;
}

/* The strip that is hashed for the seed @line. */
static Rect strip_at(const Search *search, int line, gboolean column)
{
    int at = line * SCREEN_TILE + (SCREEN_TILE - STRIP) / 2;
    const Rect *area = &search->area;
    Rect strip = column ? (Rect){ at, area->y, STRIP, area->height }
                        : (Rect){ area->x, at, area->width, STRIP };
    return rect_intersect(strip, *area);
}

static gboolean guess(const Search *search, Offset *ret_offset)
{
    int seeds[SEEDS];
    for (int up = 1; up >= 0; up--) {
        guint n = choose_seeds(search, up, seeds);
        for (guint i = 0; i < (up ? n : 1); i++) {
            Rect strip = strip_at(search, seeds[i], up);
            int by = rect_is_empty(strip) ? 0 : vote_in(search, strip, up);
            *ret_offset = up ? (Offset){ 0, by } : (Offset){ by, 0 };
            if (by != 0)
                return TRUE;
        }
    }
    return FALSE;
}

static Rect area_around(const Search *search)
{
    int left = search->columns, right = 0, top = search->rows, bottom = 0;
    for (int row = 0; row < search->rows; row++) {
        for (int column = 0; column < search->columns; column++) {
            if (!differs(search, column, row))
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

static gboolean has_moved(const Search *search, Offset by, int x, int y, int count)
{
    const guint32 *before = frame_row(search->before, y + by.dy) + x + by.dx;
    return damage_pixels_equal(before, frame_row(search->after, y) + x, count);
}

/* Where what moved by @by can be: it was within the picture. */
static Rect possible_area(const Search *search, Offset by)
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
static Rect largest_part(const Search *search, Offset by, Rect area)
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
static Rect widen(const Search *search, Offset by, Rect area, Rect part)
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
static gboolean differs_outside(const Search *search, Rect tile, Rect to)
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
static guint find_rest(const Search *search, Rect to, guint8 *rest)
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

static ScreenMove prove(const Search *search, Offset by, guint n_differing)
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
    Search search = { .before = before,
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
    Offset by;
    if (!guess(&search, &by))
        return (ScreenMove){ 0 };
    return prove(&search, by, n_differing);
}
