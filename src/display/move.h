/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Finds what moved as a whole between two frames of one size: text that is scrolled, up or
 * sideways, in a part of the picture. A viewer that has the frame before copies it by itself
 * (CopyRect), which is 16 bytes in place of all of its pixels.
 *
 * A guess (display/move-guess.h) is proved pixel by pixel, so that what is found is exact. It takes
 * up to twice as long as to compare the frames, also where nothing is found.
 */
#pragma once

#include "display/screen.h"

/* As fewer tiles differ there is nothing to spare: nothing is looked for, which costs nothing. */
#define MOVE_FEWEST_TILES 8

/*
 * @tiles: what differs, see display/damage.h. The move, and the tiles that it puts right are no
 * longer set; or an empty one and nothing changed, where no move spares a quarter of them.
 */
ScreenMove move_find(const Frame *before, const Frame *after, guint8 *tiles);
