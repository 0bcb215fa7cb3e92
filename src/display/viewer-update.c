/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

/* The next update is begun while so much of the last one still waits. */
#define HELD_LOW (64 * 1024)

void viewer_set_size(Viewer *viewer, int width, int height)
{
    tile_set_free(viewer->tiles);
    viewer->tiles = tile_set_new(width, height);
    viewer->width = width;
    viewer->height = height;
}

static Rect whole(const Viewer *viewer)
{
    return (Rect){ 0, 0, viewer->width, viewer->height };
}

/* What it wants to be told of now. */
static Rect wanted_area(const Viewer *viewer)
{
    if (viewer->requested && viewer->continuous)
        return rect_around(viewer->area, viewer->continuous_area);
    return viewer->requested ? viewer->area : viewer->continuous_area;
}

static guint32 now_ms(void)
{
    return (guint32)(g_get_monotonic_time() / 1000);
}

/*
 * What is new since the last time, noted: as tiles that are owed, and as other news. A part that
 * moved is worth a copy for who has all of the picture before.
 */
static void note(Viewer *viewer, ScreenUpdate *update)
{
    const Frame *frame = update->frame;
    gboolean can_resize = viewer->abilities.size || viewer->abilities.extended_size;
    gboolean fits = frame->width == viewer->width && frame->height == viewer->height;
    if (!fits) { /* where it is now may be outside of the viewer's picture */
        tile_set_owe(viewer->tiles, update->move.to);
        update->move = (ScreenMove){ 0 };
    }
    if (!fits && can_resize) {
        viewer_set_size(viewer, frame->width, frame->height);
        viewer->news.resized = TRUE;
    } else if (update->resized) {
        tile_set_owe(viewer->tiles, whole(viewer));
    }
    for (guint i = 0; i < update->rects->len; i++)
        tile_set_owe(viewer->tiles, g_array_index(update->rects, Rect, i));
    if (update->recoloured && (viewer->abilities.cursor || viewer->abilities.cursor_alpha))
        viewer->news.cursor = TRUE;
    viewer->since = update->serial;
}

/* The settings of what does not move stand for all. */
static Frame *find_shared(const Viewer *viewer, guint64 *ret_serial)
{
    EncodeSettings settings = viewer_settings(&viewer->abilities, &viewer->format,
                                              VIEWER_PART_STILL, pace_pressure(&viewer->pace));
    if (viewer->host->share == NULL)
        return NULL;
    return update_share_find(viewer->host->share, &settings, viewer->since, ret_serial);
}

/* What changed until the newest frame contains what changed until an older one. */
static void share(const Viewer *viewer, ScreenUpdate *update)
{
    guint64 serial = 0;
    g_autoptr(Frame) frame = find_shared(viewer, &serial);
    if (frame == NULL || update->resized || serial >= update->serial ||
        frame->width != update->frame->width || frame->height != update->frame->height)
        return;
    frame_unref(update->frame);
    update->frame = g_steal_pointer(&frame);
    update->serial = serial;
    if (!rect_is_empty(update->move.to))
        g_array_append_val(update->rects, update->move.to);
    update->move = (ScreenMove){ 0 };
}

static gboolean may_move(const Viewer *viewer)
{
    Rect seen = rect_intersect(wanted_area(viewer), whole(viewer));
    return viewer->abilities.copy && viewer->since != 0 && seen.width == viewer->width &&
           seen.height == viewer->height && !tile_set_owes(viewer->tiles, whole(viewer));
}

/* Whether there is something to say although nothing is new. */
static gboolean lacks(const Viewer *viewer)
{
    return tile_set_owes(viewer->tiles, wanted_area(viewer)) || viewer->news.cursor ||
           viewer->news.size || viewer->news.abilities ||
           tile_set_lossy_due_ms(viewer->tiles, now_ms()) == 0;
}

