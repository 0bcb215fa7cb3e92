/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A part of a picture, in pixels from its upper left corner. */
#pragma once

#include <glib.h>

typedef struct {
    int x, y, width, height;
} Rect;

static inline gboolean rect_is_empty(Rect rect)
{
    return rect.width <= 0 || rect.height <= 0;
}

/* What both cover; empty when nothing. */
static inline Rect rect_intersect(Rect a, Rect b)
{
    int x = MAX(a.x, b.x), y = MAX(a.y, b.y);
    int right = MIN(a.x + a.width, b.x + b.width), bottom = MIN(a.y + a.height, b.y + b.height);
    return (Rect){ x, y, MAX(right - x, 0), MAX(bottom - y, 0) };
}

/* The smallest one that covers both; neither is empty. */
static inline Rect rect_around(Rect a, Rect b)
{
    int x = MIN(a.x, b.x), y = MIN(a.y, b.y);
    int right = MAX(a.x + a.width, b.x + b.width), bottom = MAX(a.y + a.height, b.y + b.height);
    return (Rect){ x, y, right - x, bottom - y };
}
