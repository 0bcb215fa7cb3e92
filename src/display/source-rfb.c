/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source-rfb.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "display/qemu-vnc.h"

#define START_MS 10000

/* The screen is asked for this often although nobody looks, for who comes then. */
#define UNWANTED_US (1 * G_USEC_PER_SEC)

#define RANGE 0xffff /* of a position (input.h) */

typedef struct {
    Source source;
    Screen *screen; /* borrowed */
    int fd;
    QemuVnc *client; /* the thread's */
    GThread *thread;
    int size_is_fixed; /* atomic: QEMU refused to ask the guest for another one */
    int stopping;      /* atomic */
    /* the end */
    GMainContext *context;
    GSource *ending;
    GError *reason;
    SourceEnded ended;
    gpointer userdata;
} RfbSource;

static gboolean tell_end(gpointer data)
{
    RfbSource *source = data;
    source->ended(source->reason, source->userdata);
    return G_SOURCE_REMOVE;
}

/* The thread's last act. @reason is taken over. */
static void end(RfbSource *source, GError *reason)
{
    source->reason = reason;
    source->ending = g_idle_source_new();
    g_source_set_callback(source->ending, tell_end, source, NULL);
    g_source_attach(source->ending, source->context);
}

static void show(RfbSource *source, const QemuVncNews *news)
{
    if (news->refused)
        g_atomic_int_set(&source->size_is_fixed, TRUE);
    if (news->cursor != NULL)
        screen_set_cursor(source->screen, news->cursor);
    /* one that has holes is not shown */
    if (news->rects->len == 0 || qemu_vnc_missing(source->client) > 0)
        return;
    Frame *frame = frame_ref(qemu_vnc_frame(source->client));
    screen_show(source->screen, frame, news->resized ? NULL : (const Rect *)news->rects->data,
                news->resized ? 0 : news->rects->len);
}

/* Until an answer to a request has come. */
static gboolean read_answer(RfbSource *source, GError **error)
{
    g_auto(QemuVncNews) news = { 0 };
    while (!news.update) {
        if (!qemu_vnc_read(source->client, &news, error))
            return FALSE;
        show(source, &news);
    }
    return TRUE;
}

static gpointer follow(gpointer data)
{
    RfbSource *source = data;
    g_autoptr(GError) reason = NULL;
    gboolean goes_on = TRUE;
    while (goes_on) {
        gboolean whole = qemu_vnc_missing(source->client) > 0;
        goes_on = qemu_vnc_request(source->client, !whole, &reason) &&
                  read_answer(source, &reason) &&
                  screen_await_wanted(source->screen, g_get_monotonic_time() + UNWANTED_US);
    }
    if (reason != NULL && !g_atomic_int_get(&source->stopping))
        end(source, g_steal_pointer(&reason));
    return NULL;
}

static gboolean resize(Source *base, int width, int height, GError **error)
{
    RfbSource *source = (RfbSource *)base;
    if (g_atomic_int_get(&source->size_is_fixed))
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "This VM's display has no mode of its own choice, says QEMU");
    if (!qemu_vnc_send_size(source->fd, (guint)width, (guint)height))
        return error_set(error, VGPUCTL_ERROR_BUSY, "QEMU does not listen to its viewer");
    return TRUE;
}

static void free_source(Source *base)
{
    RfbSource *source = (RfbSource *)base;
    g_atomic_int_set(&source->stopping, TRUE);
    shutdown(source->fd, SHUT_RDWR);
    if (source->thread != NULL)
        g_thread_join(source->thread);
    if (source->ending != NULL) {
        g_source_destroy(source->ending);
        g_source_unref(source->ending);
    }
    g_clear_error(&source->reason);
    g_main_context_unref(source->context);
    qemu_vnc_free(source->client);
    close(source->fd);
    g_free(source);
}

static const SourceClass class = { .name = "rfb", .resize = resize, .free = free_source };

Source *rfb_source_new(const char *path, Screen *screen, SourceEnded ended, gpointer userdata,
                       GError **error)
{
    autofd int fd = qemu_vnc_connect(path, error);
    if (fd < 0)
        return NULL;
    gint64 deadline_us = g_get_monotonic_time() + START_MS * G_GINT64_CONSTANT(1000);
    QemuVnc *client = qemu_vnc_new(fd, qemu_vnc_full, deadline_us, error);
    if (client == NULL)
        return NULL;
    qemu_vnc_set_deadline(client, -1);
    RfbSource *source = g_new0(RfbSource, 1);
    source->source.class = &class;
    source->screen = screen;
    source->fd = steal_fd(&fd);
    source->client = client;
    source->context = g_main_context_ref_thread_default();
    source->ended = ended;
    source->userdata = userdata;
    source->thread = g_thread_new("rfb-source", follow, source);
    return &source->source;
}

/* Input. RFB tells position and buttons at once, so both are kept. */

typedef struct {
    RfbSource *source;
    guint x, y;
    guint8 buttons;
} RfbInput;

static void sink_key(gpointer sink, guint qnum, gboolean down)
{
    RfbInput *input = sink;
    qemu_vnc_send_key(input->source->fd, qnum, down);
}

static void send_pointer(const RfbInput *input)
{
    qemu_vnc_send_pointer(input->source->fd, input->x, input->y, input->buttons);
}

/* A guest without a tablet gets the motion from QEMU (ui/vnc.c, pointer_event). */
static void sink_position(gpointer sink, double x, double y)
{
    RfbInput *input = sink;
    g_autoptr(Frame) frame = screen_frame(input->source->screen);
    if (frame == NULL)
        return;
    input->x = (guint)(CLAMP(x, 0, RANGE) / RANGE * (frame->width - 1) + 0.5);
    input->y = (guint)(CLAMP(y, 0, RANGE) / RANGE * (frame->height - 1) + 0.5);
    send_pointer(input);
}

static void sink_motion(gpointer sink, int dx, int dy)
{
    RfbInput *input = sink;
    input->x = (guint)CLAMP((int)input->x + dx, 0, G_MAXUINT16);
    input->y = (guint)CLAMP((int)input->y + dy, 0, G_MAXUINT16);
    send_pointer(input);
}

/* What the mask of RFC 6143 has room for and QEMU reads. */
static void sink_button(gpointer sink, int button, gboolean down)
{
    RfbInput *input = sink;
    if (button < INPUT_BUTTON_LEFT || button > INPUT_BUTTON_WHEEL_DOWN)
        return;
    guint8 bit = (guint8)(1u << button);
    input->buttons = down ? input->buttons | bit : input->buttons & (guint8)~bit;
    send_pointer(input);
}

const InputClass rfb_input_class = {
    .key = sink_key,
    .position = sink_position,
    .motion = sink_motion,
    .button = sink_button,
    .free = g_free,
};

gpointer rfb_input_new(Source *source)
{
    RfbInput *input = g_new0(RfbInput, 1);
    input->source = (RfbSource *)source;
    return input;
}
