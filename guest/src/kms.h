/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The display
 *
 * Kernel mode setting on the first card that has a screen: one connector, one CRTC, page flips with
 * their completion as an event on the file descriptor. Buffers are either dumb buffers made here or
 * framebuffers that a 3D renderer brings. Rests on include/uapi/drm/drm_mode.h by way of libdrm.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <xf86drm.h>
#include <xf86drmMode.h>

#include "canvas.h"

typedef struct {
    int fd;
    char driver[32]; /* "virtio_gpu" */
    uint32_t connector, crtc;
    drmModeModeInfo mode;
    bool is_flip_pending;
} Kms;

typedef struct {
    Canvas canvas;       /* draw here */
    uint32_t handle, fb; /* of the dumb buffer */
    uint32_t *mapped;    /* the dumb buffer's own pixels */
    uint32_t *shadow;    /* owned; where reading the buffer is slow (prefer_shadow), else NULL */
    size_t size;
} KmsBuffer;

/*
 * Opens the first of /dev/dri/card* with a connected screen and takes its preferred mode, or the
 * first one of @width x @height (0: preferred). Returns 1; 0 when there is no such card (yet); -1
 * when there is one that cannot be used, the reason is on stderr.
 */
int kms_open(Kms *kms, int width, int height);
void kms_close(Kms *kms);

bool kms_buffer_init(const Kms *kms, KmsBuffer *buffer);
void kms_buffer_clear(const Kms *kms, KmsBuffer *buffer);
/* Brings what was drawn into the shadow to the device's buffer. */
void kms_buffer_finish(const KmsBuffer *buffer, const Rectangle *areas, int count);

/* Sets the mode with framebuffer @fb on the screen. */
bool kms_show(Kms *kms, uint32_t fb);
/* Asks for @fb to be shown next; the flip is pending until kms_read_events() has seen it done. */
bool kms_flip(Kms *kms, uint32_t fb);
/* To be called when the descriptor is readable. */
void kms_read_events(Kms *kms);
/* Tells the driver what changed in the buffer on the screen; drivers without need for it refuse. */
void kms_tell_damage(const Kms *kms, uint32_t fb, const Rectangle *areas, int count);
