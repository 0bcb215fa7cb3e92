/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the decoder share. */
#pragma once

#include <zlib.h>

#include "tests/lib/rfb-decoder.h"

#define TIGHT_STREAMS 4
#define ZRLE_STREAM TIGHT_STREAMS
#define STREAMS (TIGHT_STREAMS + 1)

struct RfbDecoder {
    int width, height;
    PixelFormat format;
    guint32 *pixels;
    z_stream streams[STREAMS];
    RfbDecoded count;
};

/* What is read from; @failed: the end was met, more may come. */
typedef struct {
    const guint8 *at;
    gsize left;
    gboolean failed;
} Reader;

/* NULL, and @reader failed, when there are fewer than @n bytes. */
const guint8 *decoder_take(Reader *reader, gsize n);
/* @n bytes, the most significant first; 0 when there are fewer. */
guint32 decoder_number(Reader *reader, gsize n);
/* The colours of a pixel of @n bytes. */
guint32 decoder_pixel(const PixelFormat *format, const guint8 *at, guint n);
guint32 *decoder_row(RfbDecoder *decoder, Rect rect, int y);

/* FALSE with @error set when it is wrong; TRUE with @reader failed when it is not all there. */
gboolean decoder_tight(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error);
gboolean decoder_zrle(RfbDecoder *decoder, Reader *reader, Rect rect, GError **error);
