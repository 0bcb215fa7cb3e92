/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

static void cancel(GSource **source)
{
    if (*source == NULL)
        return;
    g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

static gboolean has_changed(Viewer *viewer)
{
    gboolean changed = viewer->waits != viewer->told_wants;
    viewer->told_wants = viewer->waits;
    return changed;
}

/* May free the viewer: nothing after the calls. */
static gboolean on_notice(gpointer data)
{
    Viewer *viewer = data;
    g_clear_pointer(&viewer->notice, g_source_unref);
    if (viewer->over)
        viewer->ended(viewer, viewer->error, viewer->userdata);
    else if (has_changed(viewer) && viewer->changed != NULL)
        viewer->changed(viewer, viewer->userdata);
    return G_SOURCE_REMOVE;
}

void viewer_notice(Viewer *viewer)
{
    if (viewer->notice != NULL)
        return;
    viewer->notice = g_idle_source_new();
    g_source_set_priority(viewer->notice, G_PRIORITY_DEFAULT);
    g_source_set_callback(viewer->notice, on_notice, viewer, NULL);
    g_source_attach(viewer->notice, viewer->context);
}

void viewer_end(Viewer *viewer, const GError *error)
{
    if (viewer->over)
        return;
    viewer->over = TRUE;
    viewer->error = error != NULL ? g_error_copy(error) : NULL;
    viewer->waits = FALSE;
    if (viewer->host->clipboard != NULL)
        clipboard_leave(viewer->host->clipboard, viewer);
    viewer_read_stop(viewer);
    viewer_unmake(viewer);
    cancel(&viewer->still);
    viewer_notice(viewer);
}

static void on_wrote(Outbox *outbox, const GError *error, gpointer userdata)
{
    Viewer *viewer = userdata;
    if (error != NULL) {
        viewer_end(viewer, error);
        return;
    }
    viewer_read_start(viewer);
    viewer_tell(viewer);
}

Viewer *viewer_new(const ViewerHost *host, GIOStream *stream, ViewerEnded ended,
                   ViewerChanged changed, gpointer userdata)
{
    Viewer *viewer = g_new0(Viewer, 1);
    viewer->host = host;
    viewer->stream = stream;
    viewer->context = g_main_context_ref_thread_default();
    viewer->ended = ended;
    viewer->changed = changed;
    viewer->userdata = userdata;
    viewer->format = pixel_format_native;
    viewer->abilities.level = -1;
    viewer->outbox = outbox_new(stream, on_wrote, viewer);
    viewer_read_start(viewer);
    return viewer;
}

void viewer_free(Viewer *viewer)
{
    if (viewer == NULL)
        return;
    viewer_end(viewer, NULL);
    cancel(&viewer->notice);
    if (viewer->host->input != NULL) {
        input_leave(viewer->host->input, viewer);
        input_leave(viewer->host->input, &viewer->lent_shift_for);
    }
    outbox_shut(viewer->outbox);
    outbox_free(viewer->outbox);
    g_object_unref(viewer->stream);
    tile_set_free(viewer->tiles);
    if (viewer->text != NULL)
        g_string_free(viewer->text, TRUE);
    g_clear_error(&viewer->error);
    g_main_context_unref(viewer->context);
    g_free(viewer);
}

void viewer_look(Viewer *viewer)
{
    viewer_tell(viewer);
}

gboolean viewer_wants(const Viewer *viewer)
{
    return viewer->waits;
}

ViewerStatistics viewer_statistics(const Viewer *viewer)
{
    return (ViewerStatistics){
        .updates = viewer->n_updates,
        .bytes = outbox_sent_bytes(viewer->outbox),
        .held_bytes = outbox_held_bytes(viewer->outbox),
    };
}
