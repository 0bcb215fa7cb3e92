/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dma-buf's pixels through OpenGL: the way for what the processor cannot map or would find tiled
 * (real GVT-g). The import is QEMU's own (ui/egl-helpers.c:egl_dmabuf_import_texture()). A context
 * without a surface, which belongs to the thread that made it.
 */
#pragma once

#include "display/dmabuf.h"

typedef struct GlReader GlReader;

/* On the DRM node @node. NULL with @error set. */
GlReader *gl_reader_new(const char *node, GError **error);
void gl_reader_free(GlReader *reader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GlReader, gl_reader_free)

/* A dma-buf as a texture that can be read; to be freed before its reader. */
typedef struct GlPicture GlPicture;

/* NULL with @error set. The dma-buf's descriptor is not needed afterwards. */
GlPicture *gl_reader_import(GlReader *reader, const Dmabuf *buffer, GError **error);
void gl_picture_free(GlPicture *picture);

/* What it shows now, a frame of ours. NULL with @error set. */
Frame *gl_picture_read(const GlPicture *picture, GError **error);
