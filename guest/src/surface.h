/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Ways to draw
 *
 * A surface draws the picture and gives framebuffers to flip to. The dumb surface draws with the
 * processor into dumb buffers; the GL surface, which only the program for a root image has, draws
 * with the GPU.
 */
#pragma once

#include "kms.h"
#include "options.h"

typedef struct Surface Surface;

struct Surface {
    char renderer[128];
    /* Draws a whole frame; returns the framebuffer to flip to, 0 when it could not. */
    uint32_t (*draw)(Surface *surface, const PictureState *state);
    /*
     * Draws into the buffer on the screen and tells the driver what has changed; NULL when frames
     * are flipped.
     */
    void (*change)(Surface *surface, const PictureState *state);
    /* The framebuffer of the last draw() is on the screen now: the one before it is free. */
    void (*shown)(Surface *surface);
    void (*free)(Surface *surface);
};

/* Two dumb buffers. NULL with the reason on stderr. */
Surface *surface_dumb_new(Kms *kms, const Options *options);
/*
 * GBM, EGL and GLES 2. NULL when the mode is not one that it draws, when there is no GL, or when GL
 * is computed by the processor of the guest; the reason is on stderr.
 */
Surface *surface_gl_new(Kms *kms, const Options *options);
