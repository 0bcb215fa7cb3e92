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
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), <=, 6);
    for (guint i = 0; i < 1000; i++)
        questions(&pace, &now, 10, FALSE);
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), >=, 5);
    poll_pace_answer(&pace, now, TRUE);
    g_assert_cmpint(pace.due_us - now, <=, POLL_PACE_FAST_US);
    g_assert_cmpuint(questions(&pace, &now, 10, TRUE), >=, 59);
}

/* Of what changes each @period_us: how many are seen in ten seconds, and *@ret_questions for it. */
static guint seen(gint64 period_us, guint *ret_questions)
{
    PollPace pace = { 0 };
    gint64 now = 1000000, last = 0;
    guint n = 0;
    *ret_questions = 0;
    for (gint64 end = now + 10 * G_USEC_PER_SEC; now < end;) {
        now = MAX(now, pace.due_us) + 10;
        gint64 change = now / period_us;
        n += change != last;
        (*ret_questions)++;
        poll_pace_answer(&pace, now, change != last);
        last = change;
    }
    return n;
}

/* what moves slowly is seen whole; a cursor that blinks is not asked for like a film */
static void test_slow_guests(void)
{
    guint asked;
    g_assert_cmpuint(seen(33333, &asked), >=, 298);
    g_assert_cmpuint(seen(100000, &asked), >=, 98);
    g_assert_cmpuint(seen(200000, &asked), >=, 48);
    g_assert_cmpuint(seen(500000, &asked), >=, 19);
    g_assert_cmpuint(asked, <=, 220);
    g_assert_cmpuint(seen(1000000, &asked), >=, 10);
    g_assert_cmpuint(asked, <=, 150);
}

static void test_hurry(void)
{
    PollPace pace = { 0 };
    gint64 now = 1000000;
    questions(&pace, &now, 10, FALSE);
    questions(&pace, &now, 10, FALSE);
    poll_pace_hurry(&pace, now);
    g_assert_cmpint(pace.due_us - now, <=, POLL_PACE_FAST_US);
    g_assert_cmpuint(questions(&pace, &now, 10, FALSE), >=, 15);
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
    g_test_add_func("/poll-pace/slow-guests", test_slow_guests);
    g_test_add_func("/poll-pace/hurry", test_hurry);
    return g_test_run();
}
