/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/screen.h"

#include <string.h>

#include "display/damage.h"
#include "display/move.h"

#define LONGEST_PAUSE 7 /* frames */

/*
 * Two locks: who shows holds @show from the first compared pixel to the last, so that a frame is
 * compared with the one before; @state is held for as long as it takes to copy the numbers of the
 * tiles. What a viewer asks waits for the second only.
 */
struct Screen {
    GMutex show;
    guint8 *found;       /* a byte a tile: what differs from the frame before; of who shows */
    guint missed, pause; /* frames for which no move is looked for; of who shows */

    GMutex state;
    Frame *frame;   /* written by who holds both locks */
    guint64 serial; /* of the newest news */
    guint64 frame_serial, frame_before_serial;
    ScreenMove move;     /* from the frame before to the newest one */
    guint8 *rest;        /* a byte a tile: what differs still after the move */
    gboolean asked;      /* by a viewer that can copy, since the newest frame */
    guint64 size_serial; /* of the first frame of this size */
    int columns, rows;   /* of tiles */
    guint64 *tiles;      /* for each, the number of the frame that last changed it */
    Cursor *cursor;
    guint64 cursor_serial;
    GSource *watch;
    GCond changed; /* @wanted or @cancelled */
    gboolean wanted, cancelled;
    guint rests; /* waits for @wanted that nothing else ends */
};

Screen *screen_new(void)
{
    Screen *screen = g_new0(Screen, 1);
    g_mutex_init(&screen->show);
    g_mutex_init(&screen->state);
    g_cond_init(&screen->changed);
    return screen;
}

void screen_free(Screen *screen)
{
    if (screen == NULL)
        return;
    screen_watch(screen, NULL, NULL, NULL);
    frame_unref(screen->frame);
    cursor_unref(screen->cursor);
    g_free(screen->tiles);
    g_free(screen->found);
    g_free(screen->rest);
    g_mutex_clear(&screen->show);
    g_mutex_clear(&screen->state);
    g_cond_clear(&screen->changed);
    g_free(screen);
}

/* With @state held. */
static void tell(Screen *screen)
{
    if (screen->watch != NULL)
        g_source_set_ready_time(screen->watch, 0);
}

static gsize n_tiles(const Screen *screen)
{
    return (gsize)screen->columns * (gsize)screen->rows;
}

/* With both locks held. */
static void resize(Screen *screen, const Frame *frame)
{
    screen->columns = damage_tiles(frame->width);
    screen->rows = damage_tiles(frame->height);
    g_free(screen->tiles);
    g_free(screen->found);
    g_free(screen->rest);
    screen->tiles = g_new(guint64, n_tiles(screen));
    for (gsize i = 0; i < n_tiles(screen); i++)
        screen->tiles[i] = screen->serial;
    screen->found = g_new0(guint8, n_tiles(screen));
    screen->rest = g_new0(guint8, n_tiles(screen));
    screen->size_serial = screen->serial;
    screen->move = (ScreenMove){ 0 };
}

static gboolean has_size_of(const Frame *shown, const Frame *frame)
{
    return shown != NULL && shown->width == frame->width && shown->height == frame->height;
}

/* Marks in @found which tiles differ from the frame that is shown, and counts them. */
static guint find_news(Screen *screen, const Frame *frame, const Rect *damage, guint n_damage)
{
    Rect whole = { 0, 0, frame->width, frame->height };
    if (frame == screen->frame)
        return 0;
    memset(screen->found, 0, n_tiles(screen));
    if (damage == NULL)
        return damage_find(screen->frame, frame, &whole, 1, screen->found);
    return damage_find(screen->frame, frame, damage, n_damage, screen->found);
}

/* Since the newest frame, and no longer. */
static gboolean take_asked(Screen *screen)
{
    g_mutex_lock(&screen->state);
    gboolean asked = screen->asked;
    screen->asked = FALSE;
    g_mutex_unlock(&screen->state);
    return asked;
}

/*
 * Looked for only where somebody keeps the pace: it is of use to who has the frame before. Where
 * nothing is found, as in a film, it is looked for ever less often.
 */
