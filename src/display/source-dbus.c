/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-dbus.h"

#include "base/error.h"
#include "display/dbus-picture.h"
#include "display/dmabuf.h"
#include "display/frame-history.h"

/*
 * A new size comes with a new picture - or, in QEMU before 9.2, with parts of one only, when the
 * console draws that way (VGA's text: ui/dbus-listener.c, dbus_gfx_switch says nothing). After this
 * long without, it is asked for: QEMU sends a whole one to whom it gets to know.
 */
#define WHOLE_MS 100
#define RETIRED_MS 1000

/* The screen is drawn this often although nobody looks, for who comes then. */
#define UNWANTED_US (1 * G_USEC_PER_SEC)

#define AGAIN_MS 1000 /* QEMU was too busy to give it */
#define REASONS 16

typedef struct {
    Source source;
    DbusConsole *console;
    Screen *screen; /* borrowed */
    DbusPicture *picture;
    DbusListener *listener, *retired;
    DbusListener *next;  /* QEMU does not know it yet */
    int replacing;       /* atomic: QEMU was asked to, and has not answered or refused */
    gboolean again;      /* it has refused */
    guint check, retire; /* timers of the main context */
    /* what may be shown; held while it is */
    GMutex showing;
    gboolean muted;
    Cursor *cursor;  /* as last defined */
    gboolean hidden; /* the cursor */
    /* the drawing thread's */
    GThread *thread;
    Frame *shown; /* what was drawn last of shared memory; else of a known size only */
    FrameHistory *history;
    DmabufReader *reader;
    /* the end */
    GMutex lock;
    GMainContext *context;
    GSource *ending; /* that tells of it */
    GError *reason;
    SourceEnded ended;
    /* what cannot be shown */
    DbusUnreadable unreadable;
    GHashTable *told; /* reasons, with the lock */
    gpointer userdata;
} DbusSource;

static gboolean tell_end(gpointer data)
{
    DbusSource *source = data;
    source->ended(source->reason, source->userdata);
    return G_SOURCE_REMOVE;
}

/* From any thread; the first reason counts. @reason is taken over. */
static void end(DbusSource *source, GError *reason)
{
    g_mutex_lock(&source->lock);
    if (source->ending == NULL) {
        source->reason = g_steal_pointer(&reason);
        source->ending = g_idle_source_new();
        g_source_set_callback(source->ending, tell_end, source, NULL);
        g_source_attach(source->ending, source->context);
    }
    g_mutex_unlock(&source->lock);
    g_clear_error(&reason);
}

/* A guest has many ways not to be read, and a log has an end. */
static gboolean is_new(DbusSource *source, const GError *reason)
{
    g_mutex_lock(&source->lock);
    gboolean new = g_hash_table_size(source->told) <
                   REASONS &&g_hash_table_add(source->told, g_strdup(reason->message));
    g_mutex_unlock(&source->lock);
    return new;
}

/* From any thread. */
static void tell_unreadable(DbusSource *source, const GError *reason)
{
    if (source->unreadable != NULL && is_new(source, reason))
        source->unreadable(reason, source->userdata);
}

static void end_gone(gpointer data)
{
    end(data, g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND,
                                  "QEMU has ended, or it shows its screen to another program"));
}

/*
 * QEMU drops a listener for the next one (7.2), also for one that it cannot reach any more. Its own
 * end it tells by the console's connection as well.
 */
static void on_closed(gpointer data)
{
    DbusSource *source = data;
    if (!g_atomic_int_get(&source->replacing))
        end_gone(source);
}

static void on_scanout(gpointer data, guint32 width, guint32 height, guint32 stride,
                       guint32 pixman_format, GVariant *pixels)
{
    DbusSource *source = data;
    dbus_picture_scanout(source->picture, width, height, stride, pixman_format, pixels);
}

static void on_update(gpointer data, Rect rect, guint32 stride, guint32 pixman_format,
                      GVariant *pixels)
{
    DbusSource *source = data;
    dbus_picture_update(source->picture, rect, stride, pixman_format, pixels);
}

static gboolean on_scanout_map(gpointer data, int fd, guint32 offset, guint32 width, guint32 height,
                               guint32 stride, guint32 pixman_format, GError **error)
{
    DbusSource *source = data;
    return dbus_picture_scanout_map(source->picture, fd, offset, width, height, stride,
                                    pixman_format, error);
}

static void on_scanout_dmabuf(gpointer data, const DbusDmabuf *dmabuf)
{
    DbusSource *source = data;
    dbus_picture_scanout_dmabuf(source->picture, dmabuf);
}

static void on_changed(gpointer data, Rect rect)
{
    DbusSource *source = data;
    dbus_picture_changed(source->picture, rect);
}

static void on_disable(gpointer data)
{
    DbusSource *source = data;
    dbus_picture_disable(source->picture);
}

/*
 * With the lock on showing. A guest that never defined a pointer draws its own: nothing is to be
 * hidden.
 */
