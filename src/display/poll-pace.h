/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How often to ask for what tells nobody that it changed: at full rate while it moves, the more
 * seldom the longer it stands still. A change that comes alone, as of a cursor that blinks, is no
 * movement. Pure.
 */
#pragma once

#include <glib.h>

#define POLL_PACE_FAST_US (G_USEC_PER_SEC / 60)
#define POLL_PACE_SLOW_US (G_USEC_PER_SEC / 5)

/* From zero it starts fast. */
typedef struct {
    gint64 due_us; /* g_get_monotonic_time() of the next question */
    guint still;   /* answers without news in a row */
    guint lively;  /* as many as that do not make it slower */
} PollPace;

/* What was asked at @now_us was news, or not. */
void poll_pace_answer(PollPace *pace, gint64 now_us, gboolean news);

/* News is likely, soon: at full rate for a while. */
void poll_pace_hurry(PollPace *pace, gint64 now_us);
