/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-vfio.h"

#include <glib-unix.h>

#include "base/error.h"
#include "display/plane-reader.h"
#include "display/poll-pace.h"
#include "display/vfio-cursor.h"
#include "display/vfio-resizer.h"

typedef struct {
    Source source;
    Screen *screen; /* borrowed */
    void (*state)(VfioPlaneState state, const GError *reason, gpointer userdata);
    SourceEnded ended;
    gpointer userdata;
    GMainContext *context;
    GSource *qemu; /* watches its end, for nobody may want news for hours */
    GThread *thread;
    /* the thread's own */
    PlaneReader *reader;
    VfioCursor *cursor;
    VfioPlaneState said;
    Frame *shown;
    Cursor *pointer; /* NULL: the guest draws it itself */
    /* under @lock */
    GMutex lock;
    GCond wake;
    VfioDevice *device;   /* used without lock by the thread, which also ends it */
    VfioResizer *resizer; /* as long as the device */
    PollPace pace;
    gboolean stopped;
    gboolean muted;
    gboolean anew; /* all is to be shown, also what is not news */
    GSource *telling;
} VfioSource;

/* Until it is time to ask. FALSE: to end. */
static gboolean await_beat(VfioSource *source)
{
    g_mutex_lock(&source->lock);
    while (!source->stopped && g_get_monotonic_time() < source->pace.due_us)
        g_cond_wait_until(&source->wake, &source->lock, source->pace.due_us);
    gboolean stopped = source->stopped;
    g_mutex_unlock(&source->lock);
    return !stopped;
}

static void keep_pace(VfioSource *source, gboolean news)
{
    g_mutex_lock(&source->lock);
    poll_pace_answer(&source->pace, g_get_monotonic_time(), news);
    g_mutex_unlock(&source->lock);
}

static void tell_state(VfioSource *source, VfioPlaneState state, const GError *reason)
{
    if (source->said == state)
        return;
    source->said = state;
    if (source->state != NULL)
        source->state(state, reason, source->userdata);
}

static gboolean is_muted(VfioSource *source)
{
    g_mutex_lock(&source->lock);
    gboolean muted = source->muted;
    g_mutex_unlock(&source->lock);
    return muted;
}

/* With the lock held, so that nothing is shown any more when mute() has returned. Takes @frame
 * over.
 */
static gboolean show(VfioSource *source, Frame *frame, Rect changed)
{
    g_mutex_lock(&source->lock);
    gboolean news = !rect_is_empty(changed) || source->anew;
    if (!source->muted && news) {
        gboolean part = !source->anew && source->shown != NULL;
        screen_show(source->screen, frame_ref(frame), part ? &changed : NULL, part ? 1 : 0);
        source->anew = FALSE;
    }
    g_mutex_unlock(&source->lock);
    frame_unref(source->shown);
    source->shown = frame;
    return news;
}

static void show_cursor(VfioSource *source)
{
    Cursor *cursor = NULL;
    gboolean news = vfio_cursor_look(source->cursor, source->device, &cursor);
    if (news) {
        cursor_unref(source->pointer);
        source->pointer = cursor;
    }
    g_mutex_lock(&source->lock);
    if ((news || source->anew) && !source->muted)
        screen_set_cursor(source->screen, source->pointer);
    g_mutex_unlock(&source->lock);
}

/* TRUE: something was news. */
static gboolean show_plane(VfioSource *source, const VfioPlane *plane)
{
    g_autoptr(GError) reason = NULL;
    if (is_muted(source))
        return FALSE;
    Rect changed;
    Frame *frame = plane_reader_read(source->reader, plane, source->shown, &changed, &reason);
    if (frame == NULL) {
        g_prefix_error(&reason, "vGPU %s: ", vfio_device_uuid(source->device));
        tell_state(source, VFIO_PLANE_UNREADABLE, reason);
        return FALSE;
    }
    show_cursor(source);
    return show(source, frame, changed);
}

/* FALSE: QEMU has ended. All other failures are of a mode that is just being set. */
static gboolean look(VfioSource *source, gboolean *ret_news)
{
    g_autoptr(GError) reason = NULL;
    const VfioPlane *plane = vfio_device_plane(source->device, VFIO_PLANE_PRIMARY, &reason);
    *ret_news = FALSE;
    if (plane == NULL)
        return !g_error_matches(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    if (plane->picture.width == 0) {
        tell_state(source, VFIO_PLANE_OFF, NULL);
        return TRUE;
    }
    if (source->said == VFIO_PLANE_OFF)
        tell_state(source, VFIO_PLANE_ON, NULL);
    *ret_news = show_plane(source, plane);
    if (*ret_news)
        tell_state(source, VFIO_PLANE_ON, NULL);
    return TRUE;
}

/* Until there is a picture for who connects, it is looked for unwanted. */
static gboolean await_turn(VfioSource *source)
{
    g_mutex_lock(&source->lock);
    gint64 due = source->pace.due_us;
    g_mutex_unlock(&source->lock);
    return screen_await_wanted(source->screen, source->shown != NULL ? -1 : MAX(due, 0)) &&
           await_beat(source);
}

static gboolean tell_end(gpointer data)
{
    VfioSource *source = data;
    g_autoptr(GError) reason =
        g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND, "QEMU has ended");
    if (source->ended != NULL)
        source->ended(reason, source->userdata);
    return G_SOURCE_REMOVE;
}

