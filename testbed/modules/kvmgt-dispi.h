/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The registers of the Bochs display interface (dispi) in region 2, at 0x500, and the picture that
 * they describe. Names and numbers: QEMU's include/hw/display/bochs-vbe.h and
 * docs/specs/standard-vga.txt. The EDID at 0 of the region is not here.
 */
#pragma once

#include <linux/types.h>

#define DISPI_REGION_SIZE 0x1000u
#define DISPI_REGISTERS_AT 0x500
#define DISPI_REGISTERS 11

struct dispi {
    u16 registers[DISPI_REGISTERS];
};

/* A picture in video memory, four bytes for each pixel: XRGB, little-endian. */
struct scanout {
    u32 width, height, stride; /* the stride in bytes */
    u64 offset, size;          /* bytes */
};

/* As after switching on: no picture. */
void dispi_reset(struct dispi *dispi, u32 vram_size);
u16 dispi_read(const struct dispi *dispi, u32 offset);
void dispi_write(struct dispi *dispi, u32 offset, u16 value);

/* -ENODEV when there is no picture; -EFAULT, as in kvmgt, when it does not begin with a page or is
 * not all in the video memory. */
int dispi_scanout(const struct dispi *dispi, u32 vram_size, struct scanout *scanout);
