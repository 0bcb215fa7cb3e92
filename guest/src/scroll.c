/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "scroll.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS_A_FRAME 2
#define PAPER 0x0b1018
#define INK 0xc9d4e3
#define MARGIN 28
#define NUMBER_INK 0x4a6480

/* Ada Lovelace, notes to Menabrea's "Sketch of the Analytical Engine" (1843). */
static const char *const passage[] = {
    "The Analytical Engine has no pretensions whatever to originate anything.",
    "It can do whatever we know how to order it to perform.",
    "",
    "We may say most aptly, that the Analytical Engine weaves algebraical",
    "patterns just as the Jacquard-loom weaves flowers and leaves.",
    "",
    "Again, it might act upon other things besides number, were objects found",
    "whose mutual fundamental relations could be expressed by those of the",
    "abstract science of operations, and which should be also susceptible of",
    "adaptations to the action of the operating notation and mechanism of",
    "the engine.",
    "",
    "Supposing, for instance, that the fundamental relations of pitched sounds",
    "in the science of harmony and of musical composition were susceptible of",
    "such expression and adaptations, the engine might compose elaborate and",
    "scientific pieces of music of any degree of complexity or extent.",
    "",
    "        Ada Lovelace, 1843",
    "",
};
#define PASSAGE_LINES (sizeof passage / sizeof passage[0])

struct Scroll {
    Canvas ring;   /* pixels owned; a whole number of text lines high, taller than the screen */
    unsigned next; /* number of the text line to be drawn next */
};

static int text_height(void)
{
    return art_mono.line_height + 4;
}

static void draw_next(Scroll *scroll)
{
    const int height = text_height();
    int top = (int)(scroll->next * (unsigned)height % (unsigned)scroll->ring.height);
    char number[16];
    snprintf(number, sizeof number, "%5u  ", scroll->next + 1);

    canvas_fill(&scroll->ring, (Rectangle){ 0, top, scroll->ring.width, height }, PAPER);
    int pen = canvas_text(&scroll->ring, &art_mono, MARGIN, top + art_mono.ascent + 2, NUMBER_INK,
                          number);
    canvas_text(&scroll->ring, &art_mono, pen, top + art_mono.ascent + 2, INK,
                passage[scroll->next % PASSAGE_LINES]);
    scroll->next++;
}

Scroll *scroll_new(int width, int height)
{
    Scroll *scroll = calloc(1, sizeof *scroll);
    if (scroll == NULL)
        return NULL;
    int lines = height / text_height() + 2;
    scroll->ring = (Canvas){ .width = width, .height = lines * text_height() };
    scroll->ring.stride = (size_t)width * sizeof(uint32_t);
    scroll->ring.pixels = calloc((size_t)scroll->ring.height, scroll->ring.stride);
    if (scroll->ring.pixels == NULL) {
        free(scroll);
        return NULL;
    }
    for (int i = 0; i < lines - 1; i++)
        draw_next(scroll);
    return scroll;
}

void scroll_free(Scroll *scroll)
{
    if (scroll == NULL)
        return;
    free(scroll->ring.pixels);
    free(scroll);
}

void scroll_paint(Scroll *scroll, const Canvas *canvas, uint32_t frame)
{
    unsigned top = (frame - 1) * PIXELS_A_FRAME; /* in lines of pixels since the first frame */
    while (scroll->next * (unsigned)text_height() < top + (unsigned)canvas->height)
        draw_next(scroll);
    for (int y = 0; y < canvas->height; y++) {
        unsigned from = (top + (unsigned)y) % (unsigned)scroll->ring.height;
        memcpy(canvas_line(canvas, y), canvas_line(&scroll->ring, (int)from), scroll->ring.stride);
    }
}
