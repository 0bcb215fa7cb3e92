/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The encodings, each for itself, and what they share: encode.c chooses. */
#pragma once

#include "display/encode.h"

#define ENCODE_HEADER_BYTES 12

/* As encode_rect(), for a @rect within @frame that is not empty. */
EncodeResult encode_raw(const EncodeSettings *settings, const Frame *frame, Rect rect,
                        GByteArray *out);
EncodeResult encode_tight(const EncodeSettings *settings, const Frame *frame, Rect rect,
                          GByteArray *out);
EncodeResult encode_zrle(const EncodeSettings *settings, const Frame *frame, Rect rect,
                         GByteArray *out);

/* Makes @out longer; the new bytes, to be written before it grows again. */
guint8 *encode_grow(GByteArray *out, gsize n);
/* The header of a rectangle (RFC 6143, 7.6.1). */
void encode_header(Rect rect, gint32 encoding, GByteArray *out);

/* Two arrays of this thread, emptied: they keep their memory from one rectangle to the next. */
typedef struct {
    GByteArray *plain, *packed;
} EncodeScratch;
EncodeScratch encode_scratch(void);
