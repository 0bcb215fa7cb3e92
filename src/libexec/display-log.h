/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lines on standard error, which somebody keeps: no stranger may fill a disk with them. */
#pragma once

#include <glib.h>

#define DISPLAY_LOG_BURST 20 /* lines at once, then one a second */

typedef struct {
    guint written; /* of the burst */
    gint64 since;  /* when that was counted, us */
    guint64 left_out;
} DisplayLog;

/* Whether a line may be written at @now; *@ret_left_out: how many were not since the last one. */
gboolean display_log_may(DisplayLog *log, gint64 now, guint64 *ret_left_out);

/* Writes @line, or counts it: a RfbServerLog. */
void display_log(const char *line, gpointer log);
