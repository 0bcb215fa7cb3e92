/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where bytes of a picture repeat: bytes as they are, then a copy of earlier ones, and so on. */
#pragma once

#include "display/deflate.h"

#define DEFLATE_MATCH_LEAST 3
#define DEFLATE_MATCH_MOST 258

typedef struct {
    guint32 literals; /* so many bytes as they are */
    guint16 length;   /* then so many copied; 0: none, at the end only */
    guint16 distance; /* from so many before, less 1 */
} DeflateStep;

#define DEFLATE_STEPS_MOST 8192
#define DEFLATE_SEARCH_BITS 12

typedef struct {
    const guint8 *data; /* borrowed */
    gsize size, at;
    DeflateShape shape;
    guint n_distances;
    gsize farthest;     /* of the distances */
    guint64 first_mask; /* the first bytes, up to eight, that a match has to have */
    guint32 last_seen[1 << DEFLATE_SEARCH_BITS]; /* place + 1 of what has this hash */
} DeflateFinder;

void deflate_finder_init(DeflateFinder *finder, const guint8 *data, gsize size,
                         const DeflateShape *shape);

/*
 * The next steps, that cover about @wanted bytes or fewer; returns how many steps, and moves
 * finder->at behind what they cover.
 */
guint deflate_find(DeflateFinder *finder, gsize wanted, DeflateStep ret_steps[DEFLATE_STEPS_MOST]);
