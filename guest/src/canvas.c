/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "canvas.h"

#include <string.h>

static const uint32_t slice_colours[] = { 0x3df2a8, 0x33d6e6, 0x5b8cff, 0xb07bff };
#define SLICES ((int)(sizeof slice_colours / sizeof slice_colours[0]))
#define WORD_COLOUR 0xf6fbff
#define WORD_GLOW 0x2a8fd0

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int larger(int a, int b)
{
    return a > b ? a : b;
}

static Rectangle clip(const Canvas *canvas, Rectangle area)
{
    int right = smaller(area.x + area.width, canvas->width);
    int bottom = smaller(area.y + area.height, canvas->height);
    Rectangle clipped = { larger(area.x, 0), larger(area.y, 0), 0, 0 };
    clipped.width = larger(right - clipped.x, 0);
    clipped.height = larger(bottom - clipped.y, 0);
    return clipped;
}

void canvas_fill(const Canvas *canvas, Rectangle area, uint32_t colour)
{
    area = clip(canvas, area);
    for (int y = area.y; y < area.y + area.height; y++) {
        uint32_t *line = canvas_line(canvas, y);
        for (int x = area.x; x < area.x + area.width; x++)
            line[x] = colour;
    }
}

/* How many pixels of line @y (0 is the top of the corner) are cut off by a corner of @radius. */
static int corner_inset(int y, int radius)
{
    int inset = 0, up = radius - y;
    while (inset < radius &&
           (radius - inset) * (radius - inset) + up * up > radius * radius + radius / 2)
        inset++;
    return inset;
}

void canvas_panel(const Canvas *canvas, Rectangle area, int radius, uint32_t colour, uint32_t alpha)
{
    Rectangle clipped = clip(canvas, area);
    for (int y = clipped.y; y < clipped.y + clipped.height; y++) {
        int from_edge = smaller(y - area.y, area.y + area.height - 1 - y);
        int inset = from_edge < radius ? corner_inset(from_edge, radius) : 0;
        int right = smaller(clipped.x + clipped.width, area.x + area.width - inset);
        uint32_t *line = canvas_line(canvas, y);
        for (int x = larger(clipped.x, area.x + inset); x < right; x++)
            line[x] = colour_mix(line[x], colour, alpha);
    }
}

static uint32_t alpha_of(uint8_t coverage)
{
    return coverage + (coverage >> 7u); /* 255 becomes 256: solid */
}

static void draw_glyph(const Canvas *canvas, const ArtFace *face, const ArtGlyph *glyph, int x,
                       int baseline, uint32_t colour)
{
    Rectangle map = { x + glyph->left, baseline - glyph->top, glyph->width, glyph->height };
    Rectangle area = clip(canvas, map);
    for (int y = area.y; y < area.y + area.height; y++) {
        const uint8_t *coverage = face->coverage + glyph->offset + (y - map.y) * map.width;
        uint32_t *line = canvas_line(canvas, y);
        for (int column = area.x; column < area.x + area.width; column++) {
            uint32_t alpha = alpha_of(coverage[column - map.x]);
            if (alpha != 0)
                line[column] = colour_mix(line[column], colour, alpha);
        }
    }
}

int canvas_text(const Canvas *canvas, const ArtFace *face, int x, int baseline, uint32_t colour,
                const char *text)
{
    for (; *text != '\0'; text++) {
        const ArtGlyph *glyph = art_glyph(face, *text);
        draw_glyph(canvas, face, glyph, x, baseline, colour);
        x += glyph->advance;
    }
    return x;
}

/* Colour and glow of the emblem's column: the chip is a spectrum of slices, the word is white. */
static uint32_t emblem_colour(int column)
{
    if (column >= art_emblem.word_left)
        return WORD_COLOUR;
    int slice = (column - art_emblem.chip_left) / art_emblem.slice_pitch;
    return slice_colours[smaller(larger(slice, 0), SLICES - 1)];
}

static uint32_t emblem_glow(int column)
{
    return column >= art_emblem.word_left ? WORD_GLOW : emblem_colour(column);
}

void canvas_emblem(const Canvas *canvas, int x, int y)
{
    Rectangle area = clip(canvas, (Rectangle){ x, y, art_emblem.width, art_emblem.height });
    for (int row = area.y; row < area.y + area.height; row++) {
        const uint8_t *coverage = art_emblem.coverage + (row - y) * art_emblem.width;
        const uint8_t *glow = art_emblem.glow + (row - y) * art_emblem.width;
        uint32_t *line = canvas_line(canvas, row);
        for (int column = area.x; column < area.x + area.width; column++) {
            int at = column - x;
            uint32_t colour = line[column];
            if (coverage[at] != 255)
                colour = colour_mix(colour, emblem_glow(at), alpha_of(glow[at]) * 5 / 8);
            line[column] = colour_mix(colour, emblem_colour(at), alpha_of(coverage[at]));
        }
    }
}

void canvas_emblem_argb(uint32_t *pixels)
{
    for (int i = 0; i < art_emblem.width * art_emblem.height; i++) {
        int column = i % art_emblem.width;
        uint32_t solid = alpha_of(art_emblem.coverage[i]);
        uint32_t glow = alpha_of(art_emblem.glow[i]) * 5 / 8;
        uint32_t colour =
            colour_mix(colour_mix(0, emblem_glow(column), glow), emblem_colour(column), solid);
        uint32_t alpha = 256 - (256 - glow) * (256 - solid) / 256;
        pixels[i] = (alpha > 255 ? 255 : alpha) << 24 | colour;
    }
}

void canvas_copy(const Canvas *canvas, const Canvas *source, Rectangle area)
{
    area = clip(canvas, area);
    for (int y = area.y; y < area.y + area.height; y++)
        memcpy(canvas_line(canvas, y) + area.x, canvas_line(source, y) + area.x,
               (size_t)area.width * sizeof(uint32_t));
}
