/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../strip.h"

#define LABEL_COLOUR 0x8fb4cc
#define VALUE_COLOUR 0xffffff
#define PANEL_MARGIN 26
#define PANEL_PADDING 18
#define PANEL_LINES 4
#define PANEL_LEAST 460  /* pixels wide */
#define PANEL_VALUES 128 /* x of the values in the panel */
#define BOX_SIZE 96
#define BOX_STEP_X 7
#define BOX_STEP_Y 3
#define BOX_COLOUR 0xf2b84b

/* 0 .. @most and back again, one pixel a step. */
static int bounce(uint32_t step, int most)
{
    if (most <= 0)
        return 0;
    uint32_t at = step % (2 * (uint32_t)most);
    return (int)(at < (uint32_t)most ? at : 2 * (uint32_t)most - at);
}

void picture_emblem_place(int width, int height, uint32_t milliseconds, int *x, int *y)
{
    int room_x = width - art_emblem.width, room_y = height * 3 / 5 - art_emblem.height;
    *x = room_x <= 0 ? room_x / 2 : bounce(milliseconds / 14 + (uint32_t)room_x / 2, room_x);
    *y = room_y <= 0 ? 0 : bounce(milliseconds / 31 + (uint32_t)room_y / 4, room_y);
}

Rectangle picture_panel_area(int width, int height, const char *renderer)
{
    Rectangle area = { .x = PANEL_MARGIN };
    int wanted = PANEL_VALUES + art_text_width(&art_text, renderer) + PANEL_PADDING;
    wanted = wanted < PANEL_LEAST ? PANEL_LEAST : wanted;
    area.width = wanted < width - 2 * PANEL_MARGIN ? wanted : width - 2 * PANEL_MARGIN;
    area.height = PANEL_LINES * (art_text.line_height + 4) + 2 * PANEL_PADDING;
    area.y = height - (int)STRIP_CELL_SIZE - PANEL_MARGIN - area.height;
    return area;
}

static void panel_line(const Canvas *canvas, Rectangle area, int line, const char *label,
                       const char *value)
{
    int baseline = area.y + PANEL_PADDING + line * (art_text.line_height + 4) + art_text.ascent + 2;
    canvas_text(canvas, &art_text, area.x + PANEL_PADDING, baseline, LABEL_COLOUR, label);
    canvas_text(canvas, &art_text, area.x + PANEL_VALUES, baseline, VALUE_COLOUR, value);
}

void picture_paint_figures(const Canvas *canvas, Rectangle area, const PictureState *state,
                           int width, int height)
{
    char screen[32], frame[16], rate[32];
    snprintf(screen, sizeof screen, "%d x %d", width, height);
    snprintf(frame, sizeof frame, "%u", state->frame);
    snprintf(rate, sizeof rate, "%u.%u fps", state->rate_tenths / 10, state->rate_tenths % 10);

    panel_line(canvas, area, 0, "Renderer", state->renderer);
    panel_line(canvas, area, 1, "Screen", screen);
    panel_line(canvas, area, 2, "Frame", frame);
    panel_line(canvas, area, 3, "Rate", rate);
}

/* Panel and strip: every picture ends with them. */
static void paint_figures(const Canvas *canvas, const PictureState *state, uint32_t alpha)
{
    Rectangle area = picture_panel_area(canvas->width, canvas->height, state->renderer);
    canvas_panel(canvas, area, PICTURE_PANEL_RADIUS, PICTURE_PANEL_COLOUR, alpha);
    picture_paint_figures(canvas, area, state, canvas->width, canvas->height);
    strip_draw(canvas->pixels, (unsigned)canvas->width, (unsigned)canvas->height, canvas->stride,
               state->frame);
}

static void paint_scene(Picture *picture, const Canvas *canvas, const PictureState *state)
{
    int x, y;
    aurora_paint(picture->aurora, canvas, state->milliseconds, state->frame);
    picture_emblem_place(canvas->width, canvas->height, state->milliseconds, &x, &y);
    canvas_emblem(canvas, x, y);
    paint_figures(canvas, state, PICTURE_PANEL_ALPHA);
}

