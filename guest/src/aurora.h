/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Northern lights over a lake
 *
 * The scene of the guest without 3D: two curtains of light over mountains, mirrored in water. It is
 * made for a processor that is itself emulated: a pixel of the sky costs two table look-ups, two
 * additions and a mask, one of the lake a shift and an addition. Every pixel changes in every frame
 * (also where the sky is dark: the lowest bit of each colour alternates like a chess board), so the
 * scene is the worst case of a display that sends changes.
 */
#pragma once

#include "canvas.h"

typedef struct Aurora Aurora;

/* NULL when memory is short. */
Aurora *aurora_new(int width, int height);
void aurora_free(Aurora *aurora);

/* Paints the scene at @milliseconds since its start; @frame chooses the phase of the chess board.
 */
void aurora_paint(Aurora *aurora, const Canvas *canvas, uint32_t milliseconds, uint32_t frame);

/*
 * The parts of the scene, for a renderer that puts them together by itself. Light of a curtain at
 * (x, y): its profile at y + offset of the column x, times light of the column.
 */
#define AURORA_CURTAINS 2
#define AURORA_LIGHT 1024 /* full light */

typedef struct {
    int offset_eighths; /* eighths of a pixel, 0 .. 8 x height */
    int light;          /* 0 .. AURORA_LIGHT - 1 */
} AuroraColumn;

/* Fills @columns, one for each x. */
void aurora_columns(const Aurora *aurora, int curtain, uint32_t milliseconds,
                    AuroraColumn *columns);
/* 2 x height colours at full light. Borrowed. */
const uint32_t *aurora_profile(const Aurora *aurora, int curtain);
/* The sky of aurora_horizon() lines without lights; X byte 0xff where lights are seen. Borrowed. */
const uint32_t *aurora_background(const Aurora *aurora);
/* Lines above the lake. */
int aurora_horizon(int height);
