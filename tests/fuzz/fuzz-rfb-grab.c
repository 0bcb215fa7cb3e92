/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile or broken VNC server may say. For any bytes: a whole picture or an error, and no
 * picture with pixels that never came.
 */
#include "fuzz.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "libexec/rfb-grab.h"

/* A server that makes us ask without end fills the socket, which nobody reads here. */
#define LIMIT_MS 100

static void check_frame(const Frame *frame)
{
    g_assert(frame->width >= 1 && frame->width <= FRAME_SIDE_LIMIT);
    g_assert(frame->height >= 1 && frame->height <= FRAME_SIDE_LIMIT);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            g_assert(frame_row(frame, y)[x] >> 24 == 0xff);
}

/* Plays a server that says @start, then @data, and goes. */
static void play(const char *start, gsize start_size, const uint8_t *data, size_t size)
{
    int pair[2];
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    autofd int client = pair[0], server = pair[1];
    (void)send(server, start, start_size, MSG_DONTWAIT);
    (void)send(server, data, size, MSG_DONTWAIT);
    shutdown(server, SHUT_WR);

    g_autoptr(GError) error = NULL;
    g_autoptr(Frame) frame = rfb_grab(client, LIMIT_MS, &error);
    g_assert((frame == NULL) == (error != NULL));
    if (frame != NULL)
        check_frame(frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* a screen of 4 x 3; the messages after it are where most of the parser is */
    static const char start[] = "RFB 003.008\n\1\1\0\0\0\0\0\4\0\3"
                                "\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0"
                                "\0\0\0\4QEMU";
    play("", 0, data, size);
    play(start, sizeof start - 1, data, size);
    return 0;
}