/* Before the first frame the picture is black. */
static gboolean get_blank(const Viewer *viewer, ScreenUpdate *ret_update)
{
    Frame *frame = frame_new(viewer->width, viewer->height, NULL);
    if (frame == NULL)
        return FALSE;
    *ret_update = (ScreenUpdate){ .frame = frame };
    return TRUE;
}

/* The frame to tell of, what is new in it noted; FALSE: there is nothing to tell. */
static gboolean get_update(Viewer *viewer, ScreenUpdate *ret_update)
{
    Screen *screen = viewer->host->screen;
    for (;;) {
        if (screen_get_update(screen, viewer->since, may_move(viewer), ret_update)) {
            share(viewer, ret_update);
            note(viewer, ret_update);
            return TRUE;
        }
        if (!lacks(viewer))
            return FALSE;
        if (!screen_get_update(screen, 0, FALSE, ret_update))
            return get_blank(viewer, ret_update);
        if (ret_update->serial == viewer->since) {
            ret_update->move = (ScreenMove){ 0 };
            return TRUE;
        }
        screen_update_clear(ret_update); /* a newer one has come just now */
    }
}

/* A new size is a message of its own, as the viewer drops its picture (RFC 6143, 7.8.2). */
static void tell_size(Viewer *viewer)
{
    if (viewer->abilities.size || viewer->abilities.extended_size) {
        viewer_say_size(viewer, RFB_RESIZE_BY_SERVER, RFB_RESIZE_DONE);
        viewer->requested = FALSE;
    }
    viewer->news.resized = viewer->news.size = FALSE;
}

static gboolean is_asked(const Viewer *viewer)
{
    return viewer->requested || viewer->continuous;
}

/* Nothing stands in the way of the next update. */
static gboolean is_free(const Viewer *viewer)
{
    return is_asked(viewer) && viewer->making.job == NULL &&
           outbox_held_bytes(viewer->outbox) <= HELD_LOW && pace_is_open(&viewer->pace);
}

/* Begins what can be begun. Whether it waits for news of the screen then. */
static gboolean tell(Viewer *viewer)
{
    while (is_free(viewer)) {
        g_auto(ScreenUpdate) update = { 0 };
        if (viewer->news.resized) {
            tell_size(viewer);
            viewer_flush(viewer);
            continue;
        }
        if (!get_update(viewer, &update))
            return TRUE;
        if (!viewer->news.resized && !viewer_make(viewer, &update, wanted_area(viewer)))
            return TRUE;
    }
    return FALSE;
}

static gboolean on_still(gpointer data)
{
    Viewer *viewer = data;
    g_clear_pointer(&viewer->still, g_source_unref);
    viewer_tell(viewer);
    return G_SOURCE_REMOVE;
}

/* What is not exact is made so when nothing changed it for a while. */
static void start_still(Viewer *viewer)
{
    int due_ms = tile_set_lossy_due_ms(viewer->tiles, now_ms());
    if (viewer->still != NULL || due_ms < 0)
        return;
    if (due_ms == 0) /* but it is not wanted: outside of the area asked for */
        due_ms = TILE_STILL_MS;
    viewer->still = g_timeout_source_new((guint)due_ms);
    g_source_set_callback(viewer->still, on_still, viewer, NULL);
    g_source_attach(viewer->still, viewer->context);
}

void viewer_tell(Viewer *viewer)
{
    if (viewer->over || !viewer->greeted)
        return;
    /* one without fences asks again when it has what it asked for */
    if (!viewer->abilities.fence && is_asked(viewer) && outbox_held_bytes(viewer->outbox) == 0)
        pace_answered_all(&viewer->pace, g_get_monotonic_time());
    viewer->waits = tell(viewer);
    if (viewer->waits)
        start_still(viewer);
    if (viewer->waits != viewer->told_wants)
        viewer_notice(viewer);
}

void viewer_flush(Viewer *viewer)
{
    g_autoptr(GError) error = NULL;
    if (viewer->over)
        return;
    if (!outbox_flush(viewer->outbox, &error))
        viewer_end(viewer, error);
    viewer_read_start(viewer);
}
