/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-picture.h"

#include <unistd.h>

#include "base/error.h"
#include "display/frame-history.h"

struct DbusPicture {
    GMutex lock;
    GCond said;
    gboolean stopped;
    gboolean fresh;        /* something to draw */
    gint64 dark_us;        /* when the screen goes dark, unless it is drawn on; 0: it does not */
    DbusNews news;         /* what is shown, and what changed since it was taken */
    FrameHistory *history; /* of frames that QEMU updates by and by */
    gboolean is_dark;      /* it was taken as dark */
    int width, height;
};

static void buffer_clear(gpointer data)
{
    DbusBuffer *buffer = data;
    close(buffer->described.fd);
}

DbusBuffer *dbus_buffer_ref(DbusBuffer *buffer)
{
    return g_atomic_rc_box_acquire(buffer);
}

void dbus_buffer_unref(DbusBuffer *buffer)
{
    if (buffer != NULL)
        g_atomic_rc_box_release_full(buffer, buffer_clear);
}

void dbus_news_clear(DbusNews *news)
{
    frame_unref(news->frame);
    dbus_map_unref(news->map);
    dbus_buffer_unref(news->buffer);
    *news = (DbusNews){ 0 };
}

DbusPicture *dbus_picture_new(void)
{
    DbusPicture *picture = g_new0(DbusPicture, 1);
    picture->history = frame_history_new();
    g_mutex_init(&picture->lock);
    g_cond_init(&picture->said);
    return picture;
}

void dbus_picture_free(DbusPicture *picture)
{
    if (picture == NULL)
        return;
    dbus_news_clear(&picture->news);
    frame_history_free(picture->history);
    g_mutex_clear(&picture->lock);
    g_cond_clear(&picture->said);
    g_free(picture);
}

/* With the lock held: there is something to draw. */
static void tell(DbusPicture *picture)
{
    picture->fresh = TRUE;
    picture->dark_us = 0;
    picture->is_dark = FALSE;
    g_cond_signal(&picture->said);
}

/* Another picture, whose parts are taken over. */
static void replace(DbusPicture *picture, int width, int height, DbusNews news)
{
    g_mutex_lock(&picture->lock);
    DbusNews old = picture->news;
    picture->news = news;
    picture->news.whole = TRUE;
    picture->width = width;
    picture->height = height;
    tell(picture);
    g_mutex_unlock(&picture->lock);
    dbus_news_clear(&old);
}

static gboolean lies_within(Rect rect, int width, int height)
{
    return rect.x >= 0 && rect.y >= 0 && rect.width > 0 && rect.height > 0 && rect.x < width &&
           rect.y < height && rect.width <= width - rect.x && rect.height <= height - rect.y;
}

/* With the lock held. */
static void add_rect(DbusPicture *picture, Rect rect)
{
    DbusNews *news = &picture->news;
    if (news->whole)
        return;
    if (news->n_rects == DBUS_PICTURE_RECTS) {
        for (guint i = 1; i < news->n_rects; i++)
            news->rects[0] = rect_around(news->rects[0], news->rects[i]);
        news->n_rects = 1;
    }
    news->rects[news->n_rects++] = rect;
}

/* Pixels as QEMU sends them; FALSE when there are fewer than it says. */
typedef struct {
    PixmanFormat format;
    const guint8 *bytes;
    gsize stride;
} Pixels;

static gboolean read_pixels(GVariant *data, guint32 number, gsize width, gsize height, gsize stride,
                            Pixels *ret_pixels)
{
    *ret_pixels = (Pixels){ .bytes = g_variant_get_data(data), .stride = stride };
    if (width < 1 || height < 1 || width > FRAME_SIDE_LIMIT || height > FRAME_SIDE_LIMIT ||
        !pixman_format_read(number, &ret_pixels->format))
        return FALSE;
    gsize row = width * ret_pixels->format.bytes;
    return stride >= row && stride <= G_MAXUINT32 &&
           g_variant_get_size(data) >= stride * (height - 1) + row;
}

