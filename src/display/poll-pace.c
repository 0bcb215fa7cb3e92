/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/poll-pace.h"

#define LIVELY_ALONE 3  /* after one change: more may follow at once */
#define LIVELY_INPUT 12 /* after a key: programs take up to 0.2 s for their answer */
#define LIVELY_LIMIT                                                                               \
    15         /* of what moves: guests that draw 4 pictures a second are still not late           \
                */
#define NEAR 2 /* so much slower at most, it was the same movement */

static gint64 interval(const PollPace *pace)
{
    gint64 us = POLL_PACE_FAST_US;
    for (guint i = pace->lively; i < pace->still && us < POLL_PACE_SLOW_US; i++)
        us += us / 2;
    return MIN(us, POLL_PACE_SLOW_US);
}

static void count(PollPace *pace, gboolean news)
{
    if (!news) {
        pace->still = MIN(pace->still + 1, 1000);
        return;
    }
    gboolean moves = pace->still <= pace->lively + NEAR;
    pace->lively = moves ? MIN(pace->lively + LIVELY_ALONE, LIVELY_LIMIT) : LIVELY_ALONE;
    pace->still = 0;
}

/* Beats keep their distance, whatever reading takes; those that were missed are not made up for. */
void poll_pace_answer(PollPace *pace, gint64 now_us, gboolean news)
{
    count(pace, news);
    gint64 step = interval(pace);
    pace->due_us = MAX(pace->due_us + step, now_us + step / 2);
    pace->due_us = MIN(pace->due_us, now_us + step);
}

void poll_pace_hurry(PollPace *pace, gint64 now_us)
{
    pace->lively = MAX(pace->lively, LIVELY_INPUT);
    pace->still = 0;
    pace->due_us = MIN(pace->due_us, now_us + POLL_PACE_FAST_US);
}
