/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The EDID of a vGPU's display and the VFIO region through which it is read and replaced, with the
 * answers of handle_edid_regs() and handle_edid_blob() of gvt/kvmgt.c: the region begins with
 * struct vfio_region_gfx_edid, the block of 128 bytes is at half a page, and it is checked when the
 * link goes up. Other than there, no interrupt tells the guest: its driver reads the EDID when it
 * is asked for the modes.
 */
#pragma once

#include <linux/types.h>
#include <linux/vfio.h>

#define EDID_BLOCK_SIZE 128
#define EDID_REGION_SIZE 0x1000u

struct edid {
    struct vfio_region_gfx_edid registers;
    u8 block[EDID_BLOCK_SIZE];
};

/* A display of that size: 1024x768 or 1920x1200, as the types have. */
void edid_init(struct edid *edid, u32 width, u32 height);

/* One access by VFIO, inside the region; -EINVAL or -EPERM as the real one. */
int edid_access(struct edid *edid, u32 offset, void *data, unsigned int count, bool is_write);

/* What the guest's driver reads: zeros while the link is down. */
void edid_read_by_guest(const struct edid *edid, u32 offset, void *data, unsigned int count);
