/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/tile-set.h"

#include "display/screen.h"

typedef struct {
    guint32 sent_ms;
    guint sent : 1; /* ever */
    guint owed : 1;
    guint lossy : 1;
} Tile;

struct TileSet {
    Rect picture;
    int columns, rows;
    guint n_owed, n_lossy;
    Tile *tiles;
};

/* In tiles: columns x to right - 1 of rows y to bottom - 1. */
typedef struct {
    int x, y, right, bottom;
} Span;

TileSet *tile_set_new(int width, int height)
{
    TileSet *set = g_new0(TileSet, 1);
    set->picture = (Rect){ 0, 0, width, height };
    set->columns = (width + SCREEN_TILE - 1) / SCREEN_TILE;
    set->rows = (height + SCREEN_TILE - 1) / SCREEN_TILE;
    set->tiles = g_new0(Tile, (gsize)set->columns * (gsize)set->rows);
    tile_set_owe(set, set->picture);
    return set;
}

void tile_set_free(TileSet *set)
{
    if (set == NULL)
        return;
    g_free(set->tiles);
    g_free(set);
}

static Span span_of(const TileSet *set, Rect rect)
{
    Rect seen = rect_intersect(rect, set->picture);
    if (rect_is_empty(seen))
        return (Span){ 0 };
    return (Span){ seen.x / SCREEN_TILE, seen.y / SCREEN_TILE,
                   (seen.x + seen.width + SCREEN_TILE - 1) / SCREEN_TILE,
                   (seen.y + seen.height + SCREEN_TILE - 1) / SCREEN_TILE };
}

static Tile *tile_at(const TileSet *set, int x, int y)
{
    return &set->tiles[(gsize)y * (gsize)set->columns + (gsize)x];
}

static void set_owed(TileSet *set, Tile *tile, gboolean owed)
{
    set->n_owed += (owed ? 1u : 0) - tile->owed;
    tile->owed = owed ? 1 : 0;
}

static void set_lossy(TileSet *set, Tile *tile, gboolean lossy)
{
    set->n_lossy += (lossy ? 1u : 0) - tile->lossy;
    tile->lossy = lossy ? 1 : 0;
}

void tile_set_owe(TileSet *set, Rect rect)
{
    Span span = span_of(set, rect);
    for (int y = span.y; y < span.bottom; y++) {
        for (int x = span.x; x < span.right; x++)
            set_owed(set, tile_at(set, x, y), TRUE);
    }
}

gboolean tile_set_owes(const TileSet *set, Rect area)
{
    Span span = span_of(set, area);
    if (set->n_owed == 0)
        return FALSE;
    for (int y = span.y; y < span.bottom; y++) {
        for (int x = span.x; x < span.right; x++) {
            if (tile_at(set, x, y)->owed)
                return TRUE;
        }
    }
    return FALSE;
}

/* Appends the tile, to the last run where it goes on there. */
static void append(const TileSet *set, int x, int y, gboolean moves, GArray *runs)
{
    Rect tile = { x * SCREEN_TILE, y * SCREEN_TILE, SCREEN_TILE, SCREEN_TILE };
    tile = rect_intersect(tile, set->picture);
    if (runs->len > 0) {
        TileRun *last = &g_array_index(runs, TileRun, runs->len - 1);
        if (last->rect.y == tile.y && last->rect.x + last->rect.width == tile.x &&
            last->moves == moves) {
            last->rect.width += tile.width;
            return;
        }
    }
    TileRun run = { tile, moves };
    g_array_append_val(runs, run);
}

/* Whether it moves. */
static gboolean take(TileSet *set, int x, int y, guint32 now_ms, gboolean apart, GArray *runs)
{
    Tile *tile = tile_at(set, x, y);
    gboolean moves = tile->sent && now_ms - tile->sent_ms < TILE_MOVES_MS;
    append(set, x, y, apart && moves, runs);
    set_owed(set, tile, FALSE);
    set_lossy(set, tile, FALSE);
    tile->sent = 1;
    tile->sent_ms = now_ms;
    return moves;
}

guint tile_set_take(TileSet *set, Rect area, guint32 now_ms, gboolean apart, GArray *runs)
{
    Span span = span_of(set, area);
    guint n_moving = 0;
    for (int y = span.y; y < span.bottom && set->n_owed > 0; y++) {
        for (int x = span.x; x < span.right; x++) {
            if (tile_at(set, x, y)->owed && take(set, x, y, now_ms, apart, runs))
                n_moving++;
        }
    }
    return n_moving;
}

void tile_set_sent(TileSet *set, Rect rect, gboolean lossy)
{
    Span span = span_of(set, rect);
    for (int y = span.y; y < span.bottom; y++) {
        for (int x = span.x; x < span.right; x++)
            set_lossy(set, tile_at(set, x, y), lossy);
    }
}

static gboolean is_lossy(const TileSet *set, Rect rect)
{
    Span span = span_of(set, rect);
    for (int y = span.y; y < span.bottom; y++) {
        for (int x = span.x; x < span.right; x++) {
            if (tile_at(set, x, y)->lossy)
                return TRUE;
        }
    }
    return FALSE;
}

void tile_set_moved(TileSet *set, Rect to, int from_x, int from_y)
{
    if (set->n_lossy > 0 && is_lossy(set, (Rect){ from_x, from_y, to.width, to.height }))
        tile_set_sent(set, to, TRUE);
}

static gboolean is_still(const Tile *tile, guint32 now_ms)
{
    return tile->lossy && !tile->owed && now_ms - tile->sent_ms >= TILE_STILL_MS;
}

guint tile_set_take_lossy(TileSet *set, Rect area, guint32 now_ms, guint most, GArray *runs)
{
    Span span = span_of(set, area);
    guint n = 0;
    for (int y = span.y; y < span.bottom && set->n_lossy > 0; y++) {
        for (int x = span.x; x < span.right && n < most; x++) {
            if (!is_still(tile_at(set, x, y), now_ms))
                continue;
            take(set, x, y, now_ms, FALSE, runs);
            n++;
        }
    }
    return n;
}

int tile_set_lossy_due_ms(const TileSet *set, guint32 now_ms)
{
    int due_ms = -1;
    for (int i = 0; set->n_lossy > 0 && i < set->columns * set->rows; i++) {
        const Tile *tile = &set->tiles[i];
        if (!tile->lossy || tile->owed)
            continue;
        guint32 age_ms = now_ms - tile->sent_ms;
        int wait_ms = age_ms >= TILE_STILL_MS ? 0 : TILE_STILL_MS - (int)age_ms;
        if (due_ms < 0 || wait_ms < due_ms)
            due_ms = wait_ms;
    }
    return due_ms;
}
