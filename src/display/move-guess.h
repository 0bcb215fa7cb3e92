/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * By how much something may have moved between two frames, from a look at a few places of them:
 * display/move.c proves it. Three ways, the likeliest first: lines of pixels that stand higher or
 * lower, columns that stand elsewhere, and a small block that is found anywhere.
 */
#pragma once

#include "display/screen.h"

typedef struct {
    const Frame *before, *after;
    guint8 *tiles;     /* display/damage.h: what differs; not nothing */
    int columns, rows; /* of tiles */
    Rect area;         /* around all that differs */
} MoveSearch;

/* What is at (x, y) was at (x + dx, y + dy) in the frame before. */
typedef struct {
    int dx, dy;
} MoveOffset;

static inline gboolean move_tile_differs(const MoveSearch *search, int column, int row)
{
    return search->tiles[row * search->columns + column];
}

/* FALSE: nothing can be seen to have moved. */
gboolean move_guess(const MoveSearch *search, MoveOffset *ret_offset);
