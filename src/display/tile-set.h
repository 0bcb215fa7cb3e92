/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What one viewer has of a picture, tile by tile (SCREEN_TILE): which it is still owed, which it
 * has not exactly, and when each was sent. Pure; times are milliseconds of any clock.
 */
#pragma once

#include "display/rect.h"

/* A tile that is sent again so soon is part of something that moves. */
#define TILE_MOVES_MS 500
/* A tile that was not sent for so long is still: it may be made exact. */
#define TILE_STILL_MS 300

typedef struct TileSet TileSet;

/* Of a picture of @width x @height pixels; everything is owed. */
TileSet *tile_set_new(int width, int height);
void tile_set_free(TileSet *set);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(TileSet, tile_set_free)

/* All tiles that @rect touches are owed. */
void tile_set_owe(TileSet *set, Rect rect);

/* Whether one that @area touches is owed. */
gboolean tile_set_owes(const TileSet *set, Rect area);

typedef struct {
    Rect rect; /* within one row of tiles */
    gboolean moves;
} TileRun;

/*
 * Takes the owed tiles that @area touches, as many as have to be sent: appends TileRun, not
 * overlapping, in reading order, whole tiles cut at the edge of the picture. They are not owed
 * any more and were sent at @now_ms. @apart: what moves and what does not are runs of their own.
 * Returns how many of the tiles move.
 */
guint tile_set_take(TileSet *set, Rect area, guint32 now_ms, gboolean apart, GArray *runs);

/* The tiles that @rect touches were sent, exact or not. */
void tile_set_sent(TileSet *set, Rect rect, gboolean lossy);

/* The viewer copied what it had at @from_x, @from_y to @to: what was not exact is not there. */
void tile_set_moved(TileSet *set, Rect to, int from_x, int from_y);

/* Takes tiles that @area touches which are not exact and still, @most of them at most. How many. */
guint tile_set_take_lossy(TileSet *set, Rect area, guint32 now_ms, guint most, GArray *runs);

/* In how many milliseconds tile_set_take_lossy() has something to take; -1: it never has. */
int tile_set_lossy_due_ms(const TileSet *set, guint32 now_ms);
