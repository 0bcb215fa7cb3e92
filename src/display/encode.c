/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/encode.h"

#include <string.h>

#include "display/encode-parts.h"

#define ENCODING_COPY_RECT 1

guint8 *encode_grow(GByteArray *out, gsize n)
{
    guint before = out->len;
    g_byte_array_set_size(out, before + (guint)n);
    return out->data + before;
}

void encode_header(Rect rect, gint32 encoding, GByteArray *out)
{
    const guint16 place[] = { GUINT16_TO_BE((guint16)rect.x), GUINT16_TO_BE((guint16)rect.y),
                              GUINT16_TO_BE((guint16)rect.width),
                              GUINT16_TO_BE((guint16)rect.height) };
    const gint32 kind = GINT32_TO_BE(encoding);
    G_STATIC_ASSERT(sizeof place + sizeof kind == ENCODE_HEADER_BYTES);
    guint8 *at = encode_grow(out, ENCODE_HEADER_BYTES);
    memcpy(at, place, sizeof place);
    memcpy(at + sizeof place, &kind, sizeof kind);
}

static void scratch_free(gpointer scratch)
{
    g_byte_array_unref(((EncodeScratch *)scratch)->plain);
    g_byte_array_unref(((EncodeScratch *)scratch)->packed);
    g_free(scratch);
}

EncodeScratch encode_scratch(void)
{
    static GPrivate mine = G_PRIVATE_INIT(scratch_free);
    EncodeScratch *scratch = g_private_get(&mine);
    if (scratch == NULL) {
        scratch = g_new(EncodeScratch, 1);
        *scratch = (EncodeScratch){ g_byte_array_new(), g_byte_array_new() };
        g_private_set(&mine, scratch);
    }
    g_byte_array_set_size(scratch->plain, 0);
    g_byte_array_set_size(scratch->packed, 0);
    return *scratch;
}

EncodeResult encode_rect(const EncodeSettings *settings, const Frame *frame, Rect rect,
                         GByteArray *out)
{
    rect = rect_intersect(rect, (Rect){ 0, 0, frame->width, frame->height });
    if (rect_is_empty(rect))
        return (EncodeResult){ 0 };
    switch (settings->kind) {
    case ENCODE_TIGHT:
        return encode_tight(settings, frame, rect, out);
    case ENCODE_ZRLE:
        return encode_zrle(settings, frame, rect, out);
    case ENCODE_RAW:
    default:
        return encode_raw(settings, frame, rect, out);
    }
}

void encode_copy(Rect to, int from_x, int from_y, GByteArray *out)
{
    const guint16 from[] = { GUINT16_TO_BE((guint16)from_x), GUINT16_TO_BE((guint16)from_y) };
    encode_header(to, ENCODING_COPY_RECT, out);
    memcpy(encode_grow(out, sizeof from), from, sizeof from);
}
