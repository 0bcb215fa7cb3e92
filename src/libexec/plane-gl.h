/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A dma-buf's pixels through OpenGL: the way for what the processor cannot map or would find tiled
 * (real GVT-g). The import is QEMU's own (ui/egl-helpers.c:egl_dmabuf_import_texture()).
 */
#pragma once

#include "display/source-vfio.h"
#include "libexec/image.h"

/* Draws @frame on the DRM node @node and reads it back. NULL with @error set. */
Image *plane_gl_read(const VfioFrame *frame, const char *node, GError **error);
