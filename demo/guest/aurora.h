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
