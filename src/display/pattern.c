/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pattern.h"

#include <math.h>
#include <string.h>

const char *const pattern_names[] = { "still", "text", "scroll", "small", "full", NULL };

#define PAPER 0xfcfcfa
#define GLYPH_WIDTH 8
#define LINE_HEIGHT 16
#define THING_SIZE 48

/* A fixed sequence that looks like none (Marsaglia's xorshift). */
static guint32 next_random(guint32 *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    return *state ^= *state << 5;
}

static guint32 seed(guint32 number)
{
    guint32 state = (number + 1) * 2654435761u;
    next_random(&state);
    return state;
}

/* Letter @letter as 10 rows of 6 dots: like writing, strokes are longer than noise has them. */
static void paint_glyph(const Frame *frame, int left, int top, guint32 letter, guint32 ink)
{
    guint32 state = seed(letter), dots = next_random(&state);
    for (int y = MAX(top + 3, 0); y < MIN(top + 13, frame->height); y++) {
        int row = y - top - 3;
        for (int x = left + 1; x < MIN(left + 7, frame->width); x++) {
            int stroke = (row / 3) * 3 + (x - left - 1) / 2;
            gboolean bar = row % 3 == 0 && (dots >> (16 + stroke) & 1);
            gboolean post = (x - left) % 2 == 1 && (dots >> stroke & 1);
            if (bar || post)
                frame_row(frame, y)[x] = ink;
        }
    }
}

/* Words of some letters; the left edge moves as in a program's text, some words are coloured. */
static void paint_line(const Frame *frame, int top, guint32 line)
{
    static const guint32 inks[] = { 0x202020, 0x202020, 0x202020, 0x0b5394, 0x7a1f5c, 0x38761d };
    guint32 state = seed(line);
    int x = (int)(next_random(&state) % 5) * 4 * GLYPH_WIDTH + GLYPH_WIDTH;
    int right = frame->width - (int)(next_random(&state) % 8) * frame->width / 12;
    for (guint32 left = 0, ink = inks[0]; x + GLYPH_WIDTH <= right; x += GLYPH_WIDTH) {
        if (left == 0) {
            left = 2 + next_random(&state) % 8;
            ink = inks[next_random(&state) % G_N_ELEMENTS(inks)];
            continue; /* the space between two words */
        }
        paint_glyph(frame, x, top, next_random(&state) % 40, ink);
        left--;
    }
}

static void fill(const Frame *frame, guint32 colour)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            frame_row(frame, y)[x] = colour;
}

static void paint_text(const Frame *frame, guint32 first_line)
{
    fill(frame, PAPER);
    for (int top = 0; top < frame->height; top += LINE_HEIGHT)
        paint_line(frame, top, first_line + (guint32)(top / LINE_HEIGHT));
}

/* On a circle, as far out as the picture allows. */
static Rect thing_at(int width, int height, guint step)
{
    double turn = 2 * G_PI * step / PATTERN_STEPS;
    int room_x = MAX(width - THING_SIZE, 0), room_y = MAX(height - THING_SIZE, 0);
    Rect thing = { (int)(room_x / 2.0 * (1 + cos(turn) / 2)),
                   (int)(room_y / 2.0 * (1 + sin(turn) / 2)), THING_SIZE, THING_SIZE };
    return rect_intersect(thing, (Rect){ 0, 0, width, height });
}

static void paint_thing(const Frame *frame, guint step)
{
    Rect thing = thing_at(frame->width, frame->height, step);
    for (int y = 0; y < thing.height; y++)
        for (int x = 0; x < thing.width; x++)
            if (hypot(x - THING_SIZE / 2, y - THING_SIZE / 2) < THING_SIZE / 2.0)
                frame_row(frame, thing.y + y)[thing.x + x] =
                    0xc03000 + ((guint32)(x * 4) << 8) + (guint32)y;
}

/*
 * Two curtains of light before an evening sky, as the demonstration's guest has them. In no channel
 * the sum exceeds 255, so that whole pixels are added.
 */
#define CURTAINS 2
static const guint32 lights[CURTAINS] = { 0x208850, 0x602060 };