static void paint_text(Picture *picture, const Canvas *canvas, const PictureState *state)
{
    scroll_paint(picture->scroll, canvas, state->frame);
    paint_figures(canvas, state, /* alpha= */ 256);
}

static Canvas canvas_beneath(Picture *picture)
{
    return (Canvas){ picture->beneath, picture->width, picture->height,
                     (size_t)picture->width * sizeof(uint32_t) };
}

static Rectangle box_at(const Canvas *canvas, uint32_t frame)
{
    /* Between the strips, so that box and strips are never the same pixels. */
    int room_y = canvas->height - 2 * (int)STRIP_CELL_SIZE - BOX_SIZE;
    return (Rectangle){ bounce(frame * BOX_STEP_X, canvas->width - BOX_SIZE),
                        (int)STRIP_CELL_SIZE + bounce(frame * BOX_STEP_Y, room_y), BOX_SIZE,
                        BOX_SIZE };
}

static void paint_box(Picture *picture, const Canvas *canvas, const PictureState *state)
{
    Canvas beneath = canvas_beneath(picture);
    Rectangle whole = { 0, 0, canvas->width, canvas->height };
    paint_scene(picture, &beneath, state);
    canvas_copy(canvas, &beneath, whole);
    picture->box = box_at(canvas, state->frame);
    canvas_fill(canvas, picture->box, BOX_COLOUR);
}

static Rectangle rectangle_union(Rectangle a, Rectangle b)
{
    int left = a.x < b.x ? a.x : b.x, top = a.y < b.y ? a.y : b.y;
    int right = a.x + a.width > b.x + b.width ? a.x + a.width : b.x + b.width;
    int bottom = a.y + a.height > b.y + b.height ? a.y + a.height : b.y + b.height;
    return (Rectangle){ left, top, right - left, bottom - top };
}

static int change_box(Picture *picture, const Canvas *canvas, const PictureState *state,
                      Rectangle damage[PICTURE_DAMAGE_MOST])
{
    Canvas beneath = canvas_beneath(picture);
    Rectangle before = picture->box;
    picture->box = box_at(canvas, state->frame);
    canvas_copy(canvas, &beneath, before);
    canvas_fill(canvas, picture->box, BOX_COLOUR);
    strip_draw(canvas->pixels, (unsigned)canvas->width, (unsigned)canvas->height, canvas->stride,
               state->frame);
    const int size = (int)STRIP_CELL_SIZE;
    damage[0] = rectangle_union(before, picture->box);
    damage[1] = (Rectangle){ 0, 0, (int)STRIP_WIDTH, size };
    damage[2] = (Rectangle){ 0, canvas->height - size, (int)STRIP_WIDTH, size };
    return 3;
}

static const PictureMode modes[] = {
    { .name = "full", .paint = paint_scene, .is_scene = true },
    { .name = "box", .paint = paint_box, .change = change_box },
    { .name = "text", .paint = paint_text },
    { .name = "still", .paint = paint_scene, .only_once = true, .is_scene = true },
};

const PictureMode *picture_mode_find(const char *name)
{
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        if (strcmp(modes[i].name, name) == 0)
            return &modes[i];
    return NULL;
}

bool picture_init(Picture *picture, const PictureMode *mode, int width, int height)
{
    *picture = (Picture){ .mode = mode, .width = width, .height = height };
    bool is_complete = true;
    if (mode->paint == paint_text)
        is_complete = (picture->scroll = scroll_new(width, height)) != NULL;
    else
        is_complete = (picture->aurora = aurora_new(width, height)) != NULL;
    if (mode->paint == paint_box) {
        picture->beneath = calloc((size_t)width * (size_t)height, sizeof(uint32_t));
        is_complete = is_complete && picture->beneath != NULL;
    }
    if (!is_complete)
        picture_clear(picture);
    return is_complete;
}

void picture_clear(Picture *picture)
{
    aurora_free(picture->aurora);
    scroll_free(picture->scroll);
    free(picture->beneath);
    *picture = (Picture){ 0 };
}
