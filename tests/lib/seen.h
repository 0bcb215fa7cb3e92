/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "display/pixel-format.h"

/* What a viewer of @format can see of 0xXXRRGGBB, as 0x00RRGGBB. */
static inline guint32 seen_by(const PixelFormat *format, guint32 pixel)
{
    const guint max[] = { format->blue_max, format->green_max, format->red_max };
    guint32 result = 0;
    for (guint i = 0; i < 3; i++) {
        guint32 colour = pixel >> 8 * i & 255;
        guint bits = g_bit_storage(max[i]);
        if (bits < 8)
            colour = ((colour >> (8 - bits)) * 255 + max[i] / 2) / max[i];
        result |= colour << 8 * i;
    }
    return result;
}
