/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tight (rfbproto, "Tight Encoding"). Looks at each tile once: one colour, few colours, or many;
 * neighbours of a kind become one rectangle. What has many colours goes as JPEG if the viewer
 * bears that, else whole, through the gradient filter where the picture is smooth.
 */
#include <string.h>

#include "display/deflate.h"
#include "display/encode-jpeg.h"
#include "display/encode-parts.h"
#include "display/gradient.h"
#include "display/palette.h"

#define TILE 64
#define WIDTH_MOST 2048  /* of a rectangle, says the protocol */
#define UNPACKED_MOST 11 /* fewer bytes than 12 are sent as they are */

/* The compression-control byte: its upper half the kind, or a stream for what is packed. */
enum { CONTROL_FILL = 0x80, CONTROL_JPEG = 0x90, CONTROL_FILTER = 0x40 };
enum { FILTER_COPY, FILTER_PALETTE, FILTER_GRADIENT };
#define STREAMS 4

/* More colours than this in every so many rows of a tile, and smooth: a picture, not writing. */
#define WRITING_COLOURS 32
#define SAMPLE_ROWS 16

typedef enum { LOOK_NONE, LOOK_SOLID, LOOK_FEW, LOOK_MANY } Look;

typedef struct {
    Rect rect;
    guint32 colour;
} Fill;

typedef struct {
    const EncodeSettings *settings;
    const Frame *frame;
    GByteArray *out;
    EncodeResult result;
    Look look; /* of the tiles gathered in @rect */
    Rect rect;
    gboolean smooth, tile_smooth; /* gradients are known to pay: in all of them, and in the tile */
    Palette palettes[2], *palette, *tile_palette; /* of @rect, and of the tile that is looked at */
    GArray *fills;                                /* Fill, sent last: they may grow downwards */
    guint pieces;
} Tight;

static void begin_rect(Tight *tight, Rect rect)
{
    encode_header(rect, ENCODE_TIGHT, tight->out);
    tight->result.rects++;
}

static void append_byte(GByteArray *out, guint byte)
{
    *encode_grow(out, 1) = (guint8)byte;
}

/* Seven bits a byte, the lowest first, the upper bit: more follow. */
static void append_length(GByteArray *out, guint n)
{
    for (; n > 127; n >>= 7)
        append_byte(out, (n & 127) | 128);
    append_byte(out, n);
}

static void append_bytes(GByteArray *out, const GByteArray *bytes)
{
    append_length(out, bytes->len);
    g_byte_array_append(out, bytes->data, bytes->len);
}

static void append_colours(Tight *tight, const guint32 *colours, guint n)
{
    const PixelFormat *format = &tight->settings->format;
    guint8 *at = encode_grow(tight->out, (gsize)n * pixel_format_compact_bytes(format, TRUE));
    pixel_format_convert_compact(format, TRUE, colours, n, at);
}

/*
 * Each piece says that its stream begins anew. The streams take turns, as viewers with several
 * threads unpack one thread a stream.
 */
static void append_control(Tight *tight, guint filter)
{
    guint stream = tight->pieces++ % STREAMS;
    append_byte(tight->out,
                1U << stream | stream << 4 | (filter != FILTER_COPY ? CONTROL_FILTER : 0));
    if (filter != FILTER_COPY)
        append_byte(tight->out, filter);
}

static void append_packed(Tight *tight, EncodeScratch scratch, const DeflateShape *shape)
{
    if (scratch.plain->len <= UNPACKED_MOST) {
        g_byte_array_append(tight->out, scratch.plain->data, scratch.plain->len);
        return;
    }
    g_byte_array_append(scratch.packed, deflate_header, DEFLATE_HEADER_BYTES);
    deflate_piece(scratch.plain->data, scratch.plain->len, shape, tight->settings->level,
                  scratch.packed);
    append_bytes(tight->out, scratch.packed);
}

static void send_fill(Tight *tight, const Fill *fill)
{
    begin_rect(tight, fill->rect);
    append_byte(tight->out, CONTROL_FILL);
    append_colours(tight, &fill->colour, 1);
}

