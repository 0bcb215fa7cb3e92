/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rectangles as a viewer decodes them, written from the documents and not from our encoders. Plain
 * and strict: whatever a rectangle leaves open or has too much of is an error.
 */
#pragma once

#include "display/frame.h"
#include "display/pixel-format.h"
#include "display/rect.h"

typedef struct RfbDecoder RfbDecoder;

/* @ret_pixels is what is drawn: @width x @height of 0x00RRGGBB, borrowed from the decoder. */
RfbDecoder *rfb_decoder_new(int width, int height, const PixelFormat *format,
                            const guint32 **ret_pixels);
void rfb_decoder_free(RfbDecoder *decoder);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RfbDecoder, rfb_decoder_free)

/* From the next rectangle on: another size, black and with other pixels; another format. */
void rfb_decoder_resize(RfbDecoder *decoder, int width, int height, const guint32 **ret_pixels);
void rfb_decoder_set_format(RfbDecoder *decoder, const PixelFormat *format);

/*
 * Draws the rectangle at the start of @bytes and returns how many bytes it is long; 0 when @n bytes
 * are not all of it (nothing is drawn then), -1 with @error set when it is wrong.
 */
gssize rfb_decode(RfbDecoder *decoder, const guint8 *bytes, gsize n, Rect *ret_rect,
                  GError **error);

/* How many rectangles of each kind were drawn, Tight's by what they held. */
typedef struct {
    guint raw, copies, zrle, fills, palettes, gradients, wholes, jpegs;
} RfbDecoded;
RfbDecoded rfb_decoder_count(const RfbDecoder *decoder);
