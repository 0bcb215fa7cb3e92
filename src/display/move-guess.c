/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/move-guess.h"

#include <string.h>

#include "display/damage.h"

#define COLOURS 0xffffffu
#define SEEDS 3  /* columns of tiles that are looked at before it is given up */
#define STRIP 32 /* pixels: the width of what is hashed; memory that is walked down is slow */
#define FEWEST_VOTES 8
#define BLOCKS 2
#define BLOCK_WIDTH 32
#define BLOCK_HEIGHT 16
#define FARTHEST 256 /* pixels that a block is looked for around where it is now */
#define MARK_PIXELS 8
#define MOST_MARKS 1000

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

static int vote_in(const MoveSearch *search, Rect area, gboolean rows)
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
static int count_in(const MoveSearch *search, int line, gboolean column)
{
    int count = 0, length = column ? search->rows : search->columns;
    for (int i = 0; i < length; i++)
        count += column ? move_tile_differs(search, line, i) : move_tile_differs(search, i, line);
    return count;
}

/*
 * The lines of tiles where most has changed, as there most can be told; one in the middle of them
 * first, for the outer ones may reach over the edge of what moved.
 */
static guint choose_seeds(const MoveSearch *search, gboolean columns, int *seeds)
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
static Rect strip_at(const MoveSearch *search, int line, gboolean column)
{
    int at = line * SCREEN_TILE + (SCREEN_TILE - STRIP) / 2;
    const Rect *area = &search->area;
    Rect strip = column ? (Rect){ at, area->y, STRIP, area->height }
                        : (Rect){ area->x, at, area->width, STRIP };
    return rect_intersect(strip, *area);
}

static gboolean guess_by_lines(const MoveSearch *search, gboolean up, MoveOffset *ret_offset)
{
    int seeds[SEEDS];
    guint n = choose_seeds(search, up, seeds);
    for (guint i = 0; i < (up ? n : 1); i++) {
        Rect strip = strip_at(search, seeds[i], up);
        int by = rect_is_empty(strip) ? 0 : vote_in(search, strip, up);
        *ret_offset = up ? (MoveOffset){ 0, by } : (MoveOffset){ by, 0 };
        if (by != 0)
            return TRUE;
    }
    return FALSE;
}

/* Two pixels as they lie in memory, without what means nothing. */
static inline guint64 pair_at(const guint32 *pixels)
{
    static const guint32 colours[2] = { COLOURS, COLOURS };
    guint64 pair, mask;
    memcpy(&pair, pixels, sizeof pair);
    memcpy(&mask, colours, sizeof mask);
    return pair & mask;
}

/* Some pixels of a block by which it is told. */
typedef struct {
    int x, y; /* in the block */
    guint64 pairs[MARK_PIXELS / 2];
} Mark;

static inline gboolean is_mark(const Mark *mark, const guint32 *pixels)
{
    for (int i = 0; i < MARK_PIXELS / 2; i++)
        if (pair_at(&pixels[2 * i]) != mark->pairs[i])
            return FALSE;
    return TRUE;
}

static gboolean block_was_at(const MoveSearch *search, Rect block, int x, int y)
{
    for (int i = 0; i < block.height; i++)
        if (!damage_pixels_equal(frame_row(search->after, block.y + i) + block.x,
                                 frame_row(search->before, y + i) + x, block.width))
            return FALSE;
    return TRUE;
}

/* The last ones that are not all equal. */
static gboolean find_mark(const MoveSearch *search, Rect block, Mark *ret_mark)
{
    for (int y = block.height - 1; y >= 0; y--) {
        const guint32 *row = frame_row(search->after, block.y + y) + block.x;
        for (int x = block.width - MARK_PIXELS; x >= 0; x--) {
            if (((row[x] ^ row[x + 1]) & COLOURS) == 0)
                continue;
            *ret_mark = (Mark){ .x = x, .y = y };
            for (int i = 0; i < MARK_PIXELS / 2; i++)
                ret_mark->pairs[i] = pair_at(&row[x + 2 * i]);
            return TRUE;
        }
    }
    return FALSE;
}

/* The places where the block may have been: within the area, and not too far away. */
static Rect places_of(const MoveSearch *search, Rect block)
{
    Rect near = { block.x - FARTHEST, block.y - FARTHEST, 2 * FARTHEST, 2 * FARTHEST };
    Rect inside = { search->area.x, search->area.y, search->area.width - block.width + 1,
                    search->area.height - block.height + 1 };
    return rect_intersect(near, inside);
}

/* Whether the block was at one of these places before, and only there. */
static gboolean find_block(const MoveSearch *search, Rect block, MoveOffset *ret_offset)
{
    Mark mark;
    Rect places = places_of(search, block);
    int tried = 0, found = 0;
    if (block_was_at(search, block, block.x, block.y) || !find_mark(search, block, &mark))
        return FALSE;
    for (int y = places.y; y < places.y + places.height; y++) {
        const guint32 *row = frame_row(search->before, y + mark.y) + mark.x;
        for (int x = places.x; x < places.x + places.width; x++) {
            if (!is_mark(&mark, &row[x]))
                continue;
            if (++tried > MOST_MARKS)
                return FALSE;
            if (!block_was_at(search, block, x, y))
                continue;
            if (++found > 1)
                return FALSE;
            *ret_offset = (MoveOffset){ x - block.x, y - block.y };
        }
    }
    return found == 1;
}

/*
 * In the middle of all that differs there is, when a window was dragged not too far, a part of the
 * window.
 */
static gboolean guess_by_block(const MoveSearch *search, MoveOffset *ret_offset)
{
    const Rect *area = &search->area;
    if (area->width < 4 * BLOCK_WIDTH || area->height < 4 * BLOCK_HEIGHT)
        return FALSE;
    for (int i = 0; i < BLOCKS; i++) {
        Rect block = { area->x + (area->width - BLOCK_WIDTH) / 2,
                       area->y + area->height * (i + 2) / (BLOCKS + 3), BLOCK_WIDTH, BLOCK_HEIGHT };
        if (find_block(search, block, ret_offset))
            return TRUE;
    }
    return FALSE;
}

gboolean move_guess(const MoveSearch *search, MoveOffset *ret_offset)
{
    return guess_by_lines(search, TRUE, ret_offset) || guess_by_lines(search, FALSE, ret_offset) ||
           guess_by_block(search, ret_offset);
}
