/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * GL truth: what EGL really does on each node and screen of this host, asked in a child process
 * with a time limit (libexec/vgpuctl/probe-gl), because drivers hang and crash. QEMU's GL displays
 * need a DRM node where EGL initialises on GBM with EGL_KHR_surfaceless_context and
 * EGL_MESA_image_dma_buf_export (ui/egl-helpers.c:egl_rendernode_init).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef enum {
    GL_PLATFORM_GBM,         /* EGL on a DRM node: what egl-headless, dbus and spice use */
    GL_PLATFORM_SURFACELESS, /* EGL without any device */
    GL_PLATFORM_X11,         /* EGL on $DISPLAY: what gtk,gl=on uses under X */
    GL_PLATFORM_GLX,         /* GLX on $DISPLAY */
    GL_PLATFORM_WAYLAND,     /* EGL on $WAYLAND_DISPLAY */
} GlPlatformKind;
extern const char *const gl_platform_words[]; /* "gbm", "surfaceless", "x11", "glx", "wayland" */

typedef struct {
    int kind;       /* GlPlatformKind */
    char *node;     /* DRM node for gbm; display name for x11, glx, wayland; else NULL */
    gboolean works; /* a desktop OpenGL core context could be made current: what gl=on asks for */
    char *failure;  /* why not: the call that failed, or the signal that ended the probe */
    char *vendor, *renderer, *version;
    gboolean software; /* llvmpipe, softpipe, swrast */
    gboolean es;       /* OpenGL ES contexts can be made: what gl=es asks for */
    gboolean surfaceless_context;
    gboolean dmabuf_export;           /* EGL_MESA_image_dma_buf_export is offered */
    gboolean dmabuf_export_works;     /* and a texture really came out as a file descriptor */
    gboolean dmabuf_import;           /* EGL_EXT_image_dma_buf_import */
    gboolean dmabuf_import_modifiers; /* EGL_EXT_image_dma_buf_import_modifiers */
} GlPlatform;
extern const RecordType gl_platform_type;

typedef struct {
    gboolean probed;      /* FALSE: not asked: another root (VGPUCTL_ROOT), or see failure */
    char *failure;        /* the probe program itself could not be run */
    GPtrArray *platforms; /* GlPlatform; NULL when not asked */
} GlFacts;
extern const RecordType gl_facts_type;

/*
 * The node that stands for "no device": on a file that is no GPU, Mesa's GBM falls back to its
 * software renderer (measured with Mesa 22.3), and QEMU's egl-headless, which needs some node, then
 * gives virgl on hosts without any GPU. Always asked: its GlPlatform says whether this Mesa does.
 */
#define GL_NO_DEVICE "/dev/null"

/*
 * Asks every node in @nodes (DrmNode) that is usable, GL_NO_DEVICE, and the screen of this session
 * when @with_screen. Answers are kept for this boot in the user's cache directory, keyed by the
 * nodes and the GL libraries, unless one came too late; @refresh asks again. Never fails: what goes
 * wrong is in the facts.
 */
GlFacts *gl_facts_read(const Root *root, const GPtrArray *nodes, gboolean with_screen,
                       gboolean refresh);

/* The platform entry of @node (kind gbm), borrowed, or NULL. */
const GlPlatform *gl_facts_node(const GlFacts *facts, const char *node);
