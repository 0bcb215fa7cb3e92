/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/poll-pace.h"

/* A guest that draws 30 pictures a second, or that is about to answer a key, is not still. */
#define PATIENCE 15

static gint64 interval(guint still)
{
    gint64 us = POLL_PACE_FAST_US;
    for (guint i = PATIENCE; i < still && us < POLL_PACE_SLOW_US; i++)
        us += us / 4;
    return MIN(us, POLL_PACE_SLOW_US);
}

/* Beats keep their distance, whatever reading takes; those that were missed are not made up for. */
void poll_pace_answer(PollPace *pace, gint64 now_us, gboolean news)
{
    pace->still = news ? 0 : MIN(pace->still + 1, 1000);
    gint64 step = interval(pace->still);
    pace->due_us = MAX(pace->due_us + step, now_us + step / 2);
    pace->due_us = MIN(pace->due_us, now_us + step);
}

void poll_pace_hurry(PollPace *pace, gint64 now_us)
{
    pace->still = 0;
    pace->due_us = MIN(pace->due_us, now_us + POLL_PACE_FAST_US);
}
