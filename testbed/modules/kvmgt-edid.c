// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(format) "gvt: " format

#include "kvmgt-edid.h"

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/printk.h>
#include <linux/string.h>

#define BLOCK_AT (EDID_REGION_SIZE / 2)
#define CHECKSUM_AT 127
#define TIMING_AT 54
#define TIMING_SIZE 18

static const u8 header[8] = { 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00 };

/* The beginning, for all: VESA E-EDID A.2, digital, sRGB, the first timing is the preferred one. */
static const u8 beginning[TIMING_AT] = {
    0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00,             /* header */
    0x1e, 0xd4, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00,             /* "GVT" 1 */
    0x00, 0x1c, 0x01, 0x04,                                     /* 2018, version 1.4 */
    0x80, 0x00, 0x00, 0x78, 0x06,                               /* digital, gamma 2.2 */
    0xee, 0x91, 0xa3, 0x54, 0x4c, 0x99, 0x26, 0x0f, 0x50, 0x54, /* sRGB */
    0x00, 0x00, 0x00,                                           /* no established timings */
    0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01, 0x01,
};

/* VESA DMT: 1024x768 and, with reduced blanking, 1920x1200; both 60 Hz */
static const struct {
    u32 width, height;
    u8 timing[TIMING_SIZE];
} displays[] = {
    { 1024,
      768,
      { 0x64, 0x19, 0x00, 0x40, 0x41, 0x00, 0x26, 0x30, 0x18, 0x88, 0x36, 0x00, 0, 0, 0, 0, 0,
        0x18 } },
    { 1920,
      1200,
      { 0x28, 0x3c, 0x80, 0xa0, 0x70, 0xb0, 0x23, 0x40, 0x30, 0x20, 0x36, 0x00, 0, 0, 0, 0, 0,
        0x1a } },
};

static u8 sum(const u8 *block)
{
    u8 total = 0;
    int i;

    for (i = 0; i < EDID_BLOCK_SIZE; i++)
        total += block[i];
    return total;
}

void edid_init(struct edid *edid, u32 width, u32 height)
{
    int i;

    edid->registers = (struct vfio_region_gfx_edid){
        .edid_offset = BLOCK_AT,
        .edid_max_size = EDID_BLOCK_SIZE,
        .edid_size = EDID_BLOCK_SIZE,
        .max_xres = width,
        .max_yres = height,
    };
    memset(edid->block, 0, EDID_BLOCK_SIZE);
    memcpy(edid->block, beginning, sizeof(beginning));
    for (i = 0; i < ARRAY_SIZE(displays); i++)
        if (displays[i].width == width && displays[i].height == height)
            memcpy(edid->block + TIMING_AT, displays[i].timing, TIMING_SIZE);
    for (i = TIMING_AT + TIMING_SIZE + 3; i < CHECKSUM_AT - 1; i += TIMING_SIZE)
        edid->block[i] = 0x10; /* a descriptor that says nothing */
    edid->block[CHECKSUM_AT] = -sum(edid->block);
}

static bool is_valid(const u8 *block)
{
    return !memcmp(block, header, sizeof(header)) && block[18] == 1 && sum(block) == 0;
}

static int set_link_state(struct edid *edid, u32 state)
{
    if (state == VFIO_DEVICE_GFX_LINK_STATE_UP && !is_valid(edid->block)) {
        pr_err("invalid EDID blob\n");
        return -EINVAL;
    }
    if (state != VFIO_DEVICE_GFX_LINK_STATE_UP && state != VFIO_DEVICE_GFX_LINK_STATE_DOWN) {
        pr_err("invalid EDID link state %u\n", state);
        return -EINVAL;
    }
    edid->registers.link_state = state;
    return 0;
}

static int set_size(struct edid *edid, u32 size)
{
    if (size > edid->registers.edid_max_size) {
        pr_err("EDID size is bigger than %u!\n", edid->registers.edid_max_size);
        return -EINVAL;
    }
    edid->registers.edid_size = size;
    return 0;
}

static int access_registers(struct edid *edid, u32 offset, void *data, unsigned int count,
                            bool is_write)
{
    u32 value;

    if (count != sizeof(value) || offset + count > sizeof(edid->registers))
        return -EINVAL;
    if (!is_write) {
        memcpy(data, (u8 *)&edid->registers + offset, count);
        return 0;
    }
    memcpy(&value, data, sizeof(value));
    switch (offset) {
    case offsetof(struct vfio_region_gfx_edid, link_state):
        return set_link_state(edid, value);
    case offsetof(struct vfio_region_gfx_edid, edid_size):
        return set_size(edid, value);
    }
    pr_err("write read-only EDID region at offset %u\n", offset);
    return -EPERM;
}

int edid_access(struct edid *edid, u32 offset, void *data, unsigned int count, bool is_write)
{
    if (offset < BLOCK_AT)
        return access_registers(edid, offset, data, count, is_write);
    offset -= BLOCK_AT;
    if (offset + count > edid->registers.edid_size)
        return -EINVAL;
    if (is_write)
        memcpy(edid->block + offset, data, count);
    else
        memcpy(data, edid->block + offset, count);
    return 0;
}

void edid_read_by_guest(const struct edid *edid, u32 offset, void *data, unsigned int count)
{
    u32 size = edid->registers.edid_size;

    memset(data, 0, count);
    if (edid->registers.link_state != VFIO_DEVICE_GFX_LINK_STATE_DOWN && offset < size)
        memcpy(data, edid->block + offset, min(count, size - offset));
}