static void show_cursor(DbusSource *source)
{
    if (source->muted || source->cursor == NULL)
        return;
    g_autoptr(Cursor) none = source->hidden ? cursor_new(0, 0, 0, 0, NULL) : NULL;
    screen_set_cursor(source->screen, source->hidden ? none : source->cursor);
}

static void on_cursor(gpointer data, Cursor *cursor, gboolean visible)
{
    DbusSource *source = data;
    g_mutex_lock(&source->showing);
    if (cursor != NULL) {
        cursor_unref(source->cursor);
        source->cursor = cursor_ref(cursor);
    }
    source->hidden = !visible;
    show_cursor(source);
    g_mutex_unlock(&source->showing);
}

static const DbusListenerHandlers handlers = {
    .scanout = on_scanout,
    .update = on_update,
    .scanout_map = on_scanout_map,
    .scanout_dmabuf = on_scanout_dmabuf,
    .changed = on_changed,
    .disable = on_disable,
    .cursor = on_cursor,
    .closed = on_closed,
};

/* Keeps @frame, taken over, as what is shown. */
static void show(DbusSource *source, Frame *frame, const DbusNews *news)
{
    frame_unref(source->shown);
    source->shown = frame;
    g_mutex_lock(&source->showing);
    if (!source->muted)
        screen_show(source->screen, frame_ref(frame), news->whole ? NULL : news->rects,
                    news->whole ? 0 : news->n_rects);
    g_mutex_unlock(&source->showing);
}

static gboolean is_all(const DbusMap *map, Rect rect)
{
    return rect.width == map->width && rect.height == map->height;
}

/* Shared memory: QEMU goes on writing there, viewers need what stays. */
static Frame *copy_map(DbusSource *source, const DbusNews *news, GError **error)
{
    const DbusMap *map = news->map;
    const Rect all = { 0, 0, map->width, map->height };
    Frame *old = g_steal_pointer(&source->shown);
    gboolean whole = news->whole || old == NULL || old->width != map->width ||
                     old->height != map->height ||
                     (news->n_rects > 0 && is_all(map, news->rects[0]));
    if (whole)
        g_clear_pointer(&old, frame_unref);
    Frame *frame = whole ? frame_new_unfilled(map->width, map->height, error)
                         : frame_history_make_writable(source->history, old, error);
    for (guint i = 0; frame != NULL && i < (whole ? 1 : news->n_rects); i++) {
        Rect rect = whole ? all : news->rects[i];
        frame_history_changed(source->history, rect);
        if (!dbus_map_read(map, rect, frame, error))
            g_clear_pointer(&frame, frame_unref);
    }
    return frame;
}

static Frame *read_buffer(DbusSource *source, const DbusNews *news, GError **error)
{
    const DbusDmabuf *described = &news->buffer->described;
    if (described->planes > 1) {
        error_set(error, VGPUCTL_ERROR_REFUSED,
                  "the picture lies in %u planes (compressed by the GPU), which only OpenGL in a "
                  "window can show: use --display gtk",
                  described->planes);
        return NULL;
    }
    Dmabuf dmabuf = { .fd = described->fd,
                      .width = described->width,
                      .height = described->height,
                      .stride = described->stride,
                      .format = described->fourcc,
                      .modifier = described->modifier,
                      .offset = described->offset,
                      .bottom_first = described->bottom_first,
                      .x = described->x,
                      .y = described->y,
                      .buffer_width = described->backing_width,
                      .buffer_height = described->backing_height };
    return dmabuf_reader_read(source->reader, &dmabuf, error);
}

static void draw(DbusSource *source, DbusNews *news)
{
    g_autoptr(GError) reason = NULL;
    Frame *frame = NULL;
    if (news->frame != NULL)
        frame = g_steal_pointer(&news->frame);
    else if (news->map != NULL)
        frame = copy_map(source, news, &reason);
    else if (news->buffer != NULL)
        frame = read_buffer(source, news, &reason);
    else if (news->dark && source->shown != NULL)
        frame = frame_new(source->shown->width, source->shown->height, &reason);
    if (frame != NULL)
        show(source, frame, news);
    /* it is over with the next picture: the guest sets another mode, memory went away */
    else if (reason != NULL)
        tell_unreadable(source, reason);
}

static gpointer draw_on_screen(gpointer data)
{
    DbusSource *source = data;
    gboolean goes_on = TRUE;
    while (goes_on && dbus_picture_await(source->picture)) {
        /* the first one is for everybody who asks for the size */
        if (source->shown != NULL)
            goes_on = screen_await_wanted(source->screen, g_get_monotonic_time() + UNWANTED_US);
        g_auto(DbusNews) news = { 0 };
        dbus_picture_take(source->picture, &news);
        if (goes_on)
            draw(source, &news);
    }
    return NULL;
}

static gboolean forget_retired(gpointer data)
{
    DbusSource *source = data;
    g_clear_pointer(&source->retired, dbus_listener_free);
    source->retire = 0;
    return G_SOURCE_REMOVE;
}