/* Two colours: a bit a pixel, the first one leftmost, rows end on a byte. */
static gsize pack_bits(const guint8 *places, gsize n, guint8 *ret_bytes)
{
    for (gsize i = 0; i < n; i += 8) {
        guint bits = 0;
        for (gsize j = i; j < MIN(i + 8, n); j++)
            bits |= (guint)places[j] << (7 - (j - i));
        ret_bytes[i / 8] = (guint8)bits;
    }
    return (n + 7) / 8;
}

static void append_places(Tight *tight, Rect rect, gboolean as_bits, GByteArray *plain)
{
    gsize width = (gsize)rect.width, row = as_bits ? (width + 7) / 8 : width;
    guint8 *at = encode_grow(plain, row * (gsize)rect.height);
    guint8 places[WIDTH_MOST];
    for (int y = rect.y; y < rect.y + rect.height; y++, at += row) {
        const guint32 *pixels = frame_row(tight->frame, y) + rect.x;
        palette_places(tight->palette, pixels, width, as_bits ? places : at);
        if (as_bits)
            pack_bits(places, width, at);
    }
}

static void send_few(Tight *tight, Rect rect)
{
    EncodeScratch scratch = encode_scratch();
    guint n = tight->palette->n;
    gboolean as_bits = n == 2;
    gsize row = as_bits ? ((gsize)rect.width + 7) / 8 : (gsize)rect.width;
    begin_rect(tight, rect);
    append_control(tight, FILTER_PALETTE);
    append_byte(tight->out, n - 1);
    append_colours(tight, tight->palette->colours, n);
    append_places(tight, rect, as_bits, scratch.plain);
    const DeflateShape shape = {
        .unit = 1, .distances = { 1, row, 2 }, .least = as_bits ? 3 : 6, .least_searched = 8
    };
    append_packed(tight, scratch, &shape);
}

static gboolean send_jpeg(Tight *tight, Rect rect)
{
    const EncodeSettings *settings = tight->settings;
    EncodeScratch scratch = encode_scratch();
    if (settings->quality == 0 || settings->format.bits == 8 ||
        !encode_jpeg(tight->frame, rect, settings->quality, settings->subsampled, scratch.packed))
        return FALSE;
    begin_rect(tight, rect);
    append_byte(tight->out, CONTROL_JPEG);
    append_bytes(tight->out, scratch.packed);
    tight->result.lossy = TRUE;
    return TRUE;
}

static void send_gradient(Tight *tight, Rect rect)
{
    EncodeScratch scratch = encode_scratch();
    gsize n = (gsize)rect.width * (gsize)rect.height * 3;
    begin_rect(tight, rect);
    append_control(tight, FILTER_GRADIENT);
    gradient_filter(tight->frame, rect, encode_grow(scratch.plain, n));
    static const DeflateShape shape = {
        .unit = 6, .distances = { 3, 6 }, .least = 24, .least_searched = 24
    };
    append_packed(tight, scratch, &shape);
}

static void send_whole(Tight *tight, Rect rect)
{
    EncodeScratch scratch = encode_scratch();
    const PixelFormat *format = &tight->settings->format;
    guint unit = pixel_format_compact_bytes(format, TRUE);
    gsize row = (gsize)rect.width * unit;
    begin_rect(tight, rect);
    append_control(tight, FILTER_COPY);
    guint8 *at = encode_grow(scratch.plain, row * (gsize)rect.height);
    for (int y = rect.y; y < rect.y + rect.height; y++, at += row)
        pixel_format_convert_compact(format, TRUE, frame_row(tight->frame, y) + rect.x,
                                     (gsize)rect.width, at);
    const DeflateShape shape = {
        .unit = unit, .distances = { unit, row, 2 * unit }, .least = 6, .least_searched = 12
    };
    append_packed(tight, scratch, &shape);
}

static void send_many(Tight *tight, Rect rect)
{
    const EncodeSettings *settings = tight->settings;
    if (send_jpeg(tight, rect))
        return;
    if (settings->gradient && pixel_format_compact_bytes(&settings->format, TRUE) == 3 &&
        (tight->smooth || gradient_pays(tight->frame, rect)))
        send_gradient(tight, rect);
    else
        send_whole(tight, rect);
}

/*
 * Joins it with the one above when they are as wide: an empty desktop is one rectangle. No screen
 * has more of them side by side than are looked at.
 */
