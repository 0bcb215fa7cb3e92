/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How fast one viewer's line is, and what may be put on it now. Pure: it is told what was sent and
 * what the viewer has acknowledged, and when; it never looks at a clock.
 *
 * What is on the way is what a viewer is late by. So no more is sent ahead than the line takes in
 * PACE_AHEAD_US, found from how long the viewer took to acknowledge (a fence behind each update;
 * for viewers without fences their next request), and no more than PACE_UPDATES updates.
 *
 * Where an update of a moving picture takes the line longer than PACE_UPDATE_US, it has to become
 * smaller instead of rarer, as far as the viewer allowed it: pace_pressure() grows by one
 * with each such update, and falls again when they fit easily.
 */
#pragma once

#include <glib.h>

#define PACE_UPDATES 4
#define PACE_AHEAD_US (30 * 1000)
#define PACE_UPDATE_US (40 * 1000)
#define PACE_PRESSURE_MOST 3

/* Begins zeroed. */
typedef struct {
    struct {
        guint32 number;
        gsize bytes;
        gint64 sent_us;
    } flying[PACE_UPDATES]; /* the oldest first */
    guint n_flying;
    gsize flying_bytes;
    guint32 last_number;
    gint64 answered_us; /* when the newest answer came */
    gint64 answer_us;   /* the shortest time an answer took; 0: none came yet */
    gint64 round_us;    /* of small updates, lately: the line's length; 0: not known */
    double bandwidth;   /* bytes in a second, smoothed; 0: not known */
    guint pressure, easy;
} Pace;

/* An update of @bytes goes onto the line; its number, for pace_answered(). Only when
 * pace_is_open(). */
guint32 pace_sent(Pace *pace, gsize bytes, gint64 now_us);

/* The viewer has everything up to @number; numbers that are not on the way mean nothing. */
void pace_answered(Pace *pace, guint32 number, gint64 now_us);

/* The viewer has everything. */
void pace_answered_all(Pace *pace, gint64 now_us);

/* Whether one more update may be sent. */
gboolean pace_is_open(const Pace *pace);

/* How long the line takes for @bytes; 0 when that is not known. */
gint64 pace_line_us(const Pace *pace, gsize bytes);

/* A moving picture was sent, which takes or took the line @line_us. */
void pace_moved(Pace *pace, gint64 line_us);

/* Nothing moves any more. */
void pace_still(Pace *pace);

/* 0: the line bears what the viewer asked for, to PACE_PRESSURE_MOST: far from it. */
guint pace_pressure(const Pace *pace);
