/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A viewer's state, for the files viewer*.c only. */
#pragma once

#include "display/outbox.h"
#include "display/pace.h"
#include "display/tile-set.h"
#include "display/update-job.h"
#include "display/viewer-encodings.h"
#include "display/viewer.h"

/* What the viewer is told as soon as it may be told anything, beside pixels. */
typedef struct {
    gboolean resized; /* the size is another one: a message of its own */
    gboolean size;    /* what it is is asked for */
    gboolean cursor;
    gboolean abilities; /* what it can say to us: keys by number, more buttons */
} ViewerNews;

/* The update that is being made. */
typedef struct {
    UpdateJob *job;   /* NULL: none */
    GByteArray *head; /* rectangles that go first */
    guint n_head;
    ViewerNews news; /* what of it is in @head */
    Rect move;       /* where to; empty: nothing moved */
    gboolean asked;  /* it answers a request, for @area */
    Rect area;
    gboolean moves; /* parts of it are moving */
    gboolean exact; /* all it does is to make exact */
    gboolean begins_zrle;
} ViewerMaking;

struct Viewer {
    const ViewerHost *host;
    GIOStream *stream;
    GMainContext *context;

    /* viewer.c: the end, and what the server wants to know */
    ViewerEnded ended;
    ViewerChanged changed;
    gpointer userdata;
    GSource *notice; /* to call them */
    gboolean over;
    GError *error; /* why; NULL: it left */
    gboolean told_wants;

    /* viewer-read.c: what it says */
    GSource *readable;
    gboolean greeted; /* ClientInit came */
    RfbParser parser;
    guint8 buffer[RFB_MESSAGE_BYTES];
    gsize buffered;
    GString *text; /* Latin-1, that it copies, as far as it came; NULL: none */
    gboolean text_too_long;
    guint lent_shift_for; /* number of the key that made us press Shift; 0: none */
    struct {
        gboolean pending; /* a fence to be answered behind the next message */
        guint32 flags;
        guint8 length, payload[RFB_FENCE_BYTES];
    } sync;

    /* what it wants */
    PixelFormat format;
    ViewerAbilities abilities;
    gboolean requested; /* it waits for an update of @area */
    Rect area;
    gboolean continuous; /* it wants all of @continuous_area, unasked */
    Rect continuous_area;

    /* viewer-update.c: what it has */
    int width, height; /* of its picture */
    guint64 since;     /* the frame it was last told of */
    TileSet *tiles;
    ViewerNews news;
    ViewerMaking making;
    gboolean zrle_begun;
    gboolean has_cursor; /* was told of one */
    GSource *still;      /* timer: something may be made exact */
    gboolean waits;      /* for news of the screen: nothing else is in the way */

    /* the line */
    Outbox *outbox;
    Pace pace;
    guint64 n_updates;
};

/* viewer.c */
void viewer_end(Viewer *viewer, const GError *error); /* NULL: it left */
void viewer_notice(Viewer *viewer); /* something that @changed tells may be another than before */

/* viewer-read.c */
void viewer_read_start(Viewer *viewer);
void viewer_read_stop(Viewer *viewer);

/* viewer-messages.c: FALSE with @error set when the viewer breaks the protocol */
gboolean viewer_take_message(Viewer *viewer, const RfbMessage *message, GError **error);

/* viewer-say.c: puts messages into the outbox */
void viewer_say_hello(Viewer *viewer); /* ServerInit */
void viewer_say_fence(Viewer *viewer, guint32 flags, const guint8 *payload, guint length);
void viewer_say_own_fence(Viewer *viewer, gsize sent_bytes); /* behind an update of so many */
void viewer_say_end_of_continuous(Viewer *viewer);
void viewer_say_text(Viewer *viewer, const char *text); /* that somebody else copied */
void viewer_say_update(Viewer *viewer, guint n_rects);  /* the rectangles follow */
void viewer_say_size(Viewer *viewer, RfbResizeReason reason, RfbResizeStatus status);

/* viewer-update.c */
void viewer_tell(Viewer *viewer); /* starts what may be started now */
void viewer_flush(Viewer *viewer);
void viewer_set_size(Viewer *viewer, int width, int height);

/* viewer-make.c */
/* Begins an update of what is owed of @area; FALSE: there is nothing to say. */
gboolean viewer_make(Viewer *viewer, const ScreenUpdate *update, Rect area);
/* What is being made is not wanted so any more: it is owed again. */
void viewer_unmake(Viewer *viewer);
