// SPDX-License-Identifier: GPL-2.0-only
/* What a VM can do with its vGPU: its regions and the calls of <linux/vfio.h>. */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/pci_ids.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>

#include "kvmgt.h"

#define REGION_SHIFT 40 /* the number of the region is above it in an offset */
#define REGION_OFFSET(region) ((u64)(region) << REGION_SHIFT)
#define OPREGION_SIZE SZ_8K

/* --- regions --- */

static int access_vram(struct vgpu *vgpu, u32 offset, void *data, unsigned int count, bool is_write)
{
    return vram_access(vgpu->vram, offset, data, count, is_write);
}

static int access_registers(struct vgpu *vgpu, u32 offset, void *data, unsigned int count,
                            bool is_write)
{
    u16 *value = data;

    if (offset < DISPI_REGISTERS_AT && !is_write)
        edid_read_by_guest(&vgpu->edid, offset, data, count);
    else if (count == sizeof(*value) && is_write)
        dispi_write(&vgpu->dispi, offset, *value);
    else if (count == sizeof(*value))
        *value = dispi_read(&vgpu->dispi, offset);
    return 0;
}

static int access_config(struct vgpu *vgpu, u32 offset, void *data, unsigned int count,
                         bool is_write)
{
    if (is_write)
        config_write(vgpu->config, vgpu->type->vram_size, offset, data, count);
    else
        memcpy(data, vgpu->config + offset, count);
    return 0;
}

/* Intel's ACPI OpRegion: its signature and its size in KiB, and no mailbox. */
static int access_opregion(struct vgpu *vgpu, u32 offset, void *data, unsigned int count,
                           bool is_write)
{
    static const u8 beginning[20] = "IntelGraphicsMem\x08";
    unsigned int i;

    for (i = 0; i < count; i++)
        ((u8 *)data)[i] = offset + i < sizeof(beginning) ? beginning[offset + i] : 0;
    return 0;
}

static int access_edid(struct vgpu *vgpu, u32 offset, void *data, unsigned int count, bool is_write)
{
    return edid_access(&vgpu->edid, offset, data, count, is_write);
}

#define READ_WRITE (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)

/* An access is of 1, 2 or 4 bytes, aligned; `type` and `subtype` are those of the capability that
 * tells what a region behind the standard ones is. */
static const struct region {
    u32 size; /* 0: as the type has video memory */
    u32 flags;
    u32 type, subtype;
    int (*access)(struct vgpu *vgpu, u32 offset, void *data, unsigned int count, bool is_write);
} regions[KVMGT_REGIONS] = {
    [VFIO_PCI_BAR0_REGION_INDEX] = { 0, READ_WRITE | VFIO_REGION_INFO_FLAG_MMAP,
                                     .access = access_vram },
    [VFIO_PCI_BAR2_REGION_INDEX] = { DISPI_REGION_SIZE, READ_WRITE, .access = access_registers },
    [VFIO_PCI_CONFIG_REGION_INDEX] = { CONFIG_SIZE, READ_WRITE, .access = access_config },
    [KVMGT_OPREGION_INDEX] = { OPREGION_SIZE, VFIO_REGION_INFO_FLAG_READ,
                               VFIO_REGION_TYPE_PCI_VENDOR_TYPE | PCI_VENDOR_ID_INTEL,
                               VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, access_opregion },
    [KVMGT_EDID_INDEX] = { EDID_REGION_SIZE, READ_WRITE, VFIO_REGION_TYPE_GFX,
                           VFIO_REGION_SUBTYPE_GFX_EDID, access_edid },
};

static u32 region_size(const struct vgpu *vgpu, const struct region *region)
{
    return region->access && !region->size ? vgpu->type->vram_size : region->size;
}