static ScreenMove find_move(Screen *screen, const Frame *frame, guint n_found, guint8 *rest)
{
    memcpy(rest, screen->found, n_tiles(screen));
    if (!take_asked(screen) || n_found < MOVE_FEWEST_TILES)
        return (ScreenMove){ 0 };
    if (screen->pause > 0) {
        screen->pause--;
        return (ScreenMove){ 0 };
    }
    ScreenMove move = move_find(screen->frame, frame, rest);
    screen->missed = rect_is_empty(move.to) ? MIN(2 * screen->missed + 1, LONGEST_PAUSE) : 0;
    screen->pause = screen->missed;
    return move;
}

/* With both locks held: @frame is the newest one. */
static void number(Screen *screen, Frame *frame)
{
    screen->frame = frame;
    screen->frame_before_serial = screen->frame_serial;
    screen->frame_serial = ++screen->serial;
}

static Frame *show_other_size(Screen *screen, Frame *frame)
{
    g_mutex_lock(&screen->state);
    Frame *before = screen->frame;
    number(screen, frame);
    resize(screen, frame);
    tell(screen);
    g_mutex_unlock(&screen->state);
    return before;
}

static Frame *show_news(Screen *screen, Frame *frame, guint n_found)
{
    g_autofree guint8 *rest = g_malloc(n_tiles(screen));
    ScreenMove move = find_move(screen, frame, n_found, rest);
    g_mutex_lock(&screen->state);
    Frame *before = screen->frame;
    number(screen, frame);
    screen->move = move;
    memcpy(screen->rest, rest, n_tiles(screen));
    for (gsize i = 0; i < n_tiles(screen); i++)
        if (screen->found[i])
            screen->tiles[i] = screen->serial;
    tell(screen);
    g_mutex_unlock(&screen->state);
    return before;
}

void screen_show(Screen *screen, Frame *frame, const Rect *damage, guint n_damage)
{
    Frame *dropped = frame;
    g_mutex_lock(&screen->show);
    if (!has_size_of(screen->frame, frame)) {
        dropped = show_other_size(screen, frame);
    } else {
        guint n_found = find_news(screen, frame, damage, n_damage);
        if (n_found > 0)
            dropped = show_news(screen, frame, n_found);
    }
    g_mutex_unlock(&screen->show);
    frame_unref(dropped);
}

Frame *screen_frame(Screen *screen)
{
    g_mutex_lock(&screen->state);
    Frame *frame = screen->frame != NULL ? frame_ref(screen->frame) : NULL;
    g_mutex_unlock(&screen->state);
    return frame;
}

void screen_set_cursor(Screen *screen, Cursor *cursor)
{
    Cursor *dropped = NULL;
    g_mutex_lock(&screen->state);
    if (!cursor_equal(screen->cursor, cursor)) {
        dropped = screen->cursor;
        screen->cursor = cursor != NULL ? cursor_ref(cursor) : NULL;
        screen->cursor_serial = ++screen->serial;
        tell(screen);
    }
    g_mutex_unlock(&screen->state);
    cursor_unref(dropped);
}

/* With @state held: whether who knows @since has the frame before, and something in it moved. */
static gboolean may_move(const Screen *screen, guint64 since)
{
    return !rect_is_empty(screen->move.to) && since >= screen->frame_before_serial &&
           since < screen->frame_serial;
}

/* With @state held: which tiles are newer than @since, a byte each. */
static guint8 *newer_tiles(const Screen *screen, guint64 since)
{
    guint8 *newer = g_malloc(n_tiles(screen));
    for (gsize i = 0; i < n_tiles(screen); i++)
        newer[i] = screen->tiles[i] > since;
    return newer;
}

/* With @state held. */
static ScreenUpdate describe(const Screen *screen, guint64 since)
{
    return (ScreenUpdate){
        .frame = frame_ref(screen->frame),
        .serial = screen->serial,
        .resized = screen->size_serial > since,
        .recoloured = screen->cursor_serial > since,
        .cursor = screen->cursor != NULL ? cursor_ref(screen->cursor) : NULL,
    };
}

