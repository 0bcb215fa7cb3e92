/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-state.h"

#include "display/encode-cursor.h"
#include "display/encode-size.h"

/* Tiles made exact with one update: few where something moves, so that it is not late for them. */
#define EXACT_TILES_STILL 32
#define EXACT_TILES_MOVING 8
#define EXACT_TILES_SHORT 1

/* The number of rectangles has 16 bits; 0xffff means LastRect. */
#define RECTS_MOST 0xfffe

static guint32 now_ms(void)
{
    return (guint32)(g_get_monotonic_time() / 1000);
}

static void make_pseudo(ViewerMaking *making, gint32 encoding)
{
    guint8 header[12] = { 0 };
    rfb_put32(header + 8, (guint32)encoding);
    g_byte_array_append(making->head, header, sizeof header);
    making->n_head++;
}

static void make_abilities(Viewer *viewer)
{
    if (viewer->abilities.qemu_key)
        make_pseudo(&viewer->making, RFB_ENCODING_QEMU_KEY);
    if (viewer->abilities.extended_buttons) {
        make_pseudo(&viewer->making, RFB_ENCODING_EXTENDED_MOUSE_BUTTONS);
        viewer->parser.extended_pointer = TRUE;
    }
}

/* Who was never told of one shows its own: there may be none in the picture, as in a text mode. */
static void make_cursor(Viewer *viewer, const Cursor *cursor)
{
    if (cursor == NULL && !viewer->has_cursor)
        return;
    if (viewer->abilities.cursor_alpha)
        encode_cursor_alpha(cursor, viewer->making.head);
    else if (viewer->abilities.cursor)
        encode_cursor(cursor, &viewer->format, viewer->making.head);
    else
        return;
    viewer->has_cursor = TRUE;
    viewer->making.n_head++;
}

static void make_size(Viewer *viewer)
{
    if (!viewer->abilities.extended_size)
        return;
    encode_extended_size(viewer->width, viewer->height, RFB_RESIZE_BY_SERVER, RFB_RESIZE_DONE,
                         viewer->making.head);
    viewer->making.n_head++;
}

static void make_head(Viewer *viewer, const ScreenUpdate *update)
{
    ViewerMaking *making = &viewer->making;
    making->news = viewer->news;
    if (viewer->news.size)
        make_size(viewer);
    if (viewer->news.abilities)
        make_abilities(viewer);
    if (viewer->news.cursor)
        make_cursor(viewer, update->cursor);
    viewer->news = (ViewerNews){ 0 };
    making->move = update->move.to;
    if (rect_is_empty(update->move.to))
        return;
    encode_copy(update->move.to, update->move.from_x, update->move.from_y, making->head);
    tile_set_moved(viewer->tiles, update->move.to, update->move.from_x, update->move.from_y);
    making->n_head++;
}

/* A viewer that cannot resize has another size than the frame. */
static void add_runs(Viewer *viewer, const Frame *frame, const GArray *runs, guint first,
                     ViewerPart part)
{
    UpdateJob *job = viewer->making.job;
    Rect picture = { 0, 0, frame->width, frame->height };
    for (guint i = first; i < runs->len; i++) {
        const TileRun *run = &g_array_index(runs, TileRun, i);
        Rect rect = rect_intersect(run->rect, picture);
        if (rect_is_empty(rect))
            continue;
        EncodeSettings settings =
            viewer_settings(&viewer->abilities, &viewer->format,
                            run->moves ? VIEWER_PART_MOVING : part, pace_pressure(&viewer->pace));
        if (settings.kind == ENCODE_ZRLE && !viewer->zrle_begun && !viewer->making.begins_zrle)
            settings.stream_start = viewer->making.begins_zrle = TRUE;
        update_job_add(job, &settings, rect);
    }
}

static guint exact_tiles(const Viewer *viewer, guint n_moving)
{
    if (pace_pressure(&viewer->pace) > 0)
        return n_moving > 0 ? EXACT_TILES_SHORT : EXACT_TILES_MOVING;
    return n_moving > 0 ? EXACT_TILES_MOVING : EXACT_TILES_STILL;
}

static void make_parts(Viewer *viewer, const Frame *frame)
{
    ViewerMaking *making = &viewer->making;
    g_autoptr(GArray) runs = g_array_new(FALSE, FALSE, sizeof(TileRun));
    gboolean apart = viewer->abilities.quality > 0 && pace_pressure(&viewer->pace) > 0;
    guint n_moving = tile_set_take(viewer->tiles, making->area, now_ms(), apart, runs);
    guint n_runs = runs->len;
    add_runs(viewer, frame, runs, 0, VIEWER_PART_STILL);
    tile_set_take_lossy(viewer->tiles, making->area, now_ms(), exact_tiles(viewer, n_moving), runs);
    add_runs(viewer, frame, runs, n_runs, VIEWER_PART_EXACT);
    making->moves = n_moving > 0;
    making->exact = n_runs == 0;
}

