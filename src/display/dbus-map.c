/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-map.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"

static gboolean check(const DbusMap *map, GError **error)
{
    if (map->width < 1 || map->height < 1 || map->width > FRAME_SIDE_LIMIT ||
        map->height > FRAME_SIDE_LIMIT || map->stride < (gsize)map->width * map->format.bytes)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "QEMU shares an impossible picture: %d x %d, %" G_GSIZE_FORMAT
                         " bytes a row",
                         map->width, map->height, map->stride);
    gint64 size = lseek(map->fd, 0, SEEK_END);
    if (size < 0)
        return error_set_errno(error, errno, "Looking at the memory QEMU shares");
    gint64 end = map->offset + (gint64)map->stride * (map->height - 1) +
                 (gint64)map->width * map->format.bytes;
    if (end > size)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The memory QEMU shares ends before its picture of %d x %d pixels does",
                         map->width, map->height);
    return TRUE;
}

static void clear(gpointer data)
{
    DbusMap *map = data;
    close(map->fd);
}

DbusMap *dbus_map_new(int fd, guint32 offset, guint32 width, guint32 height, guint32 stride,
                      guint32 pixman_format, GError **error)
{
    DbusMap *map = g_atomic_rc_box_new0(DbusMap);
    map->fd = fd;
    map->offset = offset;
    map->width = (int)MIN(width, G_MAXINT);
    map->height = (int)MIN(height, G_MAXINT);
    map->stride = stride;
    gboolean good = pixman_format_read(pixman_format, &map->format);
    if (!good)
        error_set(error, VGPUCTL_ERROR_INVALID, "QEMU's format of pixels 0x%08x is not known",
                  pixman_format);
    if (!good || !check(map, error))
        g_clear_pointer(&map, dbus_map_unref);
    return map;
}

DbusMap *dbus_map_ref(DbusMap *map)
{
    return g_atomic_rc_box_acquire(map);
}

void dbus_map_unref(DbusMap *map)
{
    if (map != NULL)
        g_atomic_rc_box_release_full(map, clear);
}

static gboolean read_at(const DbusMap *map, void *to, gsize length, gint64 offset, GError **error)
{
    guint8 *next = to;
    while (length > 0) {
        ssize_t n = pread(map->fd, next, length, offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set_errno(error, errno, "Reading the memory QEMU shares");
        if (n == 0)
            return error_set(error, VGPUCTL_ERROR_INVALID, "The memory QEMU shares was cut short");
        next += n;
        offset += n;
        length -= (gsize)n;
    }
    return TRUE;
}

gboolean dbus_map_read(const DbusMap *map, Rect rect, Frame *frame, GError **error)
{
    gsize row = (gsize)rect.width * map->format.bytes;
    gint64 offset = map->offset + (gint64)map->stride * rect.y + (gint64)rect.x * map->format.bytes;
    if (map->format.native && map->stride == frame->stride && rect.width == map->width)
        return read_at(map, frame_row(frame, rect.y), map->stride * (gsize)(rect.height - 1) + row,
                       offset, error);
    g_autofree guint8 *bytes = map->format.native ? NULL : g_malloc(row);
    for (int y = rect.y; y < rect.y + rect.height; y++, offset += (gint64)map->stride) {
        guint32 *pixels = frame_row(frame, y) + rect.x;
        if (!read_at(map, bytes != NULL ? (void *)bytes : pixels, row, offset, error))
            return FALSE;
        if (bytes != NULL)
            pixman_format_convert(&map->format, bytes, (gsize)rect.width, pixels);
    }
    return TRUE;
}