static guint add_timer(DbusSource *source, guint ms, GSourceFunc func)
{
    g_autoptr(GSource) timer = g_timeout_source_new(ms);
    g_source_set_callback(timer, func, source, NULL);
    return g_source_attach(timer, source->context);
}

static void remove_timer(DbusSource *source, guint *id)
{
    if (*id != 0)
        g_source_destroy(g_main_context_find_source_by_id(source->context, *id));
    *id = 0;
}

static gboolean check_whole(gpointer data);

/* The old one is needed until QEMU has dropped it. */
static void take_next(DbusSource *source, DbusListener *next)
{
    remove_timer(source, &source->retire);
    dbus_listener_free(source->retired);
    dbus_listener_retire(source->listener);
    source->retired = source->listener;
    source->listener = next;
    source->retire = add_timer(source, RETIRED_MS, forget_retired);
    source->again = FALSE;
    g_atomic_int_set(&source->replacing, FALSE);
}

/* A QEMU that has ended says so by the console's connection; one that is busy has time later. */
static void on_next(const GError *failure, gpointer data)
{
    DbusSource *source = data;
    DbusListener *next = g_steal_pointer(&source->next);
    if (failure == NULL) {
        take_next(source, next);
        return;
    }
    dbus_listener_free(next);
    if (g_dbus_connection_is_closed(dbus_console_connection(source->console)))
        return;
    tell_unreadable(source, failure);
    source->again = TRUE;
    if (source->check == 0)
        source->check = add_timer(source, AGAIN_MS, check_whole);
}

static gboolean check_whole(gpointer data)
{
    DbusSource *source = data;
    guint width, height;
    source->check = 0;
    dbus_console_size(source->console, &width, &height);
    if (source->next != NULL ||
        (!source->again && dbus_picture_has_size(source->picture, width, height)))
        return G_SOURCE_REMOVE;
    g_autoptr(GError) reason = NULL;
    g_atomic_int_set(&source->replacing, TRUE);
    source->next = dbus_listener_start(source->console, &handlers, source, on_next, &reason);
    if (source->next == NULL)
        on_next(reason, source);
    return G_SOURCE_REMOVE;
}

static void on_resized(gpointer data)
{
    DbusSource *source = data;
    if (source->check == 0)
        source->check = add_timer(source, WHOLE_MS, check_whole);
}

static const DbusConsoleWatch watch = { .resized = on_resized, .closed = end_gone };

static gboolean resize(Source *base, int width, int height, GError **error)
{
    DbusSource *source = (DbusSource *)base;
    return dbus_console_resize(source->console, width, height, error);
}

/* What it shows then, it shows whole. */
static void mute(Source *base, gboolean muted)
{
    DbusSource *source = (DbusSource *)base;
    g_mutex_lock(&source->showing);
    gboolean again = source->muted && !muted;
    source->muted = muted;
    show_cursor(source);
    g_mutex_unlock(&source->showing);
    if (again)
        dbus_picture_show_again(source->picture);
}

static void free_source(Source *base)
{
    DbusSource *source = (DbusSource *)base;
    dbus_console_watch(source->console, NULL, NULL);
    remove_timer(source, &source->check);
    remove_timer(source, &source->retire);
    dbus_listener_free(source->next);
    dbus_listener_free(source->listener);
    dbus_listener_free(source->retired);
    dbus_picture_stop(source->picture);
    if (source->thread != NULL)
        g_thread_join(source->thread);
    if (source->ending != NULL) {
        g_source_destroy(source->ending);
        g_source_unref(source->ending);
    }
    g_clear_error(&source->reason);
    g_hash_table_unref(source->told);
    g_main_context_unref(source->context);
    g_mutex_clear(&source->lock);
    g_mutex_clear(&source->showing);
    dmabuf_reader_free(source->reader);
    dbus_picture_free(source->picture);
    frame_unref(source->shown);
    frame_history_free(source->history);
    cursor_unref(source->cursor);
    dbus_console_unref(source->console);
    g_free(source);
}

static const SourceClass class = {
    .name = "dbus",
    .resize = resize,
    .mute = mute,
    .free = free_source,
};

Source *dbus_source_new(DbusConsole *console, const DbusSourceSpec *spec, GError **error)
{
    DbusSource *source = g_new0(DbusSource, 1);
    source->source.class = &class;
    source->console = dbus_console_ref(console);
    source->screen = spec->screen;
    source->picture = dbus_picture_new();
    source->history = frame_history_new();
    source->reader = dmabuf_reader_new(spec->node);
    source->context = g_main_context_ref_thread_default();
    source->ended = spec->ended;
    source->unreadable = spec->unreadable;
    source->told = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    source->userdata = spec->userdata;
    g_mutex_init(&source->lock);
    g_mutex_init(&source->showing);
    source->listener = dbus_listener_new(console, &handlers, source, error);
    if (source->listener == NULL) {
        free_source(&source->source);
        return NULL;
    }
    dbus_console_watch(console, &watch, source);
    source->thread = g_thread_new("dbus-draw", draw_on_screen, source);
    return &source->source;
}
