// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stand-in for i915 on a machine without such a GPU: it puts a PCI device 8086:3e98 (Coffee Lake,
 * UHD Graphics 630) at 0000:00:02.0, with the regions and capabilities that the real one shows, and
 * binds to it under the name "i915". Nothing is behind the regions.
 *
 * The device exists in this module only: bus 0 gets configuration operations that answer for
 * 00:02.0 and pass on everything else.
 *
 * It carries the real name, as mdev names types after the driver. Never load it on a host with an
 * Intel GPU; it refuses where 00:02.0 is taken.
 */
#define pr_fmt(format) KBUILD_MODNAME ": " format

#include <linux/log2.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sizes.h>

#include "i915.h"

#define CONFIG_SIZE 4096

static bool enable_gvt;
module_param(enable_gvt, bool, 0400);
MODULE_PARM_DESC(enable_gvt, "Offer GVT-g (default: false)");

static unsigned int aperture_mb = 256;
module_param(aperture_mb, uint, 0444);
MODULE_PARM_DESC(aperture_mb, "Size of region 2 in MB, a power of two (default: 256)");

static unsigned int gtt_mb = 8;
module_param(gtt_mb, uint, 0444);
MODULE_PARM_DESC(gtt_mb, "Size of the GTT in MB as the firmware sets it: 2, 4 or 8 (default: 8)");

static u8 config[CONFIG_SIZE], writable[CONFIG_SIZE];
static struct pci_bus *host_bus;
static struct pci_ops *host_ops;
static struct pci_dev *gpu;

/* What the GPU of a Gigabyte board with a Coffee Lake processor has, region addresses aside. */
static const struct {
    u16 offset;
    u32 value;
} registers[] = {
    { PCI_VENDOR_ID, 0x3e988086 },
    { PCI_COMMAND, 0x00100000 }, /* has capabilities */
    { PCI_CLASS_REVISION, 0x03000002 },
    { PCI_SUBSYSTEM_VENDOR_ID, 0xd0001458 },
    { PCI_CAPABILITY_LIST, 0x40 },
    { PCI_INTERRUPT_LINE, 0x000001ff },
    { 0x40, 0x010c7009 }, /* vendor specific: 12 bytes, next 0x70 */
    { 0x44, 0x38b06179 },
    { 0x70, 0x0092ac10 }, /* PCI Express: root complex integrated endpoint, next 0xac */
    { 0x74, 0x10008000 },
    { 0xac, 0x0000d005 },  /* MSI, next 0xd0 */
    { 0xd0, 0x00220001 },  /* power management, the last */
    { 0x100, 0x2001001b }, /* PASID, next 0x200 */
    { 0x104, 0x00001400 },
    { 0x200, 0x3001000f }, /* ATS, next 0x300 */
    { 0x300, 0x00010013 }, /* page requests, the last */
    { 0x308, 0x00008000 },
};

static void put_u32(u8 *table, u32 offset, u32 value)
{
    memcpy(table + offset, &value, sizeof(value));
}

static void add_memory_region(int number, u64 size, u32 flags)
{
    u32 offset = PCI_BASE_ADDRESS_0 + 4 * number;
    u64 mask = ~(size - 1);

    put_u32(config, offset, flags | PCI_BASE_ADDRESS_MEM_TYPE_64);
    put_u32(writable, offset, lower_32_bits(mask));
    put_u32(writable, offset + 4, upper_32_bits(mask));
}

static void fill_config(void)
{
    u32 gmch = 0x01 | ilog2(gtt_mb) << I915_GMCH_GGMS_SHIFT | 0x100;
    int i;

    for (i = 0; i < ARRAY_SIZE(registers); i++)
        put_u32(config, registers[i].offset, registers[i].value);
    put_u32(config, I915_GMCH_CTRL, gmch);
    put_u32(writable, PCI_COMMAND,
            PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_INTX_DISABLE);
    put_u32(writable, PCI_INTERRUPT_LINE, 0xff);
    put_u32(writable, 0xac, PCI_MSI_FLAGS_ENABLE << 16);
    put_u32(writable, 0xd0 + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK);

    add_memory_region(0, SZ_16M, 0);
    add_memory_region(I915_APERTURE_BAR, (u64)aperture_mb << 20, PCI_BASE_ADDRESS_MEM_PREFETCH);
    put_u32(config, PCI_BASE_ADDRESS_4, PCI_BASE_ADDRESS_SPACE_IO);
    put_u32(writable, PCI_BASE_ADDRESS_4, 0xffc0); /* 64 ports */
}

