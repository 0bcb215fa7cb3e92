/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One viewer, from ClientInit to its end: reads its messages, tells it what it lacks, at the pace
 * and in the quality its line bears. Lives in the main context; encoding is done by worker threads.
 * What a viewer can make us keep is bounded: frames are shared, and no update is begun while the
 * last ones wait to be sent.
 */
#pragma once

#include <gio/gio.h>

#include "display/clipboard.h"
#include "display/encode-cache.h"
#include "display/input.h"
#include "display/keysym.h"
#include "display/source.h"
#include "display/update-share.h"

/* What all viewers of a screen share; borrowed. */
typedef struct {
    const char *name; /* of the desktop, UTF-8 */
    Screen *screen;
    Source *source; /* NULL: nobody resizes */
    Input *input;   /* NULL: viewers only look */
    const Keysyms *keysyms;
    Clipboard *clipboard; /* NULL: nothing that is copied goes anywhere */
    EncodeCache *cache;
    UpdateShare *share;   /* NULL: each is told of the newest frame */
    GThreadPool *workers; /* of viewer_work() */
} ViewerHost;

/* The function of @workers: g_thread_pool_new(viewer_work, NULL, ...). */
void viewer_work(gpointer job, gpointer unused);

typedef struct Viewer Viewer;
typedef void (*ViewerEnded)(Viewer *viewer, const GError *reason, gpointer userdata);
typedef void (*ViewerChanged)(Viewer *viewer, gpointer userdata);

/*
 * @stream: behind the security handshake, taken over; its streams must be pollable. @ended is
 * called once, then it is to be freed; @reason is NULL when it left by itself. @changed (or NULL)
 * is called when viewer_wants() says something else than before. Neither is called within a
 * function of the viewer's.
 */
Viewer *viewer_new(const ViewerHost *host, GIOStream *stream, ViewerEnded ended,
                   ViewerChanged changed, gpointer userdata);
void viewer_free(Viewer *viewer);

/* Something on the screen is new (screen_watch()). */
void viewer_look(Viewer *viewer);

/* Whether it waits for news: then the source shall look (screen_set_wanted()). */
gboolean viewer_wants(const Viewer *viewer);

typedef struct {
    guint64 updates, bytes; /* sent */
    guint64 held_bytes;     /* memory that waits to be sent */
} ViewerStatistics;
ViewerStatistics viewer_statistics(const Viewer *viewer);
