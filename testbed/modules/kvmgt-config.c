// SPDX-License-Identifier: GPL-2.0-only
#include "kvmgt-config.h"

#include <linux/pci.h>
#include <linux/string.h>

#include "kvmgt-dispi.h"

#define BOCHS_DEVICE 0x11111234
#define BOCHS_REVISION 1 /* from 2 on there are registers at 0x600 */

static void put_u32(u8 *table, u32 offset, u32 value)
{
    memcpy(table + offset, &value, sizeof(value));
}

void config_init(u8 *config, u32 vram_size)
{
    memset(config, 0, CONFIG_SIZE);
    put_u32(config, PCI_VENDOR_ID, BOCHS_DEVICE);
    put_u32(config, PCI_CLASS_REVISION, PCI_CLASS_DISPLAY_OTHER << 16 | BOCHS_REVISION);
    put_u32(config, PCI_SUBSYSTEM_VENDOR_ID,
            PCI_SUBDEVICE_ID_QEMU << 16 | PCI_SUBVENDOR_ID_REDHAT_QUMRANET);
    put_u32(config, PCI_BASE_ADDRESS_0, PCI_BASE_ADDRESS_MEM_PREFETCH);
}

static u32 writable_bits(u32 offset, u32 vram_size)
{
    switch (offset) {
    case PCI_COMMAND:
        return PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER;
    case PCI_BASE_ADDRESS_0:
        return ~(vram_size - 1);
    case PCI_BASE_ADDRESS_2:
        return ~(DISPI_REGION_SIZE - 1);
    }
    return 0;
}

void config_write(u8 *config, u32 vram_size, u32 offset, const void *data, unsigned int count)
{
    unsigned int i;

    for (i = 0; i < count; i++, offset++) {
        u8 mask = writable_bits(offset & ~3, vram_size) >> 8 * (offset & 3);

        config[offset] = (config[offset] & ~mask) | (((const u8 *)data)[i] & mask);
    }
}