/* A vGPU that anybody holds can neither be removed nor given to the next QEMU. */
static void let_go(VfioSource *source)
{
    vfio_cursor_free(g_steal_pointer(&source->cursor));
    plane_reader_free(g_steal_pointer(&source->reader));
    g_mutex_lock(&source->lock);
    VfioResizer *resizer = g_steal_pointer(&source->resizer);
    g_mutex_unlock(&source->lock);
    vfio_resizer_free(resizer);
    g_mutex_lock(&source->lock);
    gboolean tell = !source->stopped && !vfio_device_qemu_lives(source->device);
    vfio_device_free(g_steal_pointer(&source->device));
    if (tell)
        g_source_attach(source->telling, source->context);
    g_mutex_unlock(&source->lock);
}

static gpointer run(gpointer data)
{
    VfioSource *source = data;
    gboolean news = TRUE;
    while (await_turn(source) && look(source, &news))
        keep_pace(source, news);
    let_go(source);
    return NULL;
}

static gboolean on_qemu_end(int fd, GIOCondition condition, gpointer userdata)
{
    VfioSource *source = userdata;
    screen_cancel(source->screen);
    source_hurry(&source->source);
    return G_SOURCE_REMOVE;
}

static gboolean resize(Source *base, int width, int height, GError **error)
{
    VfioSource *source = (VfioSource *)base;
    g_mutex_lock(&source->lock);
    gboolean done = source->resizer != NULL
                        ? vfio_resizer_ask(source->resizer, width, height, error)
                        : error_set(error, VGPUCTL_ERROR_NOT_FOUND, "QEMU has ended");
    poll_pace_hurry(&source->pace, g_get_monotonic_time());
    g_cond_signal(&source->wake);
    g_mutex_unlock(&source->lock);
    return done;
}

static void hurry(Source *base)
{
    VfioSource *source = (VfioSource *)base;
    g_mutex_lock(&source->lock);
    poll_pace_hurry(&source->pace, g_get_monotonic_time());
    g_cond_signal(&source->wake);
    g_mutex_unlock(&source->lock);
}

static void mute(Source *base, gboolean muted)
{
    VfioSource *source = (VfioSource *)base;
    g_mutex_lock(&source->lock);
    source->anew = source->anew || source->muted;
    source->muted = muted;
    g_mutex_unlock(&source->lock);
}

static void free_source(Source *base)
{
    VfioSource *source = (VfioSource *)base;
    g_mutex_lock(&source->lock);
    source->stopped = TRUE;
    g_cond_signal(&source->wake);
    g_mutex_unlock(&source->lock);
    screen_cancel(source->screen);
    g_thread_join(source->thread);
    g_source_destroy(source->telling);
    g_source_unref(source->telling);
    g_source_destroy(source->qemu);
    g_source_unref(source->qemu);
    g_main_context_unref(source->context);
    frame_unref(source->shown);
    cursor_unref(source->pointer);
    g_mutex_clear(&source->lock);
    g_cond_clear(&source->wake);
    g_free(source);
}

static const SourceClass class = {
    .name = "vfio", .resize = resize, .hurry = hurry, .mute = mute, .free = free_source
};

static GSource *watch(VfioSource *source, int pidfd)
{
    GSource *watch = g_unix_fd_source_new(pidfd, G_IO_IN);
    g_source_set_callback(watch, G_SOURCE_FUNC(on_qemu_end), source, NULL);
    g_source_attach(watch, source->context);
    return watch;
}

Source *vfio_source_new(VfioDevice *device, const VfioSourceSpec *spec)
{
    VfioSource *source = g_new0(VfioSource, 1);
    source->source.class = &class;
    source->screen = spec->screen;
    source->state = spec->state;
    source->ended = spec->ended;
    source->userdata = spec->userdata;
    source->context = g_main_context_ref_thread_default();
    source->device = device;
    source->resizer = vfio_resizer_new(device);
    source->muted = spec->muted;
    source->reader = plane_reader_new(spec->node);
    source->cursor = vfio_cursor_new(spec->node);
    source->telling = g_idle_source_new();
    g_source_set_callback(source->telling, tell_end, source, NULL);
    g_mutex_init(&source->lock);
    g_cond_init(&source->wake);
    source->qemu = watch(source, vfio_device_qemu_pidfd(device));
    source->thread = g_thread_new("vfio", run, source);
    return &source->source;
}
