/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pace.h"

#include <math.h>

/*
 * A line of the test's own: what is sent leaves it after all before it, at @bandwidth, and is
 * answered a round later.
 */
typedef struct {
    Pace pace;
    double bandwidth;
    gint64 round_us, now_us, free_us;
    struct {
        guint32 number;
        gint64 answer_us;
    } answers[PACE_UPDATES];
    guint n_answers;
} Line;

static void line_send(Line *line, gsize bytes)
{
    g_assert_cmpuint(line->n_answers, <, PACE_UPDATES);
    gint64 begin_us = MAX(line->now_us, line->free_us);
    line->free_us = begin_us + (gint64)((double)bytes / line->bandwidth * G_USEC_PER_SEC);
    line->answers[line->n_answers].number = pace_sent(&line->pace, bytes, line->now_us);
    line->answers[line->n_answers++].answer_us = line->free_us + line->round_us;
}

/* Waits for the next answer. */
static void line_answer(Line *line)
{
    g_assert_cmpuint(line->n_answers, >, 0);
    line->now_us = MAX(line->now_us, line->answers[0].answer_us);
    pace_answered(&line->pace, line->answers[0].number, line->now_us);
    for (guint i = 1; i < line->n_answers; i++)
        line->answers[i - 1] = line->answers[i];
    line->n_answers--;
}

/* @n updates, each as soon as it may; the longest time that one was late. */
static gint64 line_run(Line *line, guint n, gsize bytes)
{
    gint64 late_us = 0;
    for (guint i = 0; i < n; i++) {
        while (!pace_is_open(&line->pace))
            line_answer(line);
        gint64 begin_us = line->now_us;
        line_send(line, bytes);
        late_us = MAX(late_us, line->answers[line->n_answers - 1].answer_us - begin_us);
    }
    return late_us;
}

static void test_first(void)
{
    Pace pace = { 0 };
    g_assert_true(pace_is_open(&pace));
    g_assert_cmpint(pace_line_us(&pace, 1 << 20), ==, 0);
    guint32 number = pace_sent(&pace, 1 << 20, 1000);
    g_assert_false(pace_is_open(&pace));
    pace_answered(&pace, number + 1, 2000);
    g_assert_false(pace_is_open(&pace));
    pace_answered(&pace, number, 2000);
    g_assert_true(pace_is_open(&pace));
    pace_answered(&pace, number, 3000);
    g_assert_cmpuint(pace.n_flying, ==, 0);
    g_assert_cmpuint(pace.flying_bytes, ==, 0);
}

static void test_bandwidth(void)
{
    static const struct {
        double bandwidth;
        gint64 round_us;
        gsize bytes;
    } lines[] = {
        { 125e3, 50000, 20000 }, /* 1 Mbit/s, far away */
        { 12.5e6, 2000, 100000 },
        { 1e9, 100, 4 << 20 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(lines); i++) {
        Line line = { .bandwidth = lines[i].bandwidth, .round_us = lines[i].round_us };
        line_run(&line, 1, 100);
        line_run(&line, 100, lines[i].bytes);
        double ratio = line.pace.bandwidth / lines[i].bandwidth;
        g_assert_cmpfloat(fabs(ratio - 1), <, 0.2);
    }
}

/* What is late is never more than a round, the time ahead and what one update itself takes. */
static void test_latency(void)
{
    static const double bandwidths[] = { 50e3, 1e6, 100e6 };
    for (gsize i = 0; i < G_N_ELEMENTS(bandwidths); i++) {
        Line line = { .bandwidth = bandwidths[i], .round_us = 20000 };
        gsize bytes = 10000;
        gint64 itself_us = (gint64)((double)bytes / bandwidths[i] * G_USEC_PER_SEC);
        line_run(&line, 50, bytes);
        gint64 late_us = line_run(&line, 200, bytes);
        g_assert_cmpint(late_us, <, 2 * line.round_us + 2 * PACE_AHEAD_US + 2 * itself_us);
    }
}

/* A long line is used well: more than one update for each round. */
static void test_ahead(void)
{
    Line line = { .bandwidth = 12.5e6, .round_us = 100000 };
    line_run(&line, 20, 50000);
    gint64 begin_us = line.now_us;
    line_run(&line, 100, 50000);
    g_assert_cmpint(line.now_us - begin_us, <, 60 * line.round_us);
}

static void test_slower_line(void)
{
    Line line = { .bandwidth = 10e6, .round_us = 1000 };
    line_run(&line, 50, 50000);
    line.bandwidth = 1e6;
    line_run(&line, 50, 50000);
    g_assert_cmpfloat(line.pace.bandwidth, <, 1.5e6);
    line.bandwidth = 10e6;
    line_run(&line, 50, 50000);
    g_assert_cmpfloat(line.pace.bandwidth, >, 5e6);
}

static void test_silent_viewer(void)
{
    Pace pace = { 0 };
    for (guint i = 0; i < 20; i++)
        pace_answered(&pace, pace_sent(&pace, 1 << 20, i * 1000), i * 1000 + 500);
    guint n = 0;
    for (; pace_is_open(&pace); n++)
        pace_sent(&pace, 1 << 10, 100000);
    g_assert_cmpuint(n, <=, PACE_UPDATES);
    pace_answered_all(&pace, 200000);
    g_assert_true(pace_is_open(&pace));
}

static void test_pressure(void)
{
    Pace pace = { 0 };
    for (guint i = 0; i < 10; i++)
        pace_moved(&pace, 10 * 1000);
    g_assert_cmpuint(pace_pressure(&pace), ==, 0);
    pace_moved(&pace, PACE_UPDATE_US + 1);
    g_assert_cmpuint(pace_pressure(&pace), ==, 1);
    for (guint i = 0; i < 10; i++)
        pace_moved(&pace, 100 * 1000);
    g_assert_cmpuint(pace_pressure(&pace), ==, PACE_PRESSURE_MOST);
    for (guint i = 0; i < 10; i++)
        pace_moved(&pace, 25 * 1000); /* fits, but a better picture would not */
    g_assert_cmpuint(pace_pressure(&pace), ==, PACE_PRESSURE_MOST);
    for (guint i = 0; i < 10; i++)
        pace_moved(&pace, 5 * 1000);
    g_assert_cmpuint(pace_pressure(&pace), ==, PACE_PRESSURE_MOST - 1);
    pace_still(&pace);
    g_assert_cmpuint(pace_pressure(&pace), ==, 0);
}

/* numbers go round */
static void test_numbers(void)
{
    Pace pace = { .last_number = G_MAXUINT32 - 1 };
    for (guint i = 0; i < 4; i++) {
        guint32 number = pace_sent(&pace, 10, i * 10);
        pace_answered(&pace, number, i * 10 + 5);
        g_assert_cmpuint(pace.n_flying, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pace/first", test_first);
    g_test_add_func("/pace/bandwidth", test_bandwidth);
    g_test_add_func("/pace/latency", test_latency);
    g_test_add_func("/pace/ahead", test_ahead);
    g_test_add_func("/pace/slower-line", test_slower_line);
    g_test_add_func("/pace/silent-viewer", test_silent_viewer);
    g_test_add_func("/pace/pressure", test_pressure);
    g_test_add_func("/pace/numbers", test_numbers);
    return g_test_run();
}
