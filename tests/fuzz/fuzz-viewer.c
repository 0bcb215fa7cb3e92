/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile viewer may say, to all that serves it, while the screen goes on: it ends in peace
 * or is ended with a reason, and what it makes us keep is bounded.
 */
#include "fuzz.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/lib/rfb-room.h"

#define WIDTH 100
#define HEIGHT 70
#define PIECE 16
#define TURNS 8
#define HELD_MOST (1 << 18)

static Frame *another_frame(int width)
{
    static guint32 colour;
    Frame *frame = frame_new(width, HEIGHT, NULL);
    colour += 0x12345;
    for (int i = 0; i < width; i++)
        frame_row(frame, i % HEIGHT)[i] = colour * (guint32)i;
    return frame;
}

/* What it is sent is read, so that it comes to the end of what it says. */
static void drain(int fd)
{
    guint8 bytes[1 << 16];
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
        continue;
}

static void turn(Room *room, int fd, gboolean block)
{
    drain(fd);
    room_turn(room, block);
    for (guint i = 0; i < room->viewers->len; i++)
        g_assert_cmpuint(viewer_statistics(room_viewer(room, i)).held_bytes, <, HELD_MOST);
}

static void say(Room *room, int fd, const uint8_t *data, size_t size)
{
    for (size_t done = 0; done < size && room->n_ended == 0;) {
        size_t piece = MIN(size - done, PIECE);
        ssize_t n = send(fd, data + done, piece, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN)
            break;
        done += n > 0 ? (size_t)n : 0;
        for (guint i = 0; i < TURNS; i++)
            turn(room, fd, i == 0);
        if (done % 3 == 0)
            room_show(room, another_frame(done % 2 ? WIDTH : WIDTH - 10));
        g_thread_yield();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static Room *room;
    if (room == NULL)
        room = room_new(0, 0);
    room->n_ended = 0;
    int fd = room_connect(room);
    say(room, fd, data, size);
    shutdown(fd, SHUT_WR);
    while (room->n_ended == 0)
        turn(room, fd, TRUE);
    close(fd);
    g_assert_cmpuint(room->viewers->len, ==, 0);
    return 0;
}
