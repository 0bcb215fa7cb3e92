/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vGPU of the look-alike. On the host it has the names and the answers of GVT-g; the device that
 * a VM sees is the display of QEMU's "bochs-display" (docs/specs/standard-vga.txt): region 0 is
 * video memory, region 2 are registers.
 */
#pragma once

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/vfio.h>

#include "kvmgt-budget.h"
#include "kvmgt-config.h"
#include "kvmgt-dispi.h"
#include "kvmgt-edid.h"
#include "kvmgt-plane.h"
#include "kvmgt-vram.h"

/* Behind the regions that all PCI devices have, in the order of the real one. */
enum {
    KVMGT_OPREGION_INDEX = VFIO_PCI_NUM_REGIONS,
    KVMGT_EDID_INDEX,
    KVMGT_REGIONS,
};

struct vgpu {
    struct vfio_device vfio;
    const struct vgpu_config *type;
    struct list_head link;
    int id; /* from 1, as in intel_vgpu/vgpu_id */
    bool attached;

    struct mutex lock; /* of what follows; never held while user memory is touched */
    u8 config[CONFIG_SIZE];
    struct dispi dispi;
    struct edid edid;
    struct planes planes;
    struct vram *vram; /* while it is open: each VM starts with an empty one */
};

static inline struct vgpu *to_vgpu(struct vfio_device *vfio)
{
    return container_of(vfio, struct vgpu, vfio);
}

/* kvmgt-vfio.c: what the VM can do with it; vgpu_reset() is what VFIO_DEVICE_RESET does, too */
void vgpu_reset(struct vgpu *vgpu);
ssize_t vgpu_read(struct vfio_device *vfio, char __user *buffer, size_t count, loff_t *at);
ssize_t vgpu_write(struct vfio_device *vfio, const char __user *buffer, size_t count, loff_t *at);
int vgpu_mmap(struct vfio_device *vfio, struct vm_area_struct *vma);
long vgpu_ioctl(struct vfio_device *vfio, unsigned int command, unsigned long argument);