/* NULL unless all of it is in a region that allows it. */
static const struct region *find_region(const struct vgpu *vgpu, u64 at, size_t count, u32 flag)
{
    u64 number = at >> REGION_SHIFT, offset = at - REGION_OFFSET(number);
    const struct region *region = &regions[min_t(u64, number, KVMGT_REGIONS - 1)];
    u32 size = region_size(vgpu, region);

    if (number >= KVMGT_REGIONS || !(region->flags & flag) || offset > size ||
        count > size - offset)
        return NULL;
    return region;
}

static unsigned int piece_size(loff_t at, size_t count)
{
    if (count >= 4 && !(at & 3))
        return 4;
    return count >= 2 && !(at & 1) ? 2 : 1;
}

/* As the real one, which says EFAULT for all that an access can fail with. */
static ssize_t transfer(struct vgpu *vgpu, char __user *buffer, size_t count, loff_t *at,
                        bool is_write)
{
    u32 flag = is_write ? VFIO_REGION_INFO_FLAG_WRITE : VFIO_REGION_INFO_FLAG_READ;
    const struct region *region = find_region(vgpu, *at, count, flag);
    size_t done, size;

    if (!region)
        return -EFAULT;
    for (done = 0; done < count; done += size, *at += size) {
        u32 data = 0, offset = *at & (REGION_OFFSET(1) - 1);
        int status;

        size = piece_size(*at, count - done);
        if (is_write && copy_from_user(&data, buffer + done, size))
            return -EFAULT;
        mutex_lock(&vgpu->lock);
        status = region->access(vgpu, offset, &data, size, is_write);
        mutex_unlock(&vgpu->lock);
        if (status || (!is_write && copy_to_user(buffer + done, &data, size)))
            return -EFAULT;
    }
    return done;
}

ssize_t vgpu_read(struct vfio_device *vfio, char __user *buffer, size_t count, loff_t *at)
{
    return transfer(to_vgpu(vfio), buffer, count, at, false);
}

ssize_t vgpu_write(struct vfio_device *vfio, const char __user *buffer, size_t count, loff_t *at)
{
    return transfer(to_vgpu(vfio), (char __user *)buffer, count, at, true);
}

/* --- the video memory, mapped --- */

#define REGION_PAGES (REGION_OFFSET(1) >> PAGE_SHIFT)

/* The mapping keeps the vGPU open, and so its video memory. */
static vm_fault_t fault_vram(struct vm_fault *fault)
{
    return vram_fault(fault->vma->vm_private_data, fault, fault->pgoff & (REGION_PAGES - 1));
}

static const struct vm_operations_struct vram_vm_ops = { .fault = fault_vram };

int vgpu_mmap(struct vfio_device *vfio, struct vm_area_struct *vma)
{
    struct vgpu *vgpu = to_vgpu(vfio);
    u64 at = (u64)vma->vm_pgoff << PAGE_SHIFT;

    if (!(vma->vm_flags & VM_SHARED) ||
        !find_region(vgpu, at, vma->vm_end - vma->vm_start, VFIO_REGION_INFO_FLAG_MMAP))
        return -EINVAL;
    vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP;
    vma->vm_ops = &vram_vm_ops;
    vma->vm_private_data = vgpu->vram;
    return 0;
}

/* --- calls --- */

static long get_device_info(void __user *argument)
{
    struct vfio_device_info info = {
        .argsz = sizeof(info),
        .flags = VFIO_DEVICE_FLAGS_PCI | VFIO_DEVICE_FLAGS_RESET,
        .num_regions = KVMGT_REGIONS,
        .num_irqs = VFIO_PCI_NUM_IRQS,
    };

    return copy_to_user(argument, &info, offsetofend(struct vfio_device_info, num_irqs)) ? -EFAULT
                                                                                         : 0;
}

