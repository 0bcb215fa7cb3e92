/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels as they are (RFC 6143, 7.7.1). */
#include "display/encode-parts.h"

EncodeResult encode_raw(const EncodeSettings *settings, const Frame *frame, Rect rect,
                        GByteArray *out)
{
    gsize row = (gsize)rect.width * settings->format.bits / 8;
    encode_header(rect, ENCODE_RAW, out);
    guint8 *at = encode_grow(out, row * (gsize)rect.height);
    for (int y = rect.y; y < rect.y + rect.height; y++, at += row)
        pixel_format_convert(&settings->format, frame_row(frame, y) + rect.x, (gsize)rect.width,
                             at);
    return (EncodeResult){ .rects = 1 };
}
