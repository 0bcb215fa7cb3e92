/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/deflate-match.h"

#include <string.h>

/* After so many places in a row without a match the search begins to leave places out. */
#define PATIENCE_BITS 4
#define SKIP_MOST 16

static inline guint64 load64(const guint8 *at)
{
    guint64 word;
    memcpy(&word, at, sizeof word);
    return GUINT64_FROM_LE(word);
}

/* How many bytes are the same @distance before. */
static inline gsize match_length(const guint8 *at, gsize distance, gsize limit)
{
    gsize length = 0;
    for (; length + 8 <= limit; length += 8) {
        guint64 difference = load64(at + length) ^ load64(at + length - distance);
        if (difference != 0)
            return length + (gsize)__builtin_ctzll(difference) / 8;
    }
    while (length < limit && at[length] == *(at + length - distance))
        length++;
    return length;
}

void deflate_finder_init(DeflateFinder *finder, const guint8 *data, gsize size,
                         const DeflateShape *shape)
{
    finder->data = data;
    finder->size = size;
    finder->at = 0;
    finder->shape = *shape;
    finder->n_distances = 0;
    finder->farthest = 0;
    for (gsize i = 0; i < DEFLATE_DISTANCES_MOST && shape->distances[i] > 0; i++) {
        finder->n_distances++;
        finder->farthest = MAX(finder->farthest, shape->distances[i]);
    }
    finder->first_mask = G_MAXUINT64 >> (8 - MIN(shape->least, 8)) * 8;
    if (shape->least_searched > 0)
        memset(finder->last_seen, 0, sizeof finder->last_seen);
}

typedef struct {
    gsize length, distance;
} Match;

static inline Match best_known(const DeflateFinder *finder, gsize at, gsize limit)
{
    Match best = { 0, 0 };
    const guint8 *here = finder->data + at;
    const guint64 word = load64(here);
    for (guint i = 0; i < finder->n_distances; i++) {
        gsize distance = finder->shape.distances[i];
        if (at < finder->farthest && at < distance)
            continue;
        if (((word ^ load64(here - distance)) & finder->first_mask) != 0)
            continue;
        gsize length = match_length(here, distance, limit);
        if (length > best.length)
            best = (Match){ length, distance };
    }
    return best.length >= finder->shape.least ? best : (Match){ 0, 0 };
}

/* The last place whose next eight bytes have the same hash; those are believed only when equal. */
static inline Match search(DeflateFinder *finder, gsize at, gsize limit)
{
    const guint8 *here = finder->data + at;
    guint64 hash = load64(here) * G_GUINT64_CONSTANT(0x9e3779b97f4a7c15);
    guint32 *slot = &finder->last_seen[hash >> (64 - DEFLATE_SEARCH_BITS)];
    gsize distance = at + 1 - *slot;
    gboolean known = *slot != 0 && distance <= DEFLATE_DISTANCE_LIMIT;
    *slot = (guint32)at + 1;
    if (!known || load64(here) != load64(here - distance))
        return (Match){ 0, 0 };
    Match match = { match_length(here, distance, limit), distance };
    return match.length >= finder->shape.least_searched ? match : (Match){ 0, 0 };
}

static inline Match match_at(DeflateFinder *finder, gsize at)
{
    gsize limit = finder->size - at;
    if (limit < 8) /* too few to be looked at at once, and too few to be missed */
        return (Match){ 0, 0 };
    Match match = best_known(finder, at, limit);
    if (finder->shape.least_searched > 0 && match.length < finder->shape.least_searched) {
        Match found = search(finder, at, limit);
        if (found.length > match.length + 2)
            match = found;
    }
    return match;
}

/* A match in parts that deflate can say; what is too short for one stays for the next search. */
static guint add_match(Match match, gsize literals, DeflateStep *ret_steps, guint room,
                       gsize *ret_covered)
{
    guint n = 0;
    gsize left = match.length;
    while (left >= DEFLATE_MATCH_LEAST && n < room) {
        gsize length = MIN(left, DEFLATE_MATCH_MOST);
        ret_steps[n++] =
            (DeflateStep){ (guint32)literals, (guint16)length, (guint16)(match.distance - 1) };
        literals = 0;
        left -= length;
    }
    *ret_covered = match.length - left;
    return n;
}

guint deflate_find(DeflateFinder *finder, gsize wanted, DeflateStep ret_steps[DEFLATE_STEPS_MOST])
{
    const gsize unit = finder->shape.unit, end = MIN(finder->size, finder->at + wanted);
    gsize literals_from = finder->at, at = finder->at, misses = 0;
    guint n = 0;
    while (at < end && n < DEFLATE_STEPS_MOST - 1) {
        Match match = match_at(finder, at);
        if (match.length == 0) {
            at += unit * MIN(1 + (misses++ >> PATIENCE_BITS), SKIP_MOST);
            continue;
        }
        gsize covered;
        n += add_match(match, at - literals_from, ret_steps + n, DEFLATE_STEPS_MOST - 1 - n,
                       &covered);
        literals_from = at += covered;
        misses = 0;
    }
    at = MAX(MIN(at, finder->size), literals_from);
    if (at > literals_from)
        ret_steps[n++] = (DeflateStep){ (guint32)(at - literals_from), 0, 0 };
    finder->at = at;
    return n;
}