typedef struct {
    int edge;   /* its lower end, y */
    guint rays; /* how bright, of 256 */
} Column;

/* How bright by the distance from the edge: it is cut off below, fades out above. */
static void make_profile(guint8 *profile, int height)
{
    for (int i = 0; i < 2 * height; i++) {
        double up = (double)(height - i) / height;
        profile[i] = (guint8)(255 * (up < 0 ? exp(40 * up) : exp(-5 * up)));
    }
}

static void make_columns(Column *columns, int curtain, int width, int height, double turn)
{
    for (int x = 0; x < width; x++) {
        double along = 2 * G_PI * x / width;
        double wave = sin(along * (2 + curtain) + turn) + sin(along * 5 - turn * (1 + curtain)) / 2;
        columns[x].edge = (int)(height * (0.65 - 0.15 * curtain + 0.12 * wave));
        columns[x].rays = (guint)(256 * (0.7 + 0.3 * sin(along * 31 + turn * 2)));
    }
}

static void make_shades(guint32 *shades, guint32 light)
{
    for (guint32 i = 0; i < 256; i++)
        shades[i] = (light >> 16) * i / 256 << 16 | (light >> 8 & 0xff) * i / 256 << 8 |
                    (light & 0xff) * i / 256;
}

/* Darker above; a wave goes through all of it. */
static void fill_sky(const Frame *frame, double turn)
{
    for (int y = 0; y < frame->height; y++) {
        double down = (double)y / frame->height;
        guint32 blue = (guint32)(0x10 + 0x38 * down + 6 * sin(4 * G_PI * down + turn));
        for (int x = 0; x < frame->width; x++)
            frame_row(frame, y)[x] = blue / 4 << 16 | blue / 2 << 8 | blue;
    }
}

static void paint_full(const Frame *frame, guint step)
{
    guint32 shades[256];
    double turn = 2 * G_PI * step / PATTERN_STEPS;
    g_autofree guint8 *profile = g_malloc((gsize)frame->height * 2);
    g_autofree Column *columns = g_new(Column, frame->width);
    make_profile(profile, frame->height);
    fill_sky(frame, turn);
    for (int i = 0; i < CURTAINS; i++) {
        make_columns(columns, i, frame->width, frame->height, turn);
        make_shades(shades, lights[i]);
        for (int y = 0; y < frame->height; y++) {
            guint32 *row = frame_row(frame, y);
            const guint8 *light = &profile[frame->height + y];
            for (int x = 0; x < frame->width; x++)
                row[x] += shades[light[-columns[x].edge] * columns[x].rays >> 8];
        }
    }
}

void pattern_paint(const Frame *frame, PatternKind kind, guint step)
{
    switch (kind) {
    case PATTERN_STILL:
        paint_text(frame, 0);
        break;
    case PATTERN_TEXT:
        paint_text(frame, step * 1000);
        break;
    case PATTERN_SCROLL:
        paint_text(frame, step);
        break;
    case PATTERN_SMALL:
        paint_text(frame, 0);
        paint_thing(frame, step);
        break;
    case PATTERN_FULL:
        paint_full(frame, step);
        break;
    }
}

guint pattern_damage(PatternKind kind, int width, int height, guint before, guint after,
                     Rect *ret_areas)
{
    if (kind == PATTERN_STILL || before == after)
        return 0;
    if (kind == PATTERN_SMALL) {
        ret_areas[0] = thing_at(width, height, before);
        ret_areas[1] = thing_at(width, height, after);
        return 2;
    }
    ret_areas[0] = (Rect){ 0, 0, width, height };
    return 1;
}

Cursor *pattern_cursor(void)
{
    const guint32 white = 0xffffffff, black = 0xff000000;
    Cursor *cursor = cursor_new(12, 17, 0, 0, NULL);
    for (int y = 0; y < cursor->height; y++) {
        int length = MIN(y + 1, 2 * (cursor->height - y)); /* of this row of the arrow's head */
        for (int x = 0; x < MIN(length, cursor->width); x++) {
            gboolean edge = x == 0 || x >= length - 1;
            cursor->pixels[y * cursor->width + x] = edge ? black : white;
        }
    }
    return cursor;
}