gboolean screen_get_update(Screen *screen, guint64 since, gboolean moves, ScreenUpdate *ret_update)
{
    g_autofree guint8 *newer = NULL;
    ScreenUpdate update;
    g_mutex_lock(&screen->state);
    gboolean news = screen->frame != NULL && screen->serial > since;
    screen->asked |= moves;
    if (news) {
        gboolean move = moves && may_move(screen, since);
        update = describe(screen, since);
        update.move = move ? screen->move : (ScreenMove){ 0 };
        newer = move ? g_memdup2(screen->rest, n_tiles(screen)) : newer_tiles(screen, since);
    }
    g_mutex_unlock(&screen->state);
    if (!news)
        return FALSE;
    update.rects = g_array_new(FALSE, FALSE, sizeof(Rect));
    damage_to_rects(newer, update.frame->width, update.frame->height, update.rects);
    *ret_update = update;
    return TRUE;
}

void screen_update_clear(ScreenUpdate *update)
{
    frame_unref(update->frame);
    cursor_unref(update->cursor);
    g_clear_pointer(&update->rects, g_array_unref);
    *update = (ScreenUpdate){ 0 };
}

/*
 * The watch is a source whose time has come when there is news: whatever happens before the context
 * looks at it is one call.
 */
typedef struct {
    GSource source;
    void (*changed)(gpointer userdata);
    gpointer userdata;
} Watch;

static gboolean watch_dispatch(GSource *source, GSourceFunc callback, gpointer userdata)
{
    const Watch *watch = (Watch *)source;
    g_source_set_ready_time(source, -1);
    watch->changed(watch->userdata);
    return G_SOURCE_CONTINUE;
}

static GSource *watch_new(GMainContext *context, void (*changed)(gpointer userdata),
                          gpointer userdata)
{
    static GSourceFuncs functions = { .dispatch = watch_dispatch };
    GSource *source = g_source_new(&functions, sizeof(Watch));
    ((Watch *)source)->changed = changed;
    ((Watch *)source)->userdata = userdata;
    g_source_set_static_name(source, "screen");
    g_source_attach(source, context);
    return source;
}

void screen_watch(Screen *screen, GMainContext *context, void (*changed)(gpointer userdata),
                  gpointer userdata)
{
    GSource *watch = changed != NULL ? watch_new(context, changed, userdata) : NULL;
    g_mutex_lock(&screen->state);
    GSource *before = screen->watch;
    screen->watch = watch;
    g_mutex_unlock(&screen->state);
    if (before == NULL)
        return;
    g_source_destroy(before);
    g_source_unref(before);
}

void screen_set_wanted(Screen *screen, gboolean wanted)
{
    g_mutex_lock(&screen->state);
    screen->wanted = wanted;
    g_cond_broadcast(&screen->changed);
    g_mutex_unlock(&screen->state);
}

gboolean screen_await_wanted(Screen *screen, gint64 deadline_us)
{
    gboolean in_time = TRUE;
    g_mutex_lock(&screen->state);
    if (!screen->wanted && !screen->cancelled && deadline_us < 0)
        screen->rests++;
    while (!screen->wanted && !screen->cancelled && in_time) {
        if (deadline_us < 0)
            g_cond_wait(&screen->changed, &screen->state);
        else
            in_time = g_cond_wait_until(&screen->changed, &screen->state, deadline_us);
    }
    gboolean cancelled = screen->cancelled;
    g_mutex_unlock(&screen->state);
    return !cancelled;
}

guint screen_rests(Screen *screen)
{
    g_mutex_lock(&screen->state);
    guint rests = screen->rests;
    g_mutex_unlock(&screen->state);
    return rests;
}

void screen_cancel(Screen *screen)
{
    g_mutex_lock(&screen->state);
    screen->cancelled = TRUE;
    g_cond_broadcast(&screen->changed);
    g_mutex_unlock(&screen->state);
}
