/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A screen with viewers before it, in one process: to see what comes of what is shown. */
#pragma once

#include "display/viewer.h"
#include "tests/lib/rfb-client.h"

typedef struct {
    Screen *screen;
    EncodeCache *cache;
    UpdateShare *share;
    GThreadPool *workers;
    ViewerHost host;    /* the test may add to it */
    GPtrArray *viewers; /* in the order they came */
    char *reason;       /* why the last one that was ended was; NULL: it left */
    guint n_ended, n_changed;
} Room;

/* @width 0: nothing is shown yet. */
Room *room_new(int width, int height);
void room_free(Room *room);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Room, room_free)

/* One more viewer; its end of the line, which has said nothing yet. */
int room_connect(Room *room);

/* One more viewer, owned by the caller, and the server's side of it, borrowed. */
RfbClient *room_enter(Room *room);
Viewer *room_viewer(const Room *room, guint index);

/* Like none before; JPEG does not pay for the first. */
Frame *room_frame(int width, int height);
Frame *room_smooth(int width, int height);

/* Takes over @frame. */
void room_show(Room *room, Frame *frame);

/* One turn of the main loop. */
void room_turn(Room *room, gboolean block);

#define room_until(room, condition)                                                                \
    do {                                                                                           \
        while (!(condition))                                                                       \
            room_turn(room, TRUE);                                                                 \
    } while (0)

/* Whether the viewer has of the newest frame what of @area both have, in its pixel format. */
gboolean room_sees(Room *room, const RfbClient *client, Rect area);
void room_until_seen(Room *room, const RfbClient *client);
