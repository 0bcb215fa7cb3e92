/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/frame-map.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

/* drm_fourcc.h: four letters, the first in the lowest byte */
#define FOURCC(a, b, c, d)                                                                         \
    ((guint32)(a) | (guint32)(b) << 8 | (guint32)(c) << 16 | (guint32)(d) << 24)

/* Names say the order from the highest bit of a little-endian word down. */
typedef enum { ORDER_RGB888, ORDER_BGR888, ORDER_RGB565, ORDER_RGB30, ORDER_BGR30 } Order;

static const struct {
    guint32 format;
    Order order;
    guint bytes;
} formats[] = {
    { FOURCC('X', 'R', '2', '4'), ORDER_RGB888, 4 },
    { FOURCC('A', 'R', '2', '4'), ORDER_RGB888, 4 },
    { FOURCC('X', 'B', '2', '4'), ORDER_BGR888, 4 },
    { FOURCC('A', 'B', '2', '4'), ORDER_BGR888, 4 },
    { FOURCC('R', 'G', '1', '6'), ORDER_RGB565, 2 },
    { FOURCC('X', 'R', '3', '0'), ORDER_RGB30, 4 },
    { FOURCC('X', 'B', '3', '0'), ORDER_BGR30, 4 },
};

/* The widest and highest picture that is believed: of a device's numbers none is proved. */
#define SIDE_LIMIT 16384

guint frame_pixel_bytes(guint32 format)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++)
        if (formats[i].format == format)
            return formats[i].bytes;
    return 0;
}

static guint32 swap_red_blue(guint32 pixel)
{
    return (pixel & 0xff00) | (pixel >> 16 & 0xff) | (pixel & 0xff) << 16;
}

static guint32 from_565(guint32 pixel)
{
    guint32 red = pixel >> 11 & 31, green = pixel >> 5 & 63, blue = pixel & 31;
    return (red << 3 | red >> 2) << 16 | (green << 2 | green >> 4) << 8 | (blue << 3 | blue >> 2);
}

static guint32 from_30(guint32 pixel)
{
    return (pixel >> 22 & 0xff) << 16 | (pixel >> 12 & 0xff) << 8 | (pixel >> 2 & 0xff);
}

static guint32 convert(Order order, const guint8 *bytes)
{
    guint16 half;
    guint32 word;
    if (order == ORDER_RGB565) {
        memcpy(&half, bytes, sizeof half);
        return from_565(GUINT16_FROM_LE(half));
    }
    memcpy(&word, bytes, sizeof word);
    word = GUINT32_FROM_LE(word);
    switch (order) {
    case ORDER_BGR888:
        return swap_red_blue(word);
    case ORDER_RGB30:
        return from_30(word);
    case ORDER_BGR30:
        return swap_red_blue(from_30(word));
    case ORDER_RGB888:
    case ORDER_RGB565:
    default:
        return word & 0xffffff;
    }
}

gboolean frame_convert_row(guint32 format, const guint8 *row, guint32 width, guint32 *ret_pixels)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        if (formats[i].format != format)
            continue;
        for (guint32 x = 0; x < width; x++)
            ret_pixels[x] = convert(formats[i].order, row + (gsize)x * formats[i].bytes);
        return TRUE;
    }
    return FALSE;
}

static gboolean check(const VfioFrame *frame, GError **error)
{
    guint bytes = frame_pixel_bytes(frame->format);
    g_autofree char *name = vfio_format_name(frame->format);
    if (bytes == 0)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "pixels of format %s are not known", name);
    if (frame->modifier != 0)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "its pixels are tiled (modifier 0x%" G_GINT64_MODIFIER "x)",
                         frame->modifier);
    if (frame->width > SIDE_LIMIT || frame->height > SIDE_LIMIT ||
        frame->stride < frame->width * bytes ||
        (guint64)frame->stride * (frame->height - 1) + (guint64)frame->width * bytes > frame->size)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "the vGPU describes an impossible picture: %u x %u of %s, %u bytes a row, "
                         "%" G_GUINT64_FORMAT " bytes",
                         frame->width, frame->height, name, frame->stride, frame->size);
    return TRUE;
}

/*
 * How much can be mapped: a dma-buf not of whole pages is refused beyond the last whole one
 * (drivers/dma-buf/dma-buf.c:dma_buf_mmap_internal()).
 */
static gsize mappable(const VfioFrame *frame)
{
    guint64 page = (guint64)sysconf(_SC_PAGESIZE);
    guint64 wanted = (frame->size + page - 1) / page * page;
    off_t whole = frame->dmabuf ? lseek(frame->fd, 0, SEEK_END) : -1;
    return (gsize)(whole > 0 ? MIN(wanted, (guint64)whole / page * page) : wanted);
}

gboolean frame_map(const VfioFrame *frame, FrameMap *ret_map, GError **error)
{
    if (!check(frame, error))
        return FALSE;
    gsize length = mappable(frame);
    void *start = mmap(NULL, length, PROT_READ, MAP_SHARED, frame->fd, (off_t)frame->offset);
    if (start == MAP_FAILED)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "its driver does not let it be mapped: %s",
                         g_strerror(errno));
    gsize row = (gsize)frame->width * frame_pixel_bytes(frame->format);
    gsize rows = length < row ? 0 : (length - row) / frame->stride + 1;
    *ret_map = (FrameMap){
        .pixels = start, .rows = MIN(rows, frame->height), .start = start, .length = length
    };
    return TRUE;
}

void frame_map_clear(FrameMap *map)
{
    if (map->start != NULL)
        munmap(map->start, map->length);
    *map = (FrameMap){ 0 };
}
