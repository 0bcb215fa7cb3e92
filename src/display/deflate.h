/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pixels as pieces of a deflate stream (RFC 1951). A piece refers to nothing before it and ends on
 * a byte, so that pieces in any order are one stream; the stream is never finished.
 *
 * General compressors search for what a text repeats. A picture repeats the pixel beside and the
 * row above, so only those few distances are tried (and, on request, the last place that began
 * alike), and what is left gets a prefix code made for it: several times as fast as zlib's fastest,
 * and no larger, as figures in bench/README.md show. Above DEFLATE_OWN_LEVEL zlib does the work,
 * for lines so slow that its ratio is worth its time.
 */
#pragma once

#include <glib.h>

#define DEFLATE_OWN_LEVEL 5
#define DEFLATE_DISTANCES_MOST 4
#define DEFLATE_DISTANCE_LIMIT 32768

/* What is known of the bytes beforehand. */
typedef struct {
    guint unit;                              /* bytes of a pixel: where matches may begin */
    gsize distances[DEFLATE_DISTANCES_MOST]; /* bytes back to where the same is likely; 0: none */
    guint least;                             /* the shortest match at these that pays, >= 3 */
    guint least_searched;                    /* the same where it was found by search; 0: none */
} DeflateShape;

/* zlib's header (RFC 1950), once before the first piece of a stream. */
#define DEFLATE_HEADER_BYTES 2
extern const guint8 deflate_header[DEFLATE_HEADER_BYTES];

/* Appends the @n bytes at @data as a piece. @level: 0 to 9. */
void deflate_piece(const guint8 *data, gsize n, const DeflateShape *shape, int level,
                   GByteArray *out);
