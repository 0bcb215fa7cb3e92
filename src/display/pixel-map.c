/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pixel-map.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "display/drm-format.h"

static gsize row_bytes(const Dmabuf *picture)
{
    return (gsize)picture->width * drm_format_bytes(picture->format);
}

/* From the offset to the end of the last pixel. */
static guint64 extent(const Dmabuf *picture)
{
    return (guint64)picture->stride * ((guint64)picture->y + picture->height - 1) +
           (guint64)picture->x * drm_format_bytes(picture->format) + row_bytes(picture);
}

/* Of a device's numbers none is proved. @end: bytes of the file; 0: not known. */
static gboolean check(const Dmabuf *picture, guint64 end, GError **error)
{
    g_autofree char *name = drm_format_name(picture->format);
    if (drm_format_bytes(picture->format) == 0)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "pixels of format %s are not known", name);
    if (picture->modifier != 0)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "its pixels are tiled (modifier 0x%" G_GINT64_MODIFIER "x)",
                         picture->modifier);
    gboolean possible = picture->width > 0 && picture->width <= FRAME_SIDE_LIMIT &&
                        picture->height > 0 && picture->height <= FRAME_SIDE_LIMIT &&
                        picture->x <= FRAME_SIDE_LIMIT && picture->y <= FRAME_SIDE_LIMIT &&
                        picture->stride >= row_bytes(picture) && picture->offset <= G_MAXINT64 / 2;
    if (!possible || (end != 0 && picture->offset + extent(picture) > end))
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "it is an impossible picture: %u x %u of %s, %u bytes a row, "
                         "%" G_GUINT64_FORMAT " bytes",
                         picture->width, picture->height, name, picture->stride,
                         end > picture->offset ? end - picture->offset : 0);
    return TRUE;
}

/*
 * Where what can be mapped ends: a dma-buf not of whole pages is refused beyond the last whole one
 * (drivers/dma-buf/dma-buf.c:dma_buf_mmap_internal()).
 */
static guint64 mappable_end(const Dmabuf *picture, guint64 dmabuf_size, guint64 page)
{
    guint64 wanted = (picture->offset + extent(picture) + page - 1) / page * page;
    return dmabuf_size > 0 ? MIN(wanted, dmabuf_size / page * page) : wanted;
}

gboolean pixel_map(const Dmabuf *picture, guint64 region_size, PixelMap *ret_map, GError **error)
{
    off_t size = region_size == 0 ? lseek(picture->fd, 0, SEEK_END) : 0;
    guint64 dmabuf_size = size > 0 ? (guint64)size : 0, page = (guint64)sysconf(_SC_PAGESIZE);
    if (!check(picture, region_size == 0 ? dmabuf_size : picture->offset + region_size, error))
        return FALSE;
    guint64 from = picture->offset / page * page, to = mappable_end(picture, dmabuf_size, page);
    if (to <= from)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "it is smaller than what can be mapped");
    gsize length = (gsize)(to - from);
    void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, picture->fd, (off_t)from);
    if (start == MAP_FAILED)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "its driver does not let it be mapped: %s",
                         g_strerror(errno));
    gsize before = (gsize)(picture->offset - from) + (gsize)picture->y * picture->stride +
                   (gsize)picture->x * drm_format_bytes(picture->format);
    *ret_map =
        (PixelMap){ .picture = *picture,
                    .sync_fd = region_size == 0 ? fcntl(picture->fd, F_DUPFD_CLOEXEC, 0) : -1,
                    .pixels = (const guint8 *)start + MIN(before, length),
                    .there = length - MIN(before, length),
                    .start = start,
                    .length = length };
    return TRUE;
}

void pixel_map_clear(PixelMap *map)
{
    if (map->start != NULL) {
        munmap(map->start, map->length);
        if (map->sync_fd >= 0)
            close(map->sync_fd);
    }
    *map = (PixelMap){ .sync_fd = -1 };
}

