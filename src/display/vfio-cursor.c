/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/vfio-cursor.h"

#include "display/plane-reader.h"

struct VfioCursor {
    PlaneReader *reader;
    Frame *shown; /* its pixels' X is A; NULL: the plane is off */
    guint32 hot_x, hot_y;
};

VfioCursor *vfio_cursor_new(const char *node)
{
    VfioCursor *cursor = g_new0(VfioCursor, 1);
    cursor->reader = plane_reader_new(node);
    return cursor;
}

void vfio_cursor_free(VfioCursor *cursor)
{
    if (cursor == NULL)
        return;
    frame_unref(cursor->shown);
    plane_reader_free(cursor->reader);
    g_free(cursor);
}

static guint32 divided(guint32 colour, guint32 alpha)
{
    return MIN((colour * 255 + alpha / 2) / alpha, 255);
}

guint32 vfio_cursor_unmultiplied(guint32 pixel)
{
    guint32 alpha = pixel >> 24;
    if (alpha == 0)
        return 0;
    return alpha << 24 | divided(pixel >> 16 & 0xff, alpha) << 16 |
           divided(pixel >> 8 & 0xff, alpha) << 8 | divided(pixel & 0xff, alpha);
}

static Cursor *cursor_of(const VfioCursor *cursor)
{
    const Frame *frame = cursor->shown;
    Cursor *made =
        cursor_new(frame->width, frame->height, (int)cursor->hot_x, (int)cursor->hot_y, NULL);
    for (int y = 0; made != NULL && y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            made->pixels[y * frame->width + x] = vfio_cursor_unmultiplied(frame_row(frame, y)[x]);
    return made;
}

static gboolean look_off(VfioCursor *cursor, Cursor **ret_cursor)
{
    if (cursor->shown == NULL)
        return FALSE;
    g_clear_pointer(&cursor->shown, frame_unref);
    *ret_cursor = cursor_new(0, 0, 0, 0, NULL);
    return TRUE;
}

gboolean vfio_cursor_look(VfioCursor *cursor, VfioDevice *device, Cursor **ret_cursor)
{
    const VfioPlane *plane = vfio_device_plane(device, VFIO_PLANE_CURSOR, NULL);
    if (plane == NULL)
        return FALSE;
    if (plane->picture.width == 0 || plane->picture.width > CURSOR_SIDE_LIMIT ||
        plane->picture.height > CURSOR_SIDE_LIMIT)
        return look_off(cursor, ret_cursor);
    Rect changed;
    Frame *frame = plane_reader_read(cursor->reader, plane, cursor->shown, &changed, NULL);
    if (frame == NULL)
        return FALSE;
    gboolean news =
        !rect_is_empty(changed) || cursor->hot_x != plane->hot_x || cursor->hot_y != plane->hot_y;
    frame_unref(cursor->shown);
    cursor->shown = frame;
    cursor->hot_x = plane->hot_x;
    cursor->hot_y = plane->hot_y;
    *ret_cursor = news ? cursor_of(cursor) : NULL;
    return *ret_cursor != NULL;
}
