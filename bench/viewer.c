/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "viewer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

uint64_t viewer_bytes;
static int vnc_fd = -1;

/* In front of the C library's: the client reads with it, and counts nothing itself. */
ssize_t read(int fd, void *buffer, size_t size)
{
    ssize_t n = syscall(SYS_read, fd, buffer, size);
    if (fd == vnc_fd && n > 0)
        viewer_bytes += (uint64_t)n;
    return n;
}

double viewer_seconds(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void viewer_fail(const char *what)
{
    fprintf(stderr, "viewer: %s\n", what);
    exit(1);
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0)
        viewer_fail("the server cannot be reached");
    return fd;
}

rfbClient *viewer_start(const char *path, const char *encoding, const char *quality,
                        FinishedFrameBufferUpdateProc on_update)
{
    rfbEnableClientLogging = FALSE;
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
        viewer_fail("no handshake");
    client->width = client->si.framebufferWidth;
    client->height = client->si.framebufferHeight;
    client->updateRect.x = client->updateRect.y = 0; /* what it asks for from then on */
    client->updateRect.w = client->width;
    client->updateRect.h = client->height;
    if (!client->MallocFrameBuffer(client) || !SetFormatAndEncodings(client) ||
        !SendFramebufferUpdateRequest(client, 0, 0, client->width, client->height, FALSE))
        viewer_fail("the server does not want to show");
    return client;
}

rfbBool viewer_handle(rfbClient *client, double until)
{
    double left = until - viewer_seconds(CLOCK_MONOTONIC);
    int n = left > 0 ? WaitForMessage(client, (unsigned)(left * 1e6) + 1) : 0;
    if (n < 0 || (n > 0 && !HandleRFBServerMessage(client)))
        viewer_fail("the server ended it");
    return n > 0;
}
