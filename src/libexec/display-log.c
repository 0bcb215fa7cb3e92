/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-log.h"

#include <stdio.h>

gboolean display_log_may(DisplayLog *log, gint64 now, guint64 *ret_left_out)
{
    gint64 seconds = (now - log->since) / G_USEC_PER_SEC;
    if (seconds > 0) {
        log->written -= (guint)MIN(seconds, log->written);
        log->since += seconds * G_USEC_PER_SEC;
    }
    *ret_left_out = log->left_out;
    if (log->written >= DISPLAY_LOG_BURST) {
        log->left_out++;
        return FALSE;
    }
    log->written++;
    log->left_out = 0;
    return TRUE;
}

void display_log(const char *line, gpointer log)
{
    guint64 left_out;
    if (!display_log_may(log, g_get_monotonic_time(), &left_out))
        return;
    if (left_out > 0)
        fprintf(stderr, "(%" G_GUINT64_FORMAT " lines like these were left out)\n", left_out);
    fprintf(stderr, "%s\n", line);
}
