/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "surface.h"

typedef struct {
    Surface surface;
    Kms *kms; /* borrowed */
    KmsBuffer buffers[2];
    int back; /* buffer to draw into next; in front when frames are changed in place */
    Picture picture;
} DumbSurface;

static DumbSurface *self_of(Surface *surface)
{
    return (DumbSurface *)(void *)surface;
}

static uint32_t dumb_draw(Surface *surface, const PictureState *state)
{
    DumbSurface *self = self_of(surface);
    KmsBuffer *buffer = &self->buffers[self->back];
    Rectangle whole = { 0, 0, buffer->canvas.width, buffer->canvas.height };
    self->picture.mode->paint(&self->picture, &buffer->canvas, state);
    kms_buffer_finish(buffer, &whole, 1);
    return buffer->fb;
}

static void dumb_shown(Surface *surface)
{
    DumbSurface *self = self_of(surface);
    if (self->picture.mode->change == NULL)
        self->back = !self->back;
}

static void dumb_change(Surface *surface, const PictureState *state)
{
    DumbSurface *self = self_of(surface);
    KmsBuffer *buffer = &self->buffers[self->back];
    Rectangle damage[PICTURE_DAMAGE_MOST];
    int count = self->picture.mode->change(&self->picture, &buffer->canvas, state, damage);
    kms_buffer_finish(buffer, damage, count);
    kms_tell_damage(self->kms, buffer->fb, damage, count);
}

static void dumb_free(Surface *surface)
{
    DumbSurface *self = self_of(surface);
    picture_clear(&self->picture);
    for (int i = 0; i < 2; i++)
        kms_buffer_clear(self->kms, &self->buffers[i]);
    free(self);
}

Surface *surface_dumb_new(Kms *kms, const Options *options)
{
    DumbSurface *self = calloc(1, sizeof *self);
    if (self == NULL)
        return NULL;
    self->kms = kms;
    self->surface = (Surface){ .draw = dumb_draw, .shown = dumb_shown, .free = dumb_free };
    if (options->mode->change != NULL)
        self->surface.change = dumb_change;
    snprintf(self->surface.renderer, sizeof self->surface.renderer, "dumb buffer on %s",
             kms->driver);
    if (!picture_init(&self->picture, options->mode, kms->mode.hdisplay, kms->mode.vdisplay) ||
        !kms_buffer_init(kms, &self->buffers[0]) || !kms_buffer_init(kms, &self->buffers[1])) {
        fprintf(stderr, "vgpuctl-guest: no buffers of %dx%d on %s: %s\n", kms->mode.hdisplay,
                kms->mode.vdisplay, kms->driver, strerror(errno));
        dumb_free(&self->surface);
        return NULL;
    }
    return &self->surface;
}
