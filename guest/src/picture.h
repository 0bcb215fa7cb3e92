/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the guest shows
 *
 * A mode is one row of a table: full (the scene, every pixel changes), box (a small square moves
 * over the standing scene), text (lines scroll), still (one frame). Whatever the mode, a picture
 * has the panel with renderer, resolution, frame number and rate, the emblem and the frame number's
 * strip.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "aurora.h"
#include "canvas.h"
#include "scroll.h"

#define PICTURE_DAMAGE_MOST 4

typedef struct {
    const char *renderer;  /* "dumb buffer on virtio_gpu" */
    uint32_t frame;        /* counts from 1 */
    uint32_t milliseconds; /* since the first frame */
    unsigned rate_tenths;  /* measured frames a second, times 10 */
} PictureState;

struct Picture;

typedef struct {
    const char *name;
    /* Paints a whole frame. */
    void (*paint)(struct Picture *picture, const Canvas *canvas, const PictureState *state);
    /*
     * Paints what differs from the frame before into the same canvas and says where; NULL: every
     * frame is painted whole and flipped. Returns the number of areas.
     */
    int (*change)(struct Picture *picture, const Canvas *canvas, const PictureState *state,
                  Rectangle damage[PICTURE_DAMAGE_MOST]);
    bool only_once; /* one frame and no more */
    bool is_scene;  /* the bare scene, which a GPU can draw as well */
} PictureMode;

typedef struct Picture {
    const PictureMode *mode;
    int width, height;
    Aurora *aurora;    /* owned; NULL in text mode */
    Scroll *scroll;    /* owned; text mode only */
    Rectangle box;     /* box mode: where it is now */
    uint32_t *beneath; /* owned; box mode: the scene without the box */
} Picture;

/* NULL when there is no such mode. */
const PictureMode *picture_mode_find(const char *name);

/* Makes ready to paint @mode; false when memory is short. */
bool picture_init(Picture *picture, const PictureMode *mode, int width, int height);
void picture_clear(Picture *picture);

/* Where the panel lies, and the figures on it, for a renderer that draws the rest by itself. */
#define PICTURE_PANEL_COLOUR 0x050a14
#define PICTURE_PANEL_ALPHA 150 /* of 256 */
#define PICTURE_PANEL_RADIUS 14
Rectangle picture_panel_area(int width, int height, const char *renderer);
void picture_paint_figures(const Canvas *canvas, Rectangle panel, const PictureState *state,
                           int width, int height);
/* Top left corner of the emblem: it wanders and is thrown back by the edges of the sky. */
void picture_emblem_place(int width, int height, uint32_t milliseconds, int *x, int *y);
