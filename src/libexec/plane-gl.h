/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dma-buf's pixels through OpenGL: the way for what the processor cannot map or would find tiled
 * (real GVT-g). The import is QEMU's own (ui/egl-helpers.c:egl_dmabuf_import_texture()).
 */
#pragma once

#include "display/frame.h"
#include "display/source-vfio.h"

/* Draws @frame on the DRM node @node and reads it back. NULL with @error set. */
Frame *plane_gl_read(const VfioFrame *frame, const char *node, GError **error);