/* A caller that has no room for the capability learns how much it needs. */
static long get_region_info(const struct vgpu *vgpu, void __user *argument)
{
    struct {
        struct vfio_region_info info;
        struct vfio_region_info_cap_type what;
    } answer = {};
    size_t length = sizeof(answer.info);
    const struct region *region;

    if (copy_from_user(&answer.info, argument, sizeof(answer.info)))
        return -EFAULT;
    if (answer.info.argsz < sizeof(answer.info) || answer.info.index >= KVMGT_REGIONS)
        return -EINVAL;
    region = &regions[answer.info.index];
    answer.info.offset = REGION_OFFSET(answer.info.index);
    answer.info.size = region_size(vgpu, region);
    answer.info.flags = region->flags;
    answer.info.cap_offset = 0;
    if (region->type) {
        answer.info.flags |= VFIO_REGION_INFO_FLAG_CAPS;
        answer.what.header.id = VFIO_REGION_INFO_CAP_TYPE;
        answer.what.header.version = 1;
        answer.what.type = region->type;
        answer.what.subtype = region->subtype;
        if (answer.info.argsz >= sizeof(answer)) {
            answer.info.cap_offset = sizeof(answer.info);
            length = sizeof(answer);
        }
        answer.info.argsz = sizeof(answer);
    }
    return copy_to_user(argument, &answer, length) ? -EFAULT : 0;
}

/* The display raises none; those that the real one has are there all the same. */
static long get_irq_info(void __user *argument)
{
    struct vfio_irq_info info;

    if (copy_from_user(&info, argument, sizeof(info)))
        return -EFAULT;
    if (info.argsz < sizeof(info) ||
        (info.index != VFIO_PCI_INTX_IRQ_INDEX && info.index != VFIO_PCI_MSI_IRQ_INDEX))
        return -EINVAL;
    info.flags = 0;
    info.count = 0;
    return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

void vgpu_reset(struct vgpu *vgpu)
{
    mutex_lock(&vgpu->lock);
    config_init(vgpu->config, vgpu->type->vram_size);
    dispi_reset(&vgpu->dispi, vgpu->type->vram_size);
    mutex_unlock(&vgpu->lock);
}

static long query_plane(struct vgpu *vgpu, void __user *argument)
{
    const size_t size = offsetofend(struct vfio_device_gfx_plane_info, dmabuf_id);
    struct vfio_device_gfx_plane_info info = {};
    struct scanout scanout;
    int status;

    if (copy_from_user(&info, argument, size))
        return -EFAULT;
    if (info.argsz < size)
        return -EINVAL;
    mutex_lock(&vgpu->lock);
    status = dispi_scanout(&vgpu->dispi, vgpu->type->vram_size, &scanout);
    if (!status || status == -ENODEV)
        status = planes_query(&vgpu->planes, status ? NULL : &scanout, &info);
    mutex_unlock(&vgpu->lock);
    if (status)
        return status;
    return copy_to_user(argument, &info, size) ? -EFAULT : 0;
}

static long get_dmabuf(struct vgpu *vgpu, void __user *argument)
{
    struct scanout scanout;
    int status;
    u32 id;

    if (get_user(id, (u32 __user *)argument))
        return -EFAULT;
    mutex_lock(&vgpu->lock);
    status = planes_find(&vgpu->planes, id, &scanout);
    mutex_unlock(&vgpu->lock);
    return status ? status : plane_export(vgpu->vram, &scanout);
}

long vgpu_ioctl(struct vfio_device *vfio, unsigned int command, unsigned long argument)
{
    struct vgpu *vgpu = to_vgpu(vfio);
    void __user *pointer = (void __user *)argument;

    switch (command) {
    case VFIO_DEVICE_GET_INFO:
        return get_device_info(pointer);
    case VFIO_DEVICE_GET_REGION_INFO:
        return get_region_info(vgpu, pointer);
    case VFIO_DEVICE_GET_IRQ_INFO:
        return get_irq_info(pointer);
    case VFIO_DEVICE_SET_IRQS:
        return -EINVAL;
    case VFIO_DEVICE_RESET:
        vgpu_reset(vgpu);
        return 0;
    case VFIO_DEVICE_QUERY_GFX_PLANE:
        return query_plane(vgpu, pointer);
    case VFIO_DEVICE_GET_GFX_DMABUF:
        return get_dmabuf(vgpu, pointer);
    }
    return -ENOTTY;
}
