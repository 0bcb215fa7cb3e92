/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The screen of a guest: the newest frame, and since when each tile of it is as it is. A source
 * shows frames from a thread of its own; viewers ask what they lack since the frame they know.
 *
 * There is no queue between the two. A frame nobody asked for in time is dropped with its last
 * reference, and what a slow viewer missed is contained in what it is told next: each tile carries
 * the number of the frame that last changed it, so memory does not grow and the guest never waits.
 *
 * Every function may be called from any thread.
 */
#pragma once

#include "display/cursor.h"
#include "display/frame.h"
#include "display/rect.h"

#define SCREEN_TILE 64 /* pixels; a tile of 64 rows of 256 bytes fits the first cache */

typedef struct Screen Screen;

Screen *screen_new(void);
void screen_free(Screen *screen);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Screen, screen_free)

/*
 * Shows @frame, which is taken over. @damage: the parts that may have changed since the last one
 * shown, all the rest is known to be equal; NULL with 0: nobody knows. What is damaged is compared
 * all the same, as guests flush more than they draw. A frame that differs in nothing is no news.
 */
void screen_show(Screen *screen, Frame *frame, const Rect *damage, guint n_damage);

/* The newest frame, a reference; NULL as long as none was shown. */
Frame *screen_frame(Screen *screen);

/* The guest's pointer; NULL: the guest draws its pointer itself. @cursor is not taken over. */
void screen_set_cursor(Screen *screen, Cursor *cursor);

/* A part of the picture that moved as a whole: scrolled text, a window that was dragged. */
typedef struct {
    Rect to; /* where it is now; empty: nothing moved */
    int from_x, from_y;
} ScreenMove;

/* What somebody lacks who has the frame numbered @since. */
typedef struct {
    Frame *frame;     /* a reference */
    guint64 serial;   /* its number, for the next question; numbers grow, by more than 1 at times */
    gboolean resized; /* the size is another than that of frame @since */
    ScreenMove move;  /* to be carried out first; the rectangles are what is left to do then */
    GArray *rects;    /* Rect, not overlapping, in reading order, made of whole tiles */
    gboolean recoloured; /* the cursor is another than at @since */
    Cursor *cursor;      /* a reference, or NULL */
} ScreenUpdate;

/*
 * @since: 0 for who has nothing. @moves: the viewer can copy within its picture. FALSE and nothing
 * in @ret_update when there is no frame yet, or nothing is newer.
 */
gboolean screen_get_update(Screen *screen, guint64 since, gboolean moves, ScreenUpdate *ret_update);
void screen_update_clear(ScreenUpdate *update);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ScreenUpdate, screen_update_clear)

/*
 * @changed is called in @context, once for any number of frames, after a frame or a cursor that
 * was news. One watcher at a time; NULL ends the watch.
 */
void screen_watch(Screen *screen, GMainContext *context, void (*changed)(gpointer userdata),
                  gpointer userdata);

/*
 * Sources that must ask for the picture (a vGPU's plane) do so at the rate at which it is wanted:
 * screen_set_wanted() is said by the server, TRUE while a viewer waits for news;
 * screen_await_wanted() blocks until that is so or @deadline_us (g_get_monotonic_time(), -1: none)
 * has come, FALSE after screen_cancel(), which is for good. screen_rests() says how often somebody
 * began to wait without a deadline, where nothing but a wish or the end wakes him.
 */
void screen_set_wanted(Screen *screen, gboolean wanted);
gboolean screen_await_wanted(Screen *screen, gint64 deadline_us);
guint screen_rests(Screen *screen);
void screen_cancel(Screen *screen);
