/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-regions.h"

#include <pci/pci.h>
#include <stdio.h>

#define ROM_INDEX 6
#define IORESOURCE_ROM_ENABLE 1 /* include/linux/ioport.h */

typedef struct {
    guint64 start, size, flags;
} Resource;

/* Like lspci: a start without a size (an unassigned BAR) still is a resource. */
static gboolean parse_line(const char *line, Resource *ret_resource)
{
    guint64 start, end, flags;
    if (sscanf(line, "%" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x %" G_GINT64_MODIFIER "x",
               &start, &end, &flags) != 3)
        return FALSE;
    ret_resource->start = start;
    ret_resource->size = end > start ? end - start + 1 : 0;
    ret_resource->flags = flags;
    return TRUE;
}

static gboolean decodes(const PciConfig *config, guint bit)
{
    int command = pci_config_word(config, PCI_COMMAND);
    return command < 0 || (command & (int)bit) != 0;
}

static void read_bar(PciRegion *region, const Resource *resource, const PciConfig *config)
{
    gboolean io = (resource->flags & PCI_IORESOURCE_IO) != 0;
    guint offset = PCI_BASE_ADDRESS_0 + 4 * (guint)region->index;
    region->kind = io ? PCI_REGION_IO : PCI_REGION_MEMORY;
    region->wide = (resource->flags & PCI_IORESOURCE_MEM_64) != 0;
    region->prefetchable = (resource->flags & PCI_IORESOURCE_PREFETCH) != 0;
    region->disabled = !decodes(config, io ? PCI_COMMAND_IO : PCI_COMMAND_MEMORY);
    region->bar = pci_config_long(config, offset);
    if (region->wide && region->index < ROM_INDEX - 1)
        region->bar |= (guint64)pci_config_long(config, offset + 4) << 32;
}

/*
 * The kernel reports the copy of the video BIOS at 0xc0000 as the ROM of the boot display
 * (IORESOURCE_ROM_SHADOW); the register of the device itself is empty then.
 */
static void read_rom(PciRegion *region, const Resource *resource, const PciConfig *config)
{
    guint32 rom = pci_config_long(config, PCI_ROM_ADDRESS);
    region->kind = PCI_REGION_ROM;
    region->bar = rom;
    region->virtual_rom =
        config->header_read && resource->start != 0 && (rom & PCI_ROM_ADDRESS_MASK) == 0;
    region->rom_enabled = region->virtual_rom || !config->header_read
                              ? (resource->flags & IORESOURCE_ROM_ENABLE) != 0
                              : (rom & PCI_ROM_ADDRESS_ENABLE) != 0;
    region->disabled =
        !region->rom_enabled || (!region->virtual_rom && !decodes(config, PCI_COMMAND_MEMORY));
}

static gboolean exists(const Resource *resource, const PciRegion *region)
{
    const guint64 types = PCI_IORESOURCE_IO | PCI_IORESOURCE_MEM;
    return resource->start != 0 || resource->size != 0 || (resource->flags & types) != 0 ||
           (region->kind == PCI_REGION_ROM && region->bar != 0);
}

GPtrArray *pci_regions_parse(const char *resource, const PciConfig *config)
{
    GPtrArray *regions = g_ptr_array_new();
    g_auto(GStrv) lines = g_strsplit(resource, "\n", -1);
    for (int i = 0; i <= ROM_INDEX && lines[i] != NULL; i++) {
        Resource parsed;
        if (!parse_line(lines[i], &parsed))
            break;
        PciRegion *region = record_new(&pci_region_type);
        region->index = i;
        region->start = parsed.start;
        region->size_bytes = parsed.size;
        if (i == ROM_INDEX)
            read_rom(region, &parsed, config);
        else
            read_bar(region, &parsed, config);
        if (exists(&parsed, region))
            g_ptr_array_add(regions, region);
        else
            record_free(&pci_region_type, region);
    }
    return regions;
}
