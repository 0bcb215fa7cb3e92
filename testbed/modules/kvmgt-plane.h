/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The picture of a vGPU as VFIO_DEVICE_QUERY_GFX_PLANE and VFIO_DEVICE_GET_GFX_DMABUF tell it, with
 * the answers of gvt/dmabuf.c: the same picture has the same number, and each fetch makes a dma-buf
 * of its own, which any number of readers may hold as long as they like.
 */
#pragma once

#include <linux/types.h>
#include <linux/vfio.h>

#include "kvmgt-dispi.h"
#include "kvmgt-vram.h"

/* A VM that flips between more pictures than that sees the oldest one's number end. */
#define PLANES_KEPT 16

struct planes {
    struct {
        u32 id; /* 0: none */
        struct scanout scanout;
    } known[PLANES_KEPT];
    u32 last_id;
};

/* Forgets the pictures; their numbers do not come back. */
void planes_forget(struct planes *planes);

/* Answers in `info`, whose flags and drm_plane_type are the question. Where there is no picture
 * (`scanout` is NULL), and as cursor, it is left as it came, as kvmgt does: whoever asked with
 * zeros sees a plane of 0x0. */
int planes_query(struct planes *planes, const struct scanout *scanout,
                 struct vfio_device_gfx_plane_info *info);

/* -EINVAL when there is no picture of that number. */
int planes_find(const struct planes *planes, u32 id, struct scanout *scanout);

/* A new file descriptor of a dma-buf in whole pages. It can be mapped unless kvmgt was told
 * dmabuf_mmap=0; then that is refused with ENODEV, as i915_gem_dmabuf_mmap() does. */
int plane_export(struct vram *vram, const struct scanout *scanout);