static void keep_fill(Tight *tight, Fill fill)
{
    guint looked_at = MIN(tight->fills->len, FRAME_SIDE_LIMIT / TILE);
    for (guint i = 1; i <= looked_at; i++) {
        Fill *above = &g_array_index(tight->fills, Fill, tight->fills->len - i);
        if (above->colour == fill.colour && above->rect.x == fill.rect.x &&
            above->rect.width == fill.rect.width &&
            above->rect.y + above->rect.height == fill.rect.y) {
            above->rect.height += fill.rect.height;
            return;
        }
    }
    g_array_append_val(tight->fills, fill);
}

static void send_gathered(Tight *tight)
{
    if (tight->look == LOOK_SOLID)
        keep_fill(tight, (Fill){ tight->rect, tight->palette->colours[0] });
    else if (tight->look == LOOK_FEW)
        send_few(tight, tight->rect);
    else if (tight->look == LOOK_MANY)
        send_many(tight, tight->rect);
    tight->look = LOOK_NONE;
}

/* What is a picture by a few rows of it need not be looked at whole, and has a better way. */
static gboolean is_picture(Tight *tight, Rect tile)
{
    Palette *palette = tight->tile_palette;
    tight->tile_smooth = FALSE;
    if (tight->settings->quality == 0 && !tight->settings->gradient)
        return FALSE;
    palette_clear(palette);
    for (int y = tile.y; y < tile.y + tile.height; y += SAMPLE_ROWS)
        palette_add_rect(palette, tight->frame, (Rect){ tile.x, y, tile.width, 1 }, PALETTE_MOST);
    tight->tile_smooth = palette->n > WRITING_COLOURS && gradient_pays(tight->frame, tile);
    return tight->tile_smooth;
}

static Look look_at(Tight *tight, Rect tile)
{
    Palette *palette = tight->tile_palette;
    if (is_picture(tight, tile))
        return LOOK_MANY;
    palette_clear(palette);
    if (!palette_add_rect(palette, tight->frame, tile, PALETTE_MOST))
        return LOOK_MANY;
    return palette->n == 1 ? LOOK_SOLID : LOOK_FEW;
}

/* Two colours are a bit a pixel, more of them a byte: so those keep to themselves. */
static gboolean joins(Tight *tight, Look look, Rect tile)
{
    const Palette *next = tight->tile_palette;
    if (look != tight->look || tight->rect.width + tile.width > WIDTH_MOST)
        return FALSE;
    switch (look) {
    case LOOK_SOLID:
        return next->colours[0] == tight->palette->colours[0];
    case LOOK_FEW:
        return (next->n == 2) == (tight->palette->n == 2) &&
               palette_join(tight->palette, next, next->n == 2 ? 2 : PALETTE_MOST);
    case LOOK_MANY:
        return TRUE;
    case LOOK_NONE:
    default:
        return FALSE;
    }
}

static void gather(Tight *tight, Rect tile)
{
    Look look = look_at(tight, tile);
    if (joins(tight, look, tile)) {
        tight->rect.width += tile.width;
        tight->smooth = tight->smooth && tight->tile_smooth;
        return;
    }
    send_gathered(tight);
    Palette *palette = tight->palette;
    tight->palette = tight->tile_palette;
    tight->tile_palette = palette;
    tight->look = look;
    tight->rect = tile;
    tight->smooth = tight->tile_smooth;
}

/* Up to the next line of the screen's grid: what changed is told in its tiles. */
static int step(int from, int end)
{
    return MIN(from / TILE * TILE + TILE, end) - from;
}

EncodeResult encode_tight(const EncodeSettings *settings, const Frame *frame, Rect rect,
                          GByteArray *out)
{
    g_autoptr(GArray) fills = g_array_new(FALSE, FALSE, sizeof(Fill));
    Tight tight = { .settings = settings, .frame = frame, .out = out, .fills = fills };
    tight.palette = &tight.palettes[0];
    tight.tile_palette = &tight.palettes[1];
    const int right = rect.x + rect.width, bottom = rect.y + rect.height;
    for (int y = rect.y, height; y < bottom; y += height) {
        height = step(y, bottom);
        for (int x = rect.x, width; x < right; x += width) {
            width = step(x, right);
            gather(&tight, (Rect){ x, y, width, height });
        }
        send_gathered(&tight);
    }
    for (guint i = 0; i < fills->len; i++)
        send_fill(&tight, &g_array_index(fills, Fill, i));
    return tight.result;
}
