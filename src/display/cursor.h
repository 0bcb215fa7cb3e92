/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The guest's pointer as a picture beside the screen, counted by references; never changed. */
#pragma once

#include <glib.h>

#define CURSOR_SIDE_LIMIT 512

typedef struct {
    int width, height; /* 0x0: no pointer is shown */
    int hot_x, hot_y;  /* the pixel that points */
    guint32 *pixels;   /* 0xAARRGGBB in the machine's byte order, colours not multiplied by A */
    gatomicrefcount references;
} Cursor;

/*
 * A transparent one, to be filled. A hot spot outside of it is moved to its edge. NULL with @error
 * set for an impossible size.
 */
Cursor *cursor_new(int width, int height, int hot_x, int hot_y, GError **error);
Cursor *cursor_ref(Cursor *cursor);
void cursor_unref(Cursor *cursor);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cursor, cursor_unref)

/* Whether both look the same and point alike; NULL is like NULL only. */
gboolean cursor_equal(const Cursor *a, const Cursor *b);
