/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/poll-pace.h"

/* How many questions in a second from @now_us on, each of which takes @takes_us. */
static guint questions(PollPace *pace, gint64 *now_us, gint64 takes_us, gboolean news)
{
    guint n = 0;
    for (gint64 end = *now_us + G_USEC_PER_SEC; *now_us < end; n++) {
        *now_us = MAX(*now_us, pace->due_us) + takes_us;
        poll_pace_answer(pace, *now_us, news);
    }
    return n;
}

static void test_moving(void)
{
    PollPace pace = { 0 };
    gint64 now = 1000000;
    g_assert_cmpuint(questions(&pace, &now, 10, TRUE), >=, 60);
    g_assert_cmpuint(questions(&pace, &now, 10, TRUE), <=, 61);
    /* reading that takes half of the time does not make it slower */
    g_assert_cmpuint(questions(&pace, &now, POLL_PACE_FAST_US / 2, TRUE), >=, 59);
    g_assert_cmpuint(questions(&pace, &now, POLL_PACE_FAST_US / 2, TRUE), <=, 61);
}

/* a slow reader still leaves the processor half of the time */
static void test_slow(void)
{
    PollPace pace = { 0 };
    gint64 now = 1000000;
    questions(&pace, &now, 50000, TRUE);
    g_assert_cmpuint(questions(&pace, &now, 50000, TRUE), <=, 18);
}

static void test_still(void)
{
    PollPace pace = { 0 };
    gint64 now = 1000000;
    questions(&pace, &now, 10, TRUE);
    questions(&pace, &now, 10, FALSE);
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), <=, 11);
    for (guint i = 0; i < 1000; i++)
        questions(&pace, &now, 10, FALSE);
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), >=, 10);
    poll_pace_answer(&pace, now, TRUE);
    g_assert_cmpint(pace.due_us - now, <=, POLL_PACE_FAST_US);
    g_assert_cmpuint(questions(&pace, &now, 10, TRUE), >=, 59);
}

static void test_hurry(void)
{
    PollPace pace = { 0 };
    gint64 now = 1000000;
    questions(&pace, &now, 10, FALSE);
    questions(&pace, &now, 10, FALSE);
    poll_pace_hurry(&pace, now);
    g_assert_cmpint(pace.due_us - now, <=, POLL_PACE_FAST_US);
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), >=, 20);
    /* who types all the time does not make it faster than moving pictures */
    now = pace.due_us;
    poll_pace_answer(&pace, now, TRUE);
    gint64 due = pace.due_us;
    for (gint64 us = 0; us < 10000; us += 1000)
        poll_pace_hurry(&pace, now + us);
    g_assert_cmpint(pace.due_us, ==, due);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/poll-pace/moving", test_moving);
    g_test_add_func("/poll-pace/slow", test_slow);
    g_test_add_func("/poll-pace/still", test_still);
    g_test_add_func("/poll-pace/hurry", test_hurry);
    return g_test_run();
}
