/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Rectangles of a frame as RFB sends them. Pure functions of frame, place and settings: what one
 * viewer gets is right for every other with the same settings, so it is made once and kept
 * (display/encode-cache.h).
 *
 * For that the zlib streams of Tight and ZRLE, which RFB has go on for a whole connection, are made
 * of pieces that refer to nothing before them: raw deflate blocks (RFC 1951) that end on a byte. A
 * row of such pieces is one deflate stream, whatever their order. The two bytes of zlib header go
 * before the first one of a connection: Tight says "reset" with every rectangle, which allows for
 * them; ZRLE cannot, see stream_start.
 */
#pragma once

#include "display/frame.h"
#include "display/pixel-format.h"
#include "display/rect.h"

typedef enum {
    ENCODE_RAW = 0, /* the values are RFB's encoding numbers */
    ENCODE_TIGHT = 7,
    ENCODE_ZRLE = 16,
} EncodeKind;

typedef struct {
    int kind; /* EncodeKind */
    PixelFormat format;
    int level;             /* how hard to try, 0 to 9 */
    int quality;           /* Tight: JPEG of this quality, 1 to 100, where it pays; 0: lossless */
    gboolean subsampled;   /* JPEG with a quarter of the colour (4:2:0) */
    gboolean gradient;     /* Tight: with its gradient filter, which noVNC learned late */
    gboolean stream_start; /* ZRLE: the first rectangle of a connection */
} EncodeSettings;

typedef struct {
    guint rects;    /* how many RFB rectangles were appended */
    gboolean lossy; /* some are not exact */
} EncodeResult;

/* Appends @rect of @frame, each rectangle with its 12-byte header. Thread-safe. */
EncodeResult encode_rect(const EncodeSettings *settings, const Frame *frame, Rect rect,
                         GByteArray *out);

/* A copy within the viewer's picture (RFC 6143, 7.7.2). */
void encode_copy(Rect to, int from_x, int from_y, GByteArray *out);
