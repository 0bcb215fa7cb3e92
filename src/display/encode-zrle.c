/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* ZRLE (RFC 6143, 7.7.6): tiles of 64 x 64 in one zlib stream for the connection. */
#include <string.h>

#include "display/deflate.h"
#include "display/encode-parts.h"
#include "display/palette.h"

#define TILE 64
#define PACKED_MOST 16 /* colours of a packed palette */
#define RLE_MOST 127   /* colours of a palette with run lengths */
/* Enough for the codes to be made well; more gains nothing and is memory. */
#define PIECE_BYTES (256 * 1024)

enum { TILE_RAW = 0, TILE_SOLID = 1, TILE_RLE = 128 };

typedef struct {
    const PixelFormat *format;
    int level;
    const Frame *frame;
    guint pixel_bytes;
    gboolean raw; /* what is in scratch.plain: pixels, or one of the shorter ways */
    EncodeScratch scratch;
    Palette palette; /* of the tile */
} Zrle;

static void end_piece(Zrle *zrle)
{
    GByteArray *plain = zrle->scratch.plain;
    const guint bytes = zrle->pixel_bytes;
    const DeflateShape pixels = { .unit = bytes,
                                  .distances = { bytes, (gsize)TILE * bytes, 2 * (gsize)bytes },
                                  .least = 6,
                                  .least_searched = 12 };
    static const DeflateShape others = {
        .unit = 1, .distances = { 1, 2, 8 }, .least = 4, .least_searched = 8
    };
    if (plain->len > 0)
        deflate_piece(plain->data, plain->len, zrle->raw ? &pixels : &others, zrle->level,
                      zrle->scratch.packed);
    g_byte_array_set_size(plain, 0);
}

/* Pixels and other things have little in common: each its own pieces. */
static void begin_tile(Zrle *zrle, gboolean raw, guint kind)
{
    if (zrle->raw != raw || zrle->scratch.plain->len > PIECE_BYTES)
        end_piece(zrle);
    zrle->raw = raw;
    *encode_grow(zrle->scratch.plain, 1) = (guint8)kind;
}

static void append_pixels(Zrle *zrle, const guint32 *pixels, gsize n)
{
    pixel_format_convert_compact(zrle->format, FALSE, pixels, n,
                                 encode_grow(zrle->scratch.plain, n * zrle->pixel_bytes));
}

static void add_raw(Zrle *zrle, Rect tile)
{
    begin_tile(zrle, TRUE, TILE_RAW);
    for (int y = tile.y; y < tile.y + tile.height; y++)
        append_pixels(zrle, frame_row(zrle->frame, y) + tile.x, (gsize)tile.width);
}

static void add_solid(Zrle *zrle)
{
    begin_tile(zrle, FALSE, TILE_SOLID);
    append_pixels(zrle, zrle->palette.colours, 1);
}

static guint packed_bits(guint colours)
{
    return colours <= 2 ? 1 : colours <= 4 ? 2 : 4;
}

static gsize packed_row(const Zrle *zrle, Rect tile)
{
    return ((gsize)tile.width * packed_bits(zrle->palette.n) + 7) / 8;
}

static void add_packed(Zrle *zrle, Rect tile)
{
    const guint bits = packed_bits(zrle->palette.n);
    const gsize row = packed_row(zrle, tile);
    begin_tile(zrle, FALSE, zrle->palette.n);
    append_pixels(zrle, zrle->palette.colours, zrle->palette.n);
    guint8 *at = encode_grow(zrle->scratch.plain, row * (gsize)tile.height);
    memset(at, 0, row * (gsize)tile.height);
    for (int y = tile.y; y < tile.y + tile.height; y++, at += row) {
        guint8 places[TILE];
        palette_places(&zrle->palette, frame_row(zrle->frame, y) + tile.x, (gsize)tile.width,
                       places);
        for (guint x = 0; x < (guint)tile.width; x++)
            at[x * bits / 8] |= (guint8)(places[x] << (8 - bits - x * bits % 8));
    }
}

