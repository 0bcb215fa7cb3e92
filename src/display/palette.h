/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The few colours of a part of a picture, in the order of their first appearance. */
#pragma once

#include "display/frame.h"
#include "display/rect.h"

#define PALETTE_MOST 256
#define PALETTE_SLOTS 1024 /* a power of two; a quarter full at most */

typedef struct {
    guint32 colours[PALETTE_MOST]; /* 0x00RRGGBB */
    guint n;
    guint changes;                /* pixels seen that differ from the one before */
    guint16 slots[PALETTE_SLOTS]; /* place in @colours + 1, by hash */
} Palette;

/* To begin with, it is zeroed. */
void palette_clear(Palette *palette);

/* FALSE, and nothing more is added, when there are more than @most colours. */
gboolean palette_add_rect(Palette *palette, const Frame *frame, Rect rect, guint most);
/* FALSE, and nothing is added at all, when @other brings them to more than @most. */
gboolean palette_join(Palette *palette, const Palette *other, guint most);

/* The place of each of @n pixels, whose colours are all in @palette. */
void palette_places(const Palette *palette, const guint32 *pixels, gsize n, guint8 *ret_places);
