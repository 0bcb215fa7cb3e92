/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture in memory
 *
 * XRGB8888 pixels that somebody else owns (a dumb buffer or a shadow of it). Everything drawn is
 * clipped to the canvas.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "art.h"

typedef struct {
    uint32_t *pixels; /* borrowed */
    int width, height;
    size_t stride; /* bytes from line to line, a multiple of 4 */
} Canvas;

typedef struct {
    int x, y, width, height;
} Rectangle;

static inline uint32_t *canvas_line(const Canvas *canvas, int y)
{
    return canvas->pixels + (size_t)y * (canvas->stride / sizeof(uint32_t));
}

/* @below with @above over it; @alpha is 0 .. 256. The X byte is lost. */
static inline uint32_t colour_mix(uint32_t below, uint32_t above, uint32_t alpha)
{
    uint32_t red_blue = (below & 0xff00ff) * (256 - alpha) + (above & 0xff00ff) * alpha;
    uint32_t green = (below & 0x00ff00) * (256 - alpha) + (above & 0x00ff00) * alpha;
    return (red_blue >> 8 & 0xff00ff) | (green >> 8 & 0x00ff00);
}

void canvas_fill(const Canvas *canvas, Rectangle area, uint32_t colour);
/* Fills with rounded corners; @alpha 0 .. 256. */
void canvas_panel(const Canvas *canvas, Rectangle area, int radius, uint32_t colour,
                  uint32_t alpha);
/* Writes with the pen at (@x, @baseline); returns where the pen ends. */
int canvas_text(const Canvas *canvas, const ArtFace *face, int x, int baseline, uint32_t colour,
                const char *text);
/* Draws the emblem with its top left corner at (@x, @y). */
void canvas_emblem(const Canvas *canvas, int x, int y);
/* The emblem as premultiplied ARGB; @pixels has its width and height. */
void canvas_emblem_argb(uint32_t *pixels);
/* Copies @area (clipped) from @source, a canvas of the same size. */
void canvas_copy(const Canvas *canvas, const Canvas *source, Rectangle area);