static void copy_pixels(const Pixels *pixels, Frame *frame, Rect rect)
{
    for (int y = 0; y < rect.height; y++)
        pixman_format_convert(&pixels->format, pixels->bytes + (gsize)y * pixels->stride,
                              (gsize)rect.width, frame_row(frame, rect.y + y) + rect.x);
}

/* The message's own bytes where a Frame has them that way. */
static Frame *frame_of(const Pixels *pixels, int width, int height, GVariant *data)
{
    if (pixels->format.native && pixels->stride % sizeof(guint32) == 0 &&
        (guintptr)pixels->bytes % sizeof(guint32) == 0) {
        Frame *frame =
            frame_new_wrapped(width, height, pixels->stride, (const guint32 *)pixels->bytes,
                              (GDestroyNotify)g_variant_unref, data, NULL);
        if (frame != NULL)
            g_variant_ref(data);
        return frame;
    }
    Frame *frame = frame_new_unfilled(width, height, NULL);
    if (frame != NULL)
        copy_pixels(pixels, frame, (Rect){ 0, 0, width, height });
    return frame;
}

void dbus_picture_scanout(DbusPicture *picture, guint32 width, guint32 height, guint32 stride,
                          guint32 pixman_format, GVariant *data)
{
    Pixels pixels;
    if (!read_pixels(data, pixman_format, width, height, stride, &pixels))
        return;
    Frame *frame = frame_of(&pixels, (int)width, (int)height, data);
    if (frame != NULL)
        replace(picture, (int)width, (int)height, (DbusNews){ .frame = frame });
}

/* With the lock held. */
static Frame *apply_update(DbusPicture *picture, Rect rect, const Pixels *pixels, GVariant *data)
{
    Frame *newest = g_steal_pointer(&picture->news.frame);
    if (rect.width == picture->width && rect.height == picture->height) {
        frame_unref(newest);
        return frame_of(pixels, rect.width, rect.height, data);
    }
    Frame *frame = frame_history_make_writable(picture->history, newest, NULL);
    if (frame == NULL)
        return NULL;
    frame_history_changed(picture->history, rect);
    copy_pixels(pixels, frame, rect);
    return frame;
}

void dbus_picture_update(DbusPicture *picture, Rect rect, guint32 stride, guint32 pixman_format,
                         GVariant *data)
{
    Pixels pixels;
    g_mutex_lock(&picture->lock);
    DbusNews *news = &picture->news;
    if (news->frame != NULL && lies_within(rect, picture->width, picture->height) &&
        read_pixels(data, pixman_format, (gsize)rect.width, (gsize)rect.height, stride, &pixels)) {
        news->frame = apply_update(picture, rect, &pixels, data);
        if (news->frame != NULL) {
            add_rect(picture, rect);
            tell(picture);
        }
    }
    g_mutex_unlock(&picture->lock);
}

gboolean dbus_picture_scanout_map(DbusPicture *picture, int fd, guint32 offset, guint32 width,
                                  guint32 height, guint32 stride, guint32 pixman_format,
                                  GError **error)
{
    DbusMap *map = dbus_map_new(fd, offset, width, height, stride, pixman_format, error);
    if (map == NULL)
        return FALSE;
    replace(picture, map->width, map->height, (DbusNews){ .map = map });
    return TRUE;
}

void dbus_picture_scanout_dmabuf(DbusPicture *picture, const DbusDmabuf *dmabuf)
{
    if (dmabuf->width < 1 || dmabuf->height < 1 || dmabuf->width > FRAME_SIDE_LIMIT ||
        dmabuf->height > FRAME_SIDE_LIMIT) {
        close(dmabuf->fd);
        return;
    }
    DbusBuffer *buffer = g_atomic_rc_box_new(DbusBuffer);
    buffer->described = *dmabuf;
    replace(picture, (int)dmabuf->width, (int)dmabuf->height, (DbusNews){ .buffer = buffer });
}

