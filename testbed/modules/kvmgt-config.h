/* SPDX-License-Identifier: GPL-2.0-only */
/* The PCI configuration space that a VM sees: 1234:1111, which the guest's bochs-drm drives. */
#pragma once

#include <linux/types.h>

#define CONFIG_SIZE 256

/* Its size as region 0 tells it, a power of two. */
void config_init(u8 *config, u32 vram_size);
/* Changes only the bits that a driver can change; the addresses of the regions are among them. */
void config_write(u8 *config, u32 vram_size, u32 offset, const void *data, unsigned int count);
