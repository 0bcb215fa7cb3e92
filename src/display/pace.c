/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pace.h"

#include <string.h>

/* What is smaller says more about waking up than about the line. */
#define SAMPLE_BYTES 4096
/* A shorter time says more about the clock. */
#define SAMPLE_US 50
/* A new sample counts for so much. */
#define SMOOTHING 0.25
/* How many updates in a row must fit easily until the pressure falls. */
#define EASY_UPDATES 10

/* The shortest; as a line may become longer, it is forgotten slowly. */
static void learn_shortest(gint64 *shortest_us, gint64 taken_us)
{
    if (*shortest_us == 0 || taken_us < *shortest_us)
        *shortest_us = MAX(taken_us, 1);
    else
        *shortest_us += (taken_us - *shortest_us) / 64;
}

static void learn_round(Pace *pace, gsize bytes, gint64 taken_us)
{
    if (pace->answer_us == 0 || taken_us < pace->answer_us)
        pace->answer_us = MAX(taken_us, 1);
    if (bytes < SAMPLE_BYTES)
        learn_shortest(&pace->round_us, taken_us);
}

/*
 * An update that was sent when others were on the way came behind them, and the time since their
 * answer is what it took the line; a lone one took a round more. Where the round is not known the
 * line seems slower than it is, until two are on the way.
 */
static void learn_bandwidth(Pace *pace, gsize bytes, gint64 sent_us, gint64 now_us)
{
    gint64 taken_us = now_us - MAX(sent_us + pace->round_us, pace->answered_us);
    if (bytes < SAMPLE_BYTES)
        return;
    double sample = (double)bytes * G_USEC_PER_SEC / (double)MAX(taken_us, SAMPLE_US);
    if (pace->bandwidth == 0)
        pace->bandwidth = sample;
    else
        pace->bandwidth += SMOOTHING * (sample - pace->bandwidth);
}

guint32 pace_sent(Pace *pace, gsize bytes, gint64 now_us)
{
    g_assert(pace->n_flying < PACE_UPDATES);
    pace->flying[pace->n_flying].number = ++pace->last_number;
    pace->flying[pace->n_flying].bytes = bytes;
    pace->flying[pace->n_flying].sent_us = now_us;
    pace->n_flying++;
    pace->flying_bytes += bytes;
    return pace->last_number;
}

/* How many of those on the way an answer to @number is for: all before it, too. */
static guint count_answered(const Pace *pace, guint32 number)
{
    for (guint i = 0; i < pace->n_flying; i++) {
        if (pace->flying[i].number == number)
            return i + 1;
    }
    return 0;
}

void pace_answered(Pace *pace, guint32 number, gint64 now_us)
{
    guint n = count_answered(pace, number);
    gsize bytes = 0;
    if (n == 0)
        return;
    for (guint i = 0; i < n; i++)
        bytes += pace->flying[i].bytes;
    learn_round(pace, bytes, now_us - pace->flying[n - 1].sent_us);
    learn_bandwidth(pace, bytes, pace->flying[0].sent_us, now_us);
    pace->answered_us = now_us;
    pace->flying_bytes -= bytes;
    pace->n_flying -= n;
    memmove(pace->flying, pace->flying + n, pace->n_flying * sizeof *pace->flying);
}

void pace_answered_all(Pace *pace, gint64 now_us)
{
    pace_answered(pace, pace->last_number, now_us);
}

gboolean pace_is_open(const Pace *pace)
{
    if (pace->n_flying == 0)
        return TRUE;
    if (pace->n_flying == PACE_UPDATES || pace->bandwidth == 0)
        return FALSE;
    gint64 round_us = pace->round_us > 0 ? pace->round_us : pace->answer_us;
    double ahead_us = (double)(round_us + PACE_AHEAD_US);
    return (double)pace->flying_bytes < pace->bandwidth * ahead_us / G_USEC_PER_SEC;
}

gint64 pace_line_us(const Pace *pace, gsize bytes)
{
    if (pace->bandwidth == 0)
        return 0;
    return (gint64)MIN((double)bytes * G_USEC_PER_SEC / pace->bandwidth, (double)G_MAXINT32);
}

void pace_moved(Pace *pace, gint64 line_us)
{
    pace->easy = line_us < PACE_UPDATE_US / 3 ? pace->easy + 1 : 0;
    if (line_us > PACE_UPDATE_US && pace->pressure < PACE_PRESSURE_MOST) {
        pace->pressure++;
    } else if (pace->easy >= EASY_UPDATES && pace->pressure > 0) {
        pace->pressure--;
        pace->easy = 0;
    }
}

void pace_still(Pace *pace)
{
    pace->pressure = 0;
    pace->easy = 0;
}

guint pace_pressure(const Pace *pace)
{
    return pace->pressure;
}