/* Tells the exporter that the processor reads (linux/dma-buf.h); it may not need to know. */
static void sync_reading(const PixelMap *map, guint64 flag)
{
    struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_READ | flag };
    if (map->sync_fd >= 0)
        (void)ioctl(map->sync_fd, DMA_BUF_IOCTL_SYNC, &sync);
}

static void read_row(const PixelMap *map, int y, guint32 *ret_pixels)
{
    const Dmabuf *picture = &map->picture;
    gsize line = picture->bottom_first ? picture->height - 1 - (gsize)y : (gsize)y;
    gsize at = line * picture->stride, wanted = row_bytes(picture);
    gsize there = at < map->there ? MIN(map->there - at, wanted) : 0;
    guint pixel = drm_format_bytes(picture->format);
    guint32 n = (guint32)(there / pixel);
    if (drm_format_is_native(picture->format))
        memcpy(ret_pixels, map->pixels + MIN(at, map->there), (gsize)n * pixel);
    else
        drm_format_convert_row(picture->format, map->pixels + MIN(at, map->there), n, ret_pixels);
    memset(ret_pixels + n, 0, (picture->width - n) * sizeof *ret_pixels);
}

/* The first row that is another than in @last: what is equal needs no copy. */
static int first_difference(const PixelMap *map, const Frame *last)
{
    const Dmabuf *picture = &map->picture;
    gsize bytes = (gsize)picture->width * sizeof(guint32);
    gboolean in_place = drm_format_is_native(picture->format) && !picture->bottom_first;
    g_autofree guint32 *row = g_new(guint32, picture->width);
    int y = 0;
    for (; y < last->height; y++) {
        gsize at = (gsize)y * picture->stride;
        const void *now = row;
        if (in_place && at + bytes <= map->there)
            now = map->pixels + at;
        else
            read_row(map, y, row);
        if (memcmp(now, frame_row(last, y), bytes) != 0)
            break;
    }
    return y;
}

static Rect rows_changed(const Frame *frame, const Frame *last)
{
    gsize bytes = (gsize)frame->width * sizeof(guint32);
    int top = frame == last ? frame->height : 0, bottom = frame->height;
    while (top < bottom && memcmp(frame_row(frame, top), frame_row(last, top), bytes) == 0)
        top++;
    while (bottom > top &&
           memcmp(frame_row(frame, bottom - 1), frame_row(last, bottom - 1), bytes) == 0)
        bottom--;
    return (Rect){ 0, top, frame->width, bottom - top };
}

Frame *pixel_frame_after(Frame *frame, Frame *last, Rect *ret_changed)
{
    gboolean comparable =
        last != NULL && last->width == frame->width && last->height == frame->height;
    *ret_changed =
        comparable ? rows_changed(frame, last) : (Rect){ 0, 0, frame->width, frame->height };
    if (!rect_is_empty(*ret_changed) || frame == last)
        return frame;
    frame_unref(frame);
    return frame_ref(last);
}

/* What was compared as equal is taken from @last, for the guest draws meanwhile. */
static Frame *read_from(const PixelMap *map, const Frame *last, int first, GError **error)
{
    const Dmabuf *picture = &map->picture;
    Frame *frame = frame_new_unfilled((int)picture->width, (int)picture->height, error);
    if (frame == NULL)
        return NULL;
    for (int y = 0; y < first; y++)
        memcpy(frame_row(frame, y), frame_row(last, y), (gsize)frame->width * sizeof(guint32));
    for (int y = first; y < frame->height; y++)
        read_row(map, y, frame_row(frame, y));
    return frame;
}

Frame *pixel_map_read(const PixelMap *map, Frame *last, Rect *ret_changed, GError **error)
{
    int width = (int)map->picture.width, height = (int)map->picture.height;
    gboolean comparable = last != NULL && last->width == width && last->height == height;
    sync_reading(map, DMA_BUF_SYNC_START);
    int first = comparable ? first_difference(map, last) : 0;
    Frame *frame = first < height ? read_from(map, last, first, error) : frame_ref(last);
    sync_reading(map, DMA_BUF_SYNC_END);
    return frame != NULL ? pixel_frame_after(frame, last, ret_changed) : NULL;
}
