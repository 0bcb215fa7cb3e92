/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/palette.h"

#include <string.h>

#define RGB 0xffffff
#define NO_COLOUR ~0U

void palette_clear(Palette *palette)
{
    if (palette->n > 0)
        memset(palette->slots, 0, sizeof palette->slots);
    palette->n = palette->changes = 0;
}

/* The slot of @colour, or the empty one where it would be. */
static inline guint slot_of(const Palette *palette, guint32 colour)
{
    guint slot = (colour * 0x9e3779b1U) >> 22;
    while (palette->slots[slot] != 0 && palette->colours[palette->slots[slot] - 1] != colour)
        slot = (slot + 1) % PALETTE_SLOTS;
    return slot;
}

static inline gboolean add(Palette *palette, guint32 colour, guint most)
{
    guint slot = slot_of(palette, colour);
    if (palette->slots[slot] != 0)
        return TRUE;
    if (palette->n >= most)
        return FALSE;
    palette->colours[palette->n++] = colour;
    palette->slots[slot] = (guint16)palette->n;
    return TRUE;
}

gboolean palette_add_rect(Palette *palette, const Frame *frame, Rect rect, guint most)
{
    guint32 last = NO_COLOUR, before_last = NO_COLOUR; /* two take turns where one is dithered */
    for (int y = rect.y; y < rect.y + rect.height; y++) {
        const guint32 *pixels = frame_row(frame, y) + rect.x;
        for (int x = 0; x < rect.width; x++) {
            guint32 colour = pixels[x] & RGB;
            if (colour == last)
                continue;
            palette->changes++;
            if (colour != before_last && !add(palette, colour, most))
                return FALSE;
            before_last = last;
            last = colour;
        }
    }
    return TRUE;
}

gboolean palette_join(Palette *palette, const Palette *other, guint most)
{
    guint before = palette->n;
    for (guint i = 0; i < other->n; i++) {
        if (add(palette, other->colours[i], most))
            continue;
        while (palette->n > before) { /* the last one added is the end of its chain */
            palette->slots[slot_of(palette, palette->colours[palette->n - 1])] = 0;
            palette->n--;
        }
        return FALSE;
    }
    palette->changes += other->changes;
    return TRUE;
}

void palette_places(const Palette *palette, const guint32 *pixels, gsize n, guint8 *ret_places)
{
    guint32 last = NO_COLOUR;
    guint8 place = 0;
    for (gsize i = 0; i < n; i++) {
        guint32 colour = pixels[i] & RGB;
        if (colour != last) {
            place = (guint8)(palette->slots[slot_of(palette, colour)] - 1);
            last = colour;
        }
        ret_places[i] = place;
    }
}