static bool is_gpu(struct pci_bus *bus, unsigned int devfn)
{
    return bus == host_bus && devfn == I915_GPU_DEVFN;
}

static int read_config(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 *value)
{
    if (!is_gpu(bus, devfn))
        return host_ops->read(bus, devfn, where, size, value);
    *value = 0;
    if (where + size > CONFIG_SIZE)
        return PCIBIOS_BAD_REGISTER_NUMBER;
    memcpy(value, config + where, size);
    return PCIBIOS_SUCCESSFUL;
}

static int write_config(struct pci_bus *bus, unsigned int devfn, int where, int size, u32 value)
{
    int i;

    if (!is_gpu(bus, devfn))
        return host_ops->write(bus, devfn, where, size, value);
    if (where + size > CONFIG_SIZE)
        return PCIBIOS_BAD_REGISTER_NUMBER;
    for (i = 0; i < size; i++) {
        u8 mask = writable[where + i];

        config[where + i] = (config[where + i] & ~mask) | (value >> 8 * i & mask);
    }
    return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops own_ops = { .read = read_config, .write = write_config };

static void remove_gpu(void)
{
    pci_lock_rescan_remove();
    if (gpu)
        pci_stop_and_remove_bus_device(gpu);
    pci_bus_set_ops(host_bus, host_ops);
    pci_unlock_rescan_remove();
}

/* As firmware would: without addresses the regions are no regions. */
static int assign_regions(void)
{
    static const int regions[] = { 0, I915_APERTURE_BAR, 4 };
    int i, status;

    for (i = 0; i < ARRAY_SIZE(regions); i++) {
        status = pci_assign_resource(gpu, regions[i]);
        if (status)
            return status;
    }
    return 0;
}

static int add_gpu(void)
{
    struct pci_dev *other;
    int status = 0;

    host_bus = pci_find_bus(0, 0);
    if (!host_bus)
        return -ENODEV;
    other = pci_get_slot(host_bus, I915_GPU_DEVFN);
    if (other) {
        pr_err("0000:00:02.0 is taken by another device\n");
        pci_dev_put(other);
        return -EBUSY;
    }
    pci_lock_rescan_remove();
    host_ops = host_bus->ops; /* read_config needs it as soon as it is in place */
    pci_bus_set_ops(host_bus, &own_ops);
    gpu = pci_scan_single_device(host_bus, I915_GPU_DEVFN);
    if (gpu) {
        status = assign_regions();
        pci_bus_add_device(gpu);
    }
    pci_unlock_rescan_remove();
    if (!gpu || status) {
        remove_gpu();
        return gpu ? status : -ENODEV;
    }
    return 0;
}

static int probe_gpu(struct pci_dev *pdev, const struct pci_device_id *id)
{
    int status = pcim_enable_device(pdev);

    if (status)
        return status;
    pci_set_master(pdev);
    return 0;
}

static const struct pci_device_id ids[] = { { PCI_DEVICE(PCI_VENDOR_ID_INTEL, 0x3e98) }, {} };
MODULE_DEVICE_TABLE(pci, ids);

static struct pci_driver driver = { .name = "i915", .id_table = ids, .probe = probe_gpu };

bool i915_gvt_enabled(void)
{
    return enable_gvt;
}
EXPORT_SYMBOL_GPL(i915_gvt_enabled);

static int __init i915_init(void)
{
    int status;

    if (!is_power_of_2(aperture_mb) || aperture_mb > 4096) {
        pr_err("aperture_mb=%u is not a power of two up to 4096\n", aperture_mb);
        return -EINVAL;
    }
    if (gtt_mb != 2 && gtt_mb != 4 && gtt_mb != 8) {
        pr_err("gtt_mb=%u is not 2, 4 or 8\n", gtt_mb);
        return -EINVAL;
    }
    fill_config();
    status = add_gpu();
    if (status)
        return status;
    status = pci_register_driver(&driver);
    if (status)
        remove_gpu();
    return status;
}

static void __exit i915_exit(void)
{
    pci_unregister_driver(&driver);
    remove_gpu();
}

module_init(i915_init);
module_exit(i915_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A PCI device that looks like an Intel GPU, for tests of vgpuctl");
