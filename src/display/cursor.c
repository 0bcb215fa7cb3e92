/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/cursor.h"

#include <string.h>

#include "base/error.h"

Cursor *cursor_new(int width, int height, int hot_x, int hot_y, GError **error)
{
    if (width < 0 || height < 0 || width > CURSOR_SIDE_LIMIT || height > CURSOR_SIDE_LIMIT ||
        (width == 0) != (height == 0)) {
        error_set(error, VGPUCTL_ERROR_INVALID,
                  "A pointer of %d x %d pixels is impossible; %d x %d are handled at most", width,
                  height, CURSOR_SIDE_LIMIT, CURSOR_SIDE_LIMIT);
        return NULL;
    }
    Cursor *cursor = g_new(Cursor, 1);
    *cursor = (Cursor){ .width = width,
                        .height = height,
                        .hot_x = CLAMP(hot_x, 0, MAX(width - 1, 0)),
                        .hot_y = CLAMP(hot_y, 0, MAX(height - 1, 0)),
                        .pixels = g_new0(guint32, (gsize)width * (gsize)height) };
    g_atomic_ref_count_init(&cursor->references);
    return cursor;
}

Cursor *cursor_ref(Cursor *cursor)
{
    g_atomic_ref_count_inc(&cursor->references);
    return cursor;
}

void cursor_unref(Cursor *cursor)
{
    if (cursor == NULL || !g_atomic_ref_count_dec(&cursor->references))
        return;
    g_free(cursor->pixels);
    g_free(cursor);
}

gboolean cursor_equal(const Cursor *a, const Cursor *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    gsize size = (gsize)a->width * (gsize)a->height * sizeof a->pixels[0];
    return a->width == b->width && a->height == b->height && a->hot_x == b->hot_x &&
           a->hot_y == b->hot_y && (size == 0 || memcmp(a->pixels, b->pixels, size) == 0);
}
