/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The scene drawn by a GPU
 *
 * The same lights over the same lake as aurora.c, as one fragment shader in GLES 2, and on it what
 * the processor draws: emblem, panel and strip as textures.
 */
#pragma once

#include <stdbool.h>

#include "picture.h"

typedef struct GlScene GlScene;

/* Needs a current context of GLES 2; @renderer is as long as what will be shown. NULL with the
 * reason on stderr. */
GlScene *gl_scene_new(int width, int height, const char *renderer);
void gl_scene_free(GlScene *scene);

/* Draws a frame into the current framebuffer, which has the scene's size. */
void gl_scene_draw(GlScene *scene, const PictureState *state);