/* A length as 255, 255 ... and the rest, less one. */
static void append_run(GByteArray *out, gsize length)
{
    gsize left = length - 1, full = left / 255;
    guint8 *at = encode_grow(out, full + 1);
    memset(at, 255, full);
    at[full] = (guint8)(left % 255);
}

static void end_run(Zrle *zrle, gboolean with_palette, guint32 colour, gsize length)
{
    GByteArray *out = zrle->scratch.plain;
    if (length == 0)
        return;
    if (!with_palette) {
        append_pixels(zrle, &colour, 1);
        append_run(out, length);
        return;
    }
    guint8 place;
    palette_places(&zrle->palette, &colour, 1, &place);
    *encode_grow(out, 1) = (guint8)(place | (length > 1 ? 128 : 0));
    if (length > 1)
        append_run(out, length);
}

static void add_runs(Zrle *zrle, Rect tile, gboolean with_palette)
{
    begin_tile(zrle, FALSE, TILE_RLE + (with_palette ? zrle->palette.n : 0));
    if (with_palette)
        append_pixels(zrle, zrle->palette.colours, zrle->palette.n);
    guint32 last = 0;
    gsize length = 0;
    for (int y = tile.y; y < tile.y + tile.height; y++) {
        const guint32 *pixels = frame_row(zrle->frame, y) + tile.x;
        for (int x = 0; x < tile.width; x++) {
            guint32 colour = pixels[x] & 0xffffff;
            if (colour != last || length == 0) {
                end_run(zrle, with_palette, last, length);
                last = colour;
                length = 0;
            }
            length++;
        }
    }
    end_run(zrle, with_palette, last, length);
}

/* By the bytes before they are packed; runs are counted as long ones. */
static void add_tile(Zrle *zrle, Rect tile)
{
    Palette *palette = &zrle->palette;
    palette_clear(palette);
    gboolean few = palette_add_rect(palette, zrle->frame, tile, PALETTE_MOST);
    gsize area = (gsize)tile.width * (gsize)tile.height, runs = palette->changes;
    if (!few)
        add_raw(zrle, tile);
    else if (palette->n == 1)
        add_solid(zrle);
    else if (palette->n <= PACKED_MOST && packed_row(zrle, tile) * (gsize)tile.height <= runs * 2)
        add_packed(zrle, tile);
    else if (palette->n <= RLE_MOST &&
             palette->n * zrle->pixel_bytes + runs * 2 <= area * zrle->pixel_bytes)
        add_runs(zrle, tile, TRUE);
    else if (runs * (zrle->pixel_bytes + 1) <= area * zrle->pixel_bytes)
        add_runs(zrle, tile, FALSE);
    else
        add_raw(zrle, tile);
}

EncodeResult encode_zrle(const EncodeSettings *settings, const Frame *frame, Rect rect,
                         GByteArray *out)
{
    Zrle zrle = { .format = &settings->format, .level = settings->level, .frame = frame };
    const int right = rect.x + rect.width, bottom = rect.y + rect.height;
    zrle.pixel_bytes = pixel_format_compact_bytes(&settings->format, FALSE);
    zrle.scratch = encode_scratch();
    GByteArray *packed = zrle.scratch.packed;
    if (settings->stream_start)
        g_byte_array_append(packed, deflate_header, DEFLATE_HEADER_BYTES);
    for (int y = rect.y; y < bottom; y += TILE)
        for (int x = rect.x; x < right; x += TILE)
            add_tile(&zrle, (Rect){ x, y, MIN(TILE, right - x), MIN(TILE, bottom - y) });
    end_piece(&zrle);
    const guint32 length = GUINT32_TO_BE(packed->len);
    encode_header(rect, ENCODE_ZRLE, out);
    g_byte_array_append(out, (const guint8 *)&length, sizeof length);
    g_byte_array_append(out, packed->data, packed->len);
    return (EncodeResult){ .rects = 1 };
}
