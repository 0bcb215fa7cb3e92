/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

uint64_t report_uptime_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void report_first_frame(Report *report, uint32_t number, int width, int height,
                        const char *renderer)
{
    *report = (Report){ .second_started_ms = report_uptime_ms(), .frames_then = number };
    printf("vgpuctl-guest: first-frame number=%" PRIu32 " width=%d height=%d renderer=\"%s\" "
           "uptime_ms=%" PRIu64 "\n",
           number, width, height, renderer, report->second_started_ms);
    fflush(stdout);
}

void report_second(Report *report, uint32_t number)
{
    uint64_t now = report_uptime_ms(), passed = now - report->second_started_ms;
    if (passed == 0)
        return;
    report->rate_tenths =
        (unsigned)(((number - report->frames_then) * UINT64_C(10000) + passed / 2) / passed);
    report->second_started_ms = now;
    report->frames_then = number;
    printf("vgpuctl-guest: frames number=%" PRIu32 " fps=%u.%u\n", number, report->rate_tenths / 10,
           report->rate_tenths % 10);
    fflush(stdout);
}

void report_done(void)
{
    printf("vgpuctl-guest: done\n");
    fflush(stdout);
}
