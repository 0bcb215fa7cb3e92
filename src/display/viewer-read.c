/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

#include <string.h>

#include "base/error.h"

/* So that one who talks without end leaves room for others. */
#define READS_A_TURN 8

/* Who asks and never reads is not listened to any more, until the answers are sent: an update is
 * of fewer pieces than that unless the picture is a very large one. */
#define PIECES_MOST 1024

static gboolean is_crowded(const Viewer *viewer)
{
    return outbox_held_pieces(viewer->outbox) > PIECES_MOST;
}

static void on_copied(const char *text, gpointer userdata)
{
    viewer_say_text(userdata, text);
    viewer_flush(userdata);
}

/* ClientInit (RFC 6143, 7.3.1) is one byte: whether others may watch, too. They may. */
static void greet(Viewer *viewer)
{
    viewer->greeted = TRUE;
    viewer_say_hello(viewer);
    if (viewer->host->clipboard != NULL && viewer->host->input != NULL)
        clipboard_join(viewer->host->clipboard, viewer, on_copied, viewer);
}

/* SYNC_NEXT: the answer goes behind the message after the fence. */
static gboolean take(Viewer *viewer, const RfbMessage *message, GError **error)
{
    gboolean pending = viewer->sync.pending;
    viewer->sync.pending = FALSE;
    if (pending) {
        guint32 flags = viewer->sync.flags;
        guint8 length = viewer->sync.length, payload[RFB_FENCE_BYTES];
        memcpy(payload, viewer->sync.payload, sizeof payload);
        if (!viewer_take_message(viewer, message, error))
            return FALSE;
        viewer_say_fence(viewer, flags, payload, length);
        return TRUE;
    }
    return viewer_take_message(viewer, message, error);
}

static gssize take_one(Viewer *viewer, const guint8 *bytes, gsize size, GError **error)
{
    RfbMessage message;
    if (size == 0)
        return 0;
    if (!viewer->greeted) {
        greet(viewer);
        return 1;
    }
    gssize used = rfb_message_parse(&viewer->parser, bytes, size, &message, error);
    if (used > 0 && !take(viewer, &message, error))
        return -1;
    return used;
}

static gboolean take_buffered(Viewer *viewer, GError **error)
{
    gsize taken = 0;
    for (;;) {
        gssize used = take_one(viewer, viewer->buffer + taken, viewer->buffered - taken, error);
        if (used < 0)
            return FALSE;
        if (used == 0)
            break;
        taken += (gsize)used;
    }
    viewer->buffered -= taken;
    memmove(viewer->buffer, viewer->buffer + taken, viewer->buffered);
    if (viewer->buffered == sizeof viewer->buffer)
        return error_set(error, VGPUCTL_ERROR_INVALID, "The viewer sends a message without end");
    return TRUE;
}

/* FALSE: nothing more can be read now; with @error set or @viewer over, nothing ever. */
static gboolean read_some(Viewer *viewer, GError **error)
{
    g_autoptr(GError) failure = NULL;
    GPollableInputStream *stream =
        G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(viewer->stream));
    gssize n = g_pollable_input_stream_read_nonblocking(stream, viewer->buffer + viewer->buffered,
                                                        sizeof viewer->buffer - viewer->buffered,
                                                        NULL, &failure);
    if (n == 0)
        viewer_end(viewer, NULL);
    if (n < 0 && !g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
        g_propagate_error(error, g_steal_pointer(&failure));
    if (n <= 0)
        return FALSE;
    viewer->buffered += (gsize)n;
    return take_buffered(viewer, error);
}

static gboolean on_readable(GObject *stream, gpointer userdata)
{
    Viewer *viewer = userdata;
    g_autoptr(GError) error = NULL;
    for (guint i = 0; i < READS_A_TURN && !is_crowded(viewer); i++) {
        if (!read_some(viewer, &error))
            break;
    }
    if (error != NULL)
        viewer_end(viewer, error);
    if (is_crowded(viewer))
        viewer_read_stop(viewer);
    viewer_flush(viewer);
    viewer_tell(viewer);
    return viewer->readable != NULL;
}

void viewer_read_start(Viewer *viewer)
{
    if (viewer->readable != NULL || viewer->over || is_crowded(viewer))
        return;
    GPollableInputStream *stream =
        G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(viewer->stream));
    viewer->readable = g_pollable_input_stream_create_source(stream, NULL);
    g_source_set_callback(viewer->readable, G_SOURCE_FUNC(on_readable), viewer, NULL);
    g_source_attach(viewer->readable, viewer->context);
}

void viewer_read_stop(Viewer *viewer)
{
    if (viewer->readable == NULL)
        return;
    g_source_destroy(viewer->readable);
    g_clear_pointer(&viewer->readable, g_source_unref);
}
