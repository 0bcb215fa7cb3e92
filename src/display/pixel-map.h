/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A picture where the processor can read it: a region of a device, or a dma-buf whose driver lets
 * it be mapped. Real GVT-g does not (ENODEV: drivers/gpu/drm/i915/gem/
 * i915_gem_dmabuf.c:i915_gem_dmabuf_mmap(), as the buffer has no file of its own); then OpenGL must
 * import it (display/gl-reader.h).
 */
#pragma once

#include "display/dmabuf.h"

typedef struct {
    Dmabuf picture;       /* its fd is not used any more */
    int sync_fd;          /* owned: the dma-buf, to be told that we read; -1 for a region */
    const guint8 *pixels; /* the picture's first pixel in memory */
    gsize there;          /* bytes from @pixels on: a driver may map whole pages only */
    void *start;
    gsize length;
} PixelMap;

/*
 * Maps @picture. @region_size: 0 when its fd is a dma-buf, else that of the region at its offset.
 * FALSE with @error set: VGPUCTL_ERROR_REFUSED when it cannot be read by the processor - not to be
 * mapped, or tiled - and OpenGL may still do; VGPUCTL_ERROR_INVALID when there is no such picture.
 */
gboolean pixel_map(const Dmabuf *picture, guint64 region_size, PixelMap *ret_map, GError **error);
void pixel_map_clear(PixelMap *map);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PixelMap, pixel_map_clear)

/* What is not there is black. @last and *@ret_changed as in dmabuf_reader_read_next(). */
Frame *pixel_map_read(const PixelMap *map, Frame *last, Rect *ret_changed, GError **error);

/* @frame, taken over, beside @last: what read_next() has to say of the two. */
Frame *pixel_frame_after(Frame *frame, Frame *last, Rect *ret_changed);
