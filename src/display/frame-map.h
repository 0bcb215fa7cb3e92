/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pixels of a frame where the processor can read them: a region of the device, or a dma-buf
 * whose driver lets it be mapped. Real GVT-g does not (ENODEV: drivers/gpu/drm/i915/gem/
 * i915_gem_dmabuf.c:i915_gem_dmabuf_mmap(), as the buffer has no file of its own); then OpenGL must
 * import it.
 */
#pragma once

#include "display/source-vfio.h"

typedef struct {
    const guint8 *pixels; /* the first row */
    gsize rows;           /* of the picture that are there: a driver may map whole pages only */
    void *start;
    gsize length;
} FrameMap;

/*
 * Maps the picture. FALSE with @error set: VGPUCTL_ERROR_REFUSED when it cannot be read by the
 * processor - not to be mapped, or tiled - and OpenGL may still do; VGPUCTL_ERROR_INVALID when the
 * device describes no picture.
 */
gboolean frame_map(const VfioFrame *frame, FrameMap *ret_map, GError **error);
void frame_map_clear(FrameMap *map);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FrameMap, frame_map_clear)

/*
 * Converts @width pixels of a row in DRM @format to 0xXXRRGGBB in the machine's byte order. FALSE
 * when that format is not known.
 */
gboolean frame_convert_row(guint32 format, const guint8 *row, guint32 width, guint32 *ret_pixels);

/* Bytes of a pixel in @format; 0: not known. */
guint frame_pixel_bytes(guint32 format);
