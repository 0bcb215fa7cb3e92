/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the regions of display devices are for. Sources: drivers/gpu/drm/i915/i915_reg.h and
 * intel_pci_config.h (GTTMMADR_BAR, GFXMEM_BAR, GEN12_LMEM_BAR), nouveau's nvkm (BAR0 registers,
 * BAR1 and BAR3 windows into video memory), amdgpu_device.c (register BAR 5 since Bonaire, 2
 * before; doorbells 2), and the device models of QEMU: hw/display/vga-pci.c, qxl.c, virtio-vga.c,
 * virtio-gpu-pci.c, vmware_vga.c, cirrus_vga.c.
 */
#include "host/pci-regions.h"

#define ANY_DEVICE (-1)
#define SHARED_MEMORY_LEAST (1u << 20)

typedef struct {
    int vendor, device;
    const char *purposes[6];
} Purposes;

static const Purposes table[] = {
    { 0x8086,
      ANY_DEVICE,
      { [0] = "registers and GTT (GTTMMADR)", [4] = "registers (legacy I/O)" } },
    { 0x10de,
      ANY_DEVICE,
      { "registers (MMIO)", "video memory aperture", NULL, "instance memory (RAMIN)", NULL,
        "registers (legacy I/O)" } },
    { 0x1002,
      ANY_DEVICE,
      { [0] = "video memory aperture", [4] = "registers (legacy I/O)", [5] = "registers (MMIO)" } },
    { 0x1234, 0x1111, { [0] = "framebuffer", [2] = "registers (Bochs DISPI, MMIO)" } },
    { 0x1b36,
      0x0100,
      { "QXL memory (framebuffer and commands)", "QXL video memory", "QXL device ROM",
        "registers (I/O)", "QXL video memory (64-bit)" } },
    { 0x1a03, ANY_DEVICE, { "framebuffer", "registers (MMIO)", "registers (relocated I/O)" } },
    { 0x15ad, 0x0405, { "registers (I/O)", "framebuffer", "command FIFO" } },
    { 0x1013, 0x00b8, { "framebuffer", "registers (MMIO)" } },
    { 0x102b, ANY_DEVICE, { "framebuffer", "registers (MMIO)", "pixel data window (ILOAD)" } },
};

/* Meteor Lake, Arrow Lake (7dxx), Lunar Lake (64xx), Panther Lake (b0xx): no aperture any more. */
static gboolean has_no_aperture(int device)
{
    int family = device & 0xff00;
    return family == 0x7d00 || family == 0x6400 || family == 0xb000;
}

static const char *intel_memory(const Gpu *gpu)
{
    if (!g_str_has_suffix(gpu->bdf, ":00:02.0"))
        return "local memory (LMEM)";
    return has_no_aperture(gpu->device_id) ? "stolen memory (LMEM)" : "graphics aperture (GMADR)";
}

/* virtio puts its registers where the device model left room; the capabilities that would say so
 * are for root. The window of blob resources is the only large one that is not a framebuffer. */
static const char *virtio_gpu(const Gpu *gpu, const PciRegion *region)
{
    gboolean vga = gpu->class_id == 0x0300;
    switch (region->index) {
    case 0:
        return vga ? "framebuffer" : NULL;
    case 1:
        return "MSI-X table";
    case 2:
        return "virtio registers";
    case 4:
        if (region->size_bytes >= SHARED_MEMORY_LEAST)
            return "host-visible memory (blob resources)";
        return vga ? "MSI-X table" : "virtio registers";
    default:
        return NULL;
    }
}

const char *pci_region_purpose(const Gpu *gpu, const PciRegion *region)
{
    if (region->kind == PCI_REGION_ROM)
        return region->virtual_rom ? "video BIOS, the copy in memory" : "video BIOS";
    if (gpu->vendor_id == 0x1af4 && gpu->device_id == 0x1050)
        return virtio_gpu(gpu, region);
    if (gpu->vendor_id == 0x8086 && region->index == 2)
        return intel_memory(gpu);
    if (gpu->vendor_id == 0x1002 && region->index == 2)
        return gpu_find_region(gpu, 5) != NULL ? "doorbells" : "registers (MMIO)";
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++)
        if (table[i].vendor == gpu->vendor_id &&
            (table[i].device == ANY_DEVICE || table[i].device == gpu->device_id))
            return region->index < 6 ? table[i].purposes[region->index] : NULL;
    return NULL;
}
