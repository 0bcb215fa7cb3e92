/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The platforms of probe-gl. Each function fills what it learns into a zeroed GlPlatform: works, or
 * failure with the call that failed and what it said. Nothing is released but file descriptors: the
 * process asks one platform and ends.
 */
#pragma once

#include <epoxy/egl.h>

#include "host/facts-gl.h"

void probe_gbm(GlPlatform *platform, const char *node);
void probe_surfaceless(GlPlatform *platform);
void probe_x11(GlPlatform *platform);
void probe_glx(GlPlatform *platform);
void probe_wayland(GlPlatform *platform);

/* Sets platform->failure, once: the first failure is the cause. */
void probe_fail(GlPlatform *platform, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Vendor, renderer, version of the current context, and whether it is a software renderer. */
void probe_read_strings(GlPlatform *platform);

/* EGL on one platform, step by step in QEMU's order (ui/egl-helpers.c:qemu_egl_init_dpy). */
typedef struct {
    EGLDisplay display;
    EGLConfig config;
    EGLint surface_bit; /* EGL_WINDOW_BIT or EGL_PBUFFER_BIT: what the configuration must offer */
} EglProbe;

/* Display, initialisation and configuration. FALSE with platform->failure set. */
gboolean probe_egl_open(GlPlatform *platform, EglProbe *egl, EGLenum egl_platform,
                        const char *extension, void *native);

/*
 * Makes a core context current with @surface (EGL_NO_SURFACE: without one) and reads all that
 * follows from it: strings, extensions, a texture's export, OpenGL ES.
 */
void probe_egl_context(GlPlatform *platform, const EglProbe *egl, EGLSurface surface);