static void clear_making(Viewer *viewer)
{
    g_clear_pointer(&viewer->making.job, update_job_drop);
    g_clear_pointer(&viewer->making.head, g_byte_array_unref);
    viewer->making = (ViewerMaking){ 0 };
}

void viewer_unmake(Viewer *viewer)
{
    ViewerMaking *making = &viewer->making;
    if (making->job == NULL)
        return;
    for (guint i = 0; i < update_job_parts(making->job); i++)
        tile_set_owe(viewer->tiles, update_job_rect(making->job, i));
    tile_set_owe(viewer->tiles, making->move);
    viewer->news.size = viewer->news.size || making->news.size;
    viewer->news.cursor = viewer->news.cursor || making->news.cursor;
    viewer->news.abilities = viewer->news.abilities || making->news.abilities;
    if (making->asked && !viewer->requested) {
        viewer->requested = TRUE;
        viewer->area = making->area;
    }
    clear_making(viewer);
}

/* As many parts from @index as one message has room for; returns the first of the next one. */
static guint put_message(Viewer *viewer, guint index)
{
    UpdateJob *job = viewer->making.job;
    guint end = index, n_rects = index == 0 ? viewer->making.n_head : 0;
    for (; end < update_job_parts(job); end++) {
        guint rects = update_job_part(job, end).result.rects;
        if (end > index && n_rects + rects > RECTS_MOST)
            break;
        n_rects += rects;
    }
    viewer_say_update(viewer, n_rects);
    if (index == 0)
        outbox_put_copy(viewer->outbox, viewer->making.head->data, viewer->making.head->len);
    for (guint i = index; i < end; i++) {
        UpdatePart part = update_job_part(job, i);
        outbox_put(viewer->outbox, g_bytes_ref(part.bytes));
        if (part.pixels != NULL)
            outbox_put(viewer->outbox, g_bytes_ref(part.pixels));
        if (part.result.lossy)
            tile_set_sent(viewer->tiles, part.rect, TRUE);
    }
    return end;
}

/* How long the line takes for an update, or took for the last one. */
static gint64 line_us(Viewer *viewer, gsize bytes)
{
    if (viewer->abilities.fence)
        return pace_line_us(&viewer->pace, bytes);
    return outbox_take_refused_us(viewer->outbox);
}

static void put_making(Viewer *viewer)
{
    gsize held = outbox_held_bytes(viewer->outbox);
    guint index = 0;
    do
        index = put_message(viewer, index);
    while (index < update_job_parts(viewer->making.job));
    viewer->zrle_begun = viewer->zrle_begun || viewer->making.begins_zrle;
    gsize bytes = outbox_held_bytes(viewer->outbox) - held;
    viewer_say_own_fence(viewer, bytes);
    viewer->n_updates++;
    if (viewer->making.moves)
        pace_moved(&viewer->pace, line_us(viewer, bytes));
    else if (viewer->making.exact)
        pace_still(&viewer->pace);
}

static void finish(Viewer *viewer)
{
    put_making(viewer);
    clear_making(viewer);
    viewer_flush(viewer);
}

static void on_made(UpdateJob *job, gpointer userdata)
{
    Viewer *viewer = userdata;
    if (viewer->host->share != NULL)
        update_share_made(viewer->host->share, update_job_serial(job));
    finish(viewer);
    viewer_tell(viewer);
}

static void share(const Viewer *viewer, const ScreenUpdate *update)
{
    EncodeSettings settings = viewer_settings(&viewer->abilities, &viewer->format,
                                              VIEWER_PART_STILL, pace_pressure(&viewer->pace));
    if (viewer->host->share != NULL)
        update_share_put(viewer->host->share, &settings, update->frame, update->serial);
}

gboolean viewer_make(Viewer *viewer, const ScreenUpdate *update, Rect area)
{
    ViewerMaking *making = &viewer->making;
    making->asked = viewer->requested;
    making->area = area;
    making->head = g_byte_array_new();
    making->job = update_job_new(viewer->host->cache, update->frame, update->serial);
    make_head(viewer, update);
    make_parts(viewer, update->frame);
    if (update_job_parts(making->job) == 0 && making->n_head == 0) {
        clear_making(viewer);
        return FALSE;
    }
    share(viewer, update);
    viewer->requested = FALSE;
    if (update_job_parts(making->job) == 0)
        finish(viewer);
    else
        update_job_start(making->job, viewer->host->workers, on_made, viewer);
    return TRUE;
}
