// SPDX-License-Identifier: GPL-2.0-only
#include "kvmgt-dispi.h"

#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/string.h>

enum {
    DISPI_ID,
    DISPI_XRES,
    DISPI_YRES,
    DISPI_BPP,
    DISPI_ENABLE,
    DISPI_BANK,
    DISPI_VIRT_WIDTH,
    DISPI_VIRT_HEIGHT,
    DISPI_X_OFFSET,
    DISPI_Y_OFFSET,
    DISPI_VIDEO_MEMORY_64K,
};

#define DISPI_ID5 0xb0c5
#define DISPI_ENABLED 0x01
#define BYTES_PER_PIXEL 4
#define SMALLEST 64 /* pixels */

void dispi_reset(struct dispi *dispi, u32 vram_size)
{
    memset(dispi, 0, sizeof(*dispi));
    dispi->registers[DISPI_ID] = DISPI_ID5;
    dispi->registers[DISPI_VIDEO_MEMORY_64K] = vram_size >> 16;
}

static int register_number(u32 offset)
{
    u32 number = (offset - DISPI_REGISTERS_AT) / 2;

    return offset >= DISPI_REGISTERS_AT && !(offset & 1) && number < DISPI_REGISTERS ? number : -1;
}

u16 dispi_read(const struct dispi *dispi, u32 offset)
{
    int number = register_number(offset);

    return number < 0 ? 0 : dispi->registers[number];
}

void dispi_write(struct dispi *dispi, u32 offset, u16 value)
{
    int number = register_number(offset);

    if (number > DISPI_ID && number < DISPI_VIDEO_MEMORY_64K)
        dispi->registers[number] = value;
}

int dispi_scanout(const struct dispi *dispi, u32 vram_size, struct scanout *scanout)
{
    const u16 *registers = dispi->registers;
    u32 virtual_width = max(registers[DISPI_VIRT_WIDTH], registers[DISPI_XRES]);

    if (!(registers[DISPI_ENABLE] & DISPI_ENABLED) || registers[DISPI_BPP] != 8 * BYTES_PER_PIXEL ||
        registers[DISPI_XRES] < SMALLEST || registers[DISPI_YRES] < SMALLEST)
        return -ENODEV;
    scanout->width = registers[DISPI_XRES];
    scanout->height = registers[DISPI_YRES];
    scanout->stride = virtual_width * BYTES_PER_PIXEL;
    scanout->size = (u64)scanout->stride * scanout->height;
    scanout->offset = (u64)registers[DISPI_Y_OFFSET] * scanout->stride +
                      (u64)registers[DISPI_X_OFFSET] * BYTES_PER_PIXEL;
    return PAGE_ALIGNED(scanout->offset) && scanout->offset + scanout->size <= vram_size ? 0
                                                                                         : -EFAULT;
}