void dbus_picture_changed(DbusPicture *picture, Rect rect)
{
    g_mutex_lock(&picture->lock);
    /* QEMU's rectangles may reach over the edge (virtio-gpu takes the guest's word) */
    rect.width = MIN(rect.width, FRAME_SIDE_LIMIT);
    rect.height = MIN(rect.height, FRAME_SIDE_LIMIT);
    rect.x = CLAMP(rect.x, -FRAME_SIDE_LIMIT, FRAME_SIDE_LIMIT);
    rect.y = CLAMP(rect.y, -FRAME_SIDE_LIMIT, FRAME_SIDE_LIMIT);
    Rect inside = rect_intersect(rect, (Rect){ 0, 0, picture->width, picture->height });
    if ((picture->news.map != NULL || picture->news.buffer != NULL) && !rect_is_empty(inside)) {
        add_rect(picture, inside);
        tell(picture);
    }
    g_mutex_unlock(&picture->lock);
}

void dbus_picture_disable(DbusPicture *picture)
{
    g_mutex_lock(&picture->lock);
    if (picture->width > 0 && picture->dark_us == 0 && !picture->is_dark) {
        picture->dark_us = g_get_monotonic_time() + DBUS_PICTURE_DARK_MS * 1000;
        g_cond_signal(&picture->said);
    }
    g_mutex_unlock(&picture->lock);
}

gboolean dbus_picture_await(DbusPicture *picture)
{
    g_mutex_lock(&picture->lock);
    while (!picture->stopped && !picture->fresh &&
           (picture->dark_us == 0 || g_get_monotonic_time() < picture->dark_us)) {
        if (picture->dark_us != 0)
            g_cond_wait_until(&picture->said, &picture->lock, picture->dark_us);
        else
            g_cond_wait(&picture->said, &picture->lock);
    }
    gboolean goes_on = !picture->stopped;
    g_mutex_unlock(&picture->lock);
    return goes_on;
}

void dbus_picture_take(DbusPicture *picture, DbusNews *ret_news)
{
    g_mutex_lock(&picture->lock);
    DbusNews *news = &picture->news;
    *ret_news = (DbusNews){ 0 };
    if (picture->fresh) {
        *ret_news = *news;
        ret_news->frame = news->frame != NULL ? frame_ref(news->frame) : NULL;
        ret_news->map = news->map != NULL ? dbus_map_ref(news->map) : NULL;
        ret_news->buffer = news->buffer != NULL ? dbus_buffer_ref(news->buffer) : NULL;
        news->whole = FALSE;
        news->n_rects = 0;
    } else if (picture->dark_us != 0 && g_get_monotonic_time() >= picture->dark_us) {
        ret_news->dark = ret_news->whole = TRUE;
        /* should it be drawn on again, all of it is to be seen */
        news->whole = TRUE;
        picture->dark_us = 0;
        picture->is_dark = TRUE;
    }
    picture->fresh = FALSE;
    g_mutex_unlock(&picture->lock);
}

gboolean dbus_picture_has_size(DbusPicture *picture, guint width, guint height)
{
    g_mutex_lock(&picture->lock);
    gboolean has = (guint)picture->width == width && (guint)picture->height == height;
    g_mutex_unlock(&picture->lock);
    return has;
}

void dbus_picture_show_again(DbusPicture *picture)
{
    g_mutex_lock(&picture->lock);
    picture->news.whole = TRUE;
    if (picture->is_dark)
        picture->dark_us = g_get_monotonic_time();
    else
        picture->fresh = picture->width > 0;
    picture->is_dark = FALSE;
    g_cond_signal(&picture->said);
    g_mutex_unlock(&picture->lock);
}

void dbus_picture_stop(DbusPicture *picture)
{
    g_mutex_lock(&picture->lock);
    picture->stopped = TRUE;
    g_cond_signal(&picture->said);
    g_mutex_unlock(&picture->lock);
}
