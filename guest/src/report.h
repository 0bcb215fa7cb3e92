/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest tells on its serial line
 *
 *     vgpuctl-guest: first-frame number=1 width=W height=H renderer="..." uptime_ms=N
 *     vgpuctl-guest: frames number=N fps=F        once a second
 *     vgpuctl-guest: done
 *
 * The first line comes when the first flip is done, not when it was asked for. Programs read these
 * lines; change them together with their readers.
 */
#pragma once

#include <stdint.h>

typedef struct {
    uint64_t second_started_ms; /* when the count of this second began */
    uint32_t frames_then;       /* frame number at that time */
    unsigned rate_tenths;       /* measured in the second before, frames a second x 10 */
} Report;

/* Milliseconds since the kernel started. */
uint64_t report_uptime_ms(void);

void report_first_frame(Report *report, uint32_t number, int width, int height,
                        const char *renderer);
/* To be called once a second or so. */
void report_second(Report *report, uint32_t number);
void report_done(void);
