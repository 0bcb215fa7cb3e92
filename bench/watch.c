/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch SOCKET ENCODING QUALITY SECONDS [FILE|DIRECTORY]
 *
 * A viewer (viewer.h) that counts. After the first update and a second to settle it prints "ready"
 * and counts for SECONDS, then prints JSON.
 *
 * With FILE it goes on for SECONDS after the first whole frame, writes the pixels there, and
 * that is all it does. With DIRECTORY it writes the pixels of each fourth frame to
 * DIRECTORY/NUMBER, as they are when it is first whole, and says of each what the update took that
 * made it so.
 */
#include "viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "strip.h"

#define SETTLE_S 1.0
#define PATIENCE_S 15.0
#define KEEP_EACH 4 /* of the numbers: writing takes time, too */

typedef struct {
    unsigned updates, frames, torn, unreadable; /* frames: with another number than the last */
    int have_number;
    uint32_t first, last;
} Count;

static Count count;
static const char *directory; /* for each frame's pixels */
static uint64_t bytes_before; /* this update */

static void write_pixels(const rfbClient *client, const char *path)
{
    FILE *file = fopen(path, "wb");
    size_t size = (size_t)client->width * (size_t)client->height * 4;
    if (file == NULL || fwrite(client->frameBuffer, 1, size, file) != size || fclose(file) != 0)
        viewer_fail("the pixels cannot be written");
}

static void keep_frame(const rfbClient *client, uint32_t number)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%u", directory, number);
    write_pixels(client, path);
    printf("{\"number\": %u, \"bytes\": %llu}\n", number,
           (unsigned long long)(viewer_bytes - bytes_before));
}

static void see_frame(const rfbClient *client, uint32_t number)
{
    if (count.have_number && number == count.last)
        return;
    if (!count.have_number)
        count.first = number;
    count.have_number = 1;
    count.last = number;
    count.frames++;
    if (directory != NULL && number % KEEP_EACH == 0)
        keep_frame(client, number);
}

static void on_update(rfbClient *client)
{
    uint32_t number = 0;
    count.updates++;
    StripResult result =
        strip_decode((const uint32_t *)(const void *)client->frameBuffer, (unsigned)client->width,
                     (unsigned)client->height, (size_t)client->width * 4, &number);
    count.torn += result == STRIP_TORN;
    count.unreadable += result != STRIP_OK && result != STRIP_TORN;
    if (result == STRIP_OK)
        see_frame(client, number);
    bytes_before = viewer_bytes;
}

/* Until that time, or until @frames have come in all. */
static void handle(rfbClient *client, double until, unsigned frames)
{
    while (count.frames < frames && viewer_seconds(CLOCK_MONOTONIC) < until)
        viewer_handle(client, until);
}

static int is_directory(const char *path)
{
    struct stat facts;
    return stat(path, &facts) == 0 && S_ISDIR(facts.st_mode);
}

static void keep_pixels(rfbClient *client, double for_seconds, const char *path)
{
    directory = is_directory(path) ? path : NULL;
    handle(client, viewer_seconds(CLOCK_MONOTONIC) + for_seconds, UINT32_MAX);
    if (directory != NULL)
        return;
    write_pixels(client, path);
    printf("{\"bytes\": %llu, \"width\": %d, \"height\": %d}\n", (unsigned long long)viewer_bytes,
           client->width, client->height);
}

static void count_frames(rfbClient *client, double for_seconds)
{
    printf("ready\n");
    fflush(stdout);
    count = (Count){ .have_number = count.have_number, .first = count.last, .last = count.last };
    viewer_bytes = 0;
    double began = viewer_seconds(CLOCK_MONOTONIC);
    double cpu = viewer_seconds(CLOCK_PROCESS_CPUTIME_ID);
    handle(client, began + for_seconds, UINT32_MAX);
    printf("{\"seconds\": %.4f, \"updates\": %u, \"frames\": %u, \"drawn\": %u, \"torn\": %u, "
           "\"unreadable\": %u, \"bytes\": %llu, \"cpu_ms\": %.3f}\n",
           viewer_seconds(CLOCK_MONOTONIC) - began, count.updates, count.frames,
           count.last - count.first, count.torn, count.unreadable, (unsigned long long)viewer_bytes,
           (viewer_seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: watch SOCKET raw|tight|zrle QUALITY|- SECONDS [FILE|DIRECTORY]\n");
        return 2;
    }
    rfbClient *client = viewer_start(argv[1], argv[2], argv[3], on_update);
    handle(client, viewer_seconds(CLOCK_MONOTONIC) + PATIENCE_S, 1);
    if (count.frames == 0 && argc == 6)
        viewer_fail("no frame of the guest came");
    if (argc == 6) {
        keep_pixels(client, atof(argv[4]), argv[5]);
        return 0;
    }
    handle(client, viewer_seconds(CLOCK_MONOTONIC) + SETTLE_S, UINT32_MAX);
    count_frames(client, atof(argv[4]));
    return 0;
}
