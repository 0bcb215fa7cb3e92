/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * watch SOCKET ENCODING QUALITY SECONDS [FILE]
 *
 * A viewer without a window, made of libvncclient, that counts: the same one for every server. It
 * asks for the next update when it has the last, as such viewers do. ENCODING is raw, tight or
 * zrle; QUALITY is that of JPEG, 0 to 9, or - for none.
 *
 * After the first whole frame and a second to settle it prints "ready" and counts for SECONDS, then
 * prints JSON. With FILE it goes on for SECONDS after that frame, writes the pixels there, and that
 * is all it does.
 */
#include <rfb/rfbclient.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "strip.h"

#define SETTLE_S 1.0
#define PATIENCE_S 15.0

static int vnc_fd = -1;
static uint64_t bytes; /* read from the server */

typedef struct {
    unsigned updates, frames, torn, unreadable; /* frames: with another number than the last */
    int have_number;
    uint32_t first, last;
} Count;

static Count count;

/* In front of the C library's: the client reads with it, and counts nothing itself. */
ssize_t read(int fd, void *buffer, size_t size)
{
    ssize_t n = syscall(SYS_read, fd, buffer, size);
    if (fd == vnc_fd && n > 0)
        bytes += (uint64_t)n;
    return n;
}

static double seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
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
    if (result != STRIP_OK || (count.have_number && number == count.last))
        return;
    if (!count.have_number)
        count.first = number;
    count.have_number = 1;
    count.last = number;
    count.frames++;
}

static void fail(const char *what)
{
    fprintf(stderr, "watch: %s\n", what);
    exit(1);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        fail("the server cannot be reached");
    return fd;
}

static rfbClient *start(const char *path, const char *encoding, const char *quality)
{
    rfbClient *client = rfbGetClient(8, 3, 4);
    client->format.redShift = 16;
    client->format.greenShift = 8;
    client->format.blueShift = 0;
    client->appData.encodingsString = encoding;
    client->appData.compressLevel = 1;
    client->appData.enableJPEG = quality[0] != '-';
    client->appData.qualityLevel = atoi(quality);
    client->appData.useRemoteCursor = TRUE; /* else it asks for no cursor, which is then drawn in */
    client->canHandleNewFBSize = TRUE;
    client->FinishedFrameBufferUpdate = on_update;
    client->sock = vnc_fd = connect_to(path);
    if (!InitialiseRFBConnection(client))
        fail("no handshake");
    client->width = client->si.framebufferWidth;
    client->height = client->si.framebufferHeight;
    client->updateRect.x = client->updateRect.y = 0; /* what it asks for from then on */
    client->updateRect.w = client->width;
    client->updateRect.h = client->height;
    if (!client->MallocFrameBuffer(client) || !SetFormatAndEncodings(client) ||
        !SendFramebufferUpdateRequest(client, 0, 0, client->width, client->height, FALSE))
        fail("the server does not want to show");
    return client;
}

/* Until that time, or until @frames have come in all. */
static void handle(rfbClient *client, double until, unsigned frames)
{
    double left;
    while (count.frames < frames && (left = until - seconds(CLOCK_MONOTONIC)) > 0) {
        int n = WaitForMessage(client, (unsigned)(left * 1e6) + 1);
        if (n < 0 || (n > 0 && !HandleRFBServerMessage(client)))
            fail("the server ended it");
    }
}

static void dump(const rfbClient *client, const char *path)
{
    FILE *file = fopen(path, "wb");
    size_t size = (size_t)client->width * (size_t)client->height * 4;
    if (file == NULL || fwrite(client->frameBuffer, 1, size, file) != size || fclose(file) != 0)
        fail("the pixels cannot be written");
    printf("{\"bytes\": %llu, \"width\": %d, \"height\": %d}\n", (unsigned long long)bytes,
           client->width, client->height);
}

int main(int argc, char **argv)
{
    if (argc != 5 && argc != 6) {
        fprintf(stderr, "usage: watch SOCKET raw|tight|zrle QUALITY|- SECONDS [FILE]\n");
        return 2;
    }
    rfbEnableClientLogging = FALSE;
    rfbClient *client = start(argv[1], argv[2], argv[3]);
    handle(client, seconds(CLOCK_MONOTONIC) + PATIENCE_S, 1);
    if (count.frames == 0 && argc == 6)
        fail("no frame of the guest came");
    if (argc == 6) {
        handle(client, seconds(CLOCK_MONOTONIC) + atof(argv[4]), UINT32_MAX);
        dump(client, argv[5]);
        return 0;
    }
    handle(client, seconds(CLOCK_MONOTONIC) + SETTLE_S, UINT32_MAX);
    printf("ready\n");
    fflush(stdout);
    count = (Count){ .have_number = count.have_number, .first = count.last, .last = count.last };
    bytes = 0;
    double began = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_PROCESS_CPUTIME_ID);
    handle(client, began + atof(argv[4]), UINT32_MAX);
    printf("{\"seconds\": %.4f, \"updates\": %u, \"frames\": %u, \"drawn\": %u, \"torn\": %u, "
           "\"unreadable\": %u, \"bytes\": %llu, \"cpu_ms\": %.3f}\n",
           seconds(CLOCK_MONOTONIC) - began, count.updates, count.frames, count.last - count.first,
           count.torn, count.unreadable, (unsigned long long)bytes,
           (seconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) * 1e3);
    return 0;
}
