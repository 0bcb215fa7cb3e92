/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Programs and textures of GLES 2
 *
 * A program draws the unit square, whose corner (0, 0) is top left: the uniform "place" (left, top,
 * width, height in parts of the screen) says where, "part" (the same of the texture) says what of
 * it; the fragment shader gets the point in the texture as "at". Textures hold words as the
 * processor writes them, so their channels arrive as b, g, r, a.
 */
#pragma once

#include <GLES2/gl2.h>
#include <stdbool.h>
#include <stdint.h>

#define POSITION 0 /* attribute: a corner of the unit square, (0, 0) is top left */

typedef struct {
    GLuint program;
    GLint place, part;
} GlProgram;

typedef struct {
    GLuint texture;
    int width, height;
} GlImage;

/* False with the compiler's words on stderr. */
bool gl_program_init(GlProgram *program, const char *fragment_source);
void gl_program_set_number(const GlProgram *program, const char *name, double value);
/* Puts the image on a texture unit and tells the sampler @name. */
void gl_program_use_image(const GlProgram *program, const char *name, int unit,
                          const GlImage *image);

/* An empty texture that is bound and read pixel by pixel. */
void gl_image_init(GlImage *image, int width, int height);
/* From now on between pixels a mixture is read. */
void gl_image_set_linear(const GlImage *image);
/* Fills the whole texture and leaves it bound. */
void gl_image_load(const GlImage *image, const uint32_t *pixels);
