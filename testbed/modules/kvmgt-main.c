// SPDX-License-Identifier: GPL-2.0-only
/*
 * Looks like kvmgt of Linux 6.1 (drivers/gpu/drm/i915/gvt) to who reads sysfs and opens a vGPU: the
 * types of the GPU at 0000:00:02.0 with their names, descriptions and counts, what creating and
 * removing one answers, and the conditions of opening one. Here are the module, the types and the
 * life of a vGPU; kvmgt.h says what it is to a VM.
 *
 * Other than the real one: `remove` of a vGPU in use waits for its user (the real one warns, too),
 * and all host memory that its graphics would take is not taken.
 */
#define pr_fmt(format) "gvt: " format

#include <linux/kprobes.h>
#include <linux/kvm_host.h>
#include <linux/mdev.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio.h>

#include "i915.h"
#include "kvmgt.h"

static int inject_create_errno;
module_param(inject_create_errno, int, 0644);
MODULE_PARM_DESC(inject_create_errno,
                 "Creating a vGPU fails with this errno (default: 0, it works)");

static int inject_remove_errno;
module_param(inject_remove_errno, int, 0644);
MODULE_PARM_DESC(inject_remove_errno, "Writing to `remove` of any mdev fails with this errno");

struct vgpu_type {
    struct mdev_type type;
    char name[16];
    const struct vgpu_config *config;
};

static DEFINE_MUTEX(lock); /* the budget, the list and who is attached */
static LIST_HEAD(vgpus);
static DEFINE_IDA(ids);
static struct budget budget;
static struct pci_dev *gpu;

static struct vgpu_type types[VGPU_TYPES];
static struct mdev_type *mdev_types[VGPU_TYPES];
static struct mdev_parent parent;
static bool has_parent;

/* --- the life of one --- */

static int vgpu_init(struct vfio_device *vfio)
{
    struct vgpu *vgpu = to_vgpu(vfio);
    struct mdev_device *mdev = to_mdev_device(vfio->dev);
    struct vgpu_type *type = container_of(mdev->type, struct vgpu_type, type);
    int status;

    vgpu->type = type->config;
    vgpu->id = ida_alloc_range(&ids, 1, VGPU_MOST_IDS, GFP_KERNEL);
    if (vgpu->id < 0)
        return vgpu->id;
    mutex_lock(&lock);
    status = budget_take(&budget, type->config);
    if (!status)
        list_add_tail(&vgpu->link, &vgpus);
    mutex_unlock(&lock);
    if (status) {
        ida_free(&ids, vgpu->id);
        pr_err("failed to create intel vgpu: %d\n", status);
        return status;
    }
    mutex_init(&vgpu->lock);
    edid_init(&vgpu->edid, type->config->width, type->config->height);
    return 0;
}

static void vgpu_release(struct vfio_device *vfio)
{
    struct vgpu *vgpu = to_vgpu(vfio);

    mutex_lock(&lock);
    list_del(&vgpu->link);
    budget_give_back(&budget, vgpu->type);
    mutex_unlock(&lock);
    ida_free(&ids, vgpu->id);
    vfio_free_device(vfio);
}

/* A VM has at most one: the kernel tracks the pages of one for each. */
static bool vm_has_one(struct kvm *kvm)
{
    struct vgpu *other;

    list_for_each_entry (other, &vgpus, link)
        if (other->attached && other->vfio.kvm == kvm)
            return true;
    return false;
}

/* -EEXIST as the real one. */
static int attach(struct vgpu *vgpu)
{
    int status = 0;

    mutex_lock(&lock);
    if (vgpu->attached || vm_has_one(vgpu->vfio.kvm))
        status = -EEXIST;
    else
        vgpu->attached = true;
    mutex_unlock(&lock);
    return status;
}

static void detach(struct vgpu *vgpu)
{
    mutex_lock(&lock);
    vgpu->attached = false;
    mutex_unlock(&lock);
}

/* VFIO calls it for the first descriptor of a vGPU, and vgpu_close() for the last one. */
static int vgpu_open(struct vfio_device *vfio)
{
    struct vgpu *vgpu = to_vgpu(vfio);
    int status;

    if (!vfio->kvm || vfio->kvm->mm != current->mm) {
        pr_err("vgpu %d: KVM is required to use Intel vGPU\n", vgpu->id);
        return -ESRCH;
    }
    status = attach(vgpu);
    if (status)
        return status;
    vgpu->vram = vram_new(vgpu->type->vram_size);
    if (!vgpu->vram) {
        detach(vgpu);
        return -ENOMEM;
    }
    vgpu_reset(vgpu);
    kvm_get_kvm(vfio->kvm);
    return 0;
}

static void vgpu_close(struct vfio_device *vfio)
{
    struct vgpu *vgpu = to_vgpu(vfio);

    planes_forget(&vgpu->planes);
    vram_put(vgpu->vram);
    detach(vgpu);
    kvm_put_kvm(vfio->kvm);
}

static const struct vfio_device_ops vgpu_ops = {
    .name = "intel-vgpu",
    .init = vgpu_init,
    .release = vgpu_release,
    .open_device = vgpu_open,
    .close_device = vgpu_close,
    .read = vgpu_read,
    .write = vgpu_write,
    .mmap = vgpu_mmap,
    .ioctl = vgpu_ioctl,
};

/* --- what mdev asks --- */

static int probe(struct mdev_device *mdev)
{
    struct vgpu *vgpu;
    int status;

    if (inject_create_errno)
        return -inject_create_errno;
    vgpu = vfio_alloc_device(vgpu, vfio, &mdev->dev, &vgpu_ops);
    if (IS_ERR(vgpu))
        return PTR_ERR(vgpu);
    dev_set_drvdata(&mdev->dev, vgpu);
    status = vfio_register_emulated_iommu_dev(&vgpu->vfio);
    if (status)
        vfio_put_device(&vgpu->vfio);
    return status;
}

static void remove(struct mdev_device *mdev)
{
    struct vgpu *vgpu = dev_get_drvdata(&mdev->dev);

    vfio_unregister_group_dev(&vgpu->vfio);
    vfio_put_device(&vgpu->vfio);
}

static unsigned int get_available(struct mdev_type *mdev_type)
{
    unsigned int available;

    mutex_lock(&lock);
    available = budget_available(&budget, container_of(mdev_type, struct vgpu_type, type)->config);
    mutex_unlock(&lock);
    return available;
}

static ssize_t show_description(struct mdev_type *mdev_type, char *text)
{
    const struct vgpu_config *config = container_of(mdev_type, struct vgpu_type, type)->config;

    return sprintf(
        text, "low_gm_size: %uMB\nhigh_gm_size: %uMB\nfence: %u\nresolution: %ux%u\nweight: %u\n",
        config->low_mb, config->high_mb, config->fences, config->width, config->height,
        config->weight);
}

static ssize_t vgpu_id_show(struct device *device, struct device_attribute *attribute, char *text)
{
    struct vgpu *vgpu = dev_get_drvdata(device);

    return sprintf(text, "%d\n", vgpu->id);
}
static DEVICE_ATTR_RO(vgpu_id);

static struct attribute *attributes[] = { &dev_attr_vgpu_id.attr, NULL };
static const struct attribute_group group = { .name = "intel_vgpu", .attrs = attributes };
static const struct attribute_group *groups[] = { &group, NULL };

static struct mdev_driver driver = {
    .device_api = VFIO_DEVICE_API_PCI_STRING,
    .driver =
        {
            .name = "intel_vgpu_mdev",
            .owner = THIS_MODULE,
            .dev_groups = groups,
        },
    .probe = probe,
    .remove = remove,
    .get_available = get_available,
    .show_description = show_description,
};

/*
 * The driver's callback cannot refuse a removal since 5.19; older kernels and other drivers can. So
 * the file's store function returns at once, by the means of override_function_with_return(), which
 * is not exported: a return instruction in place of the function.
 */
void return_at_once(void);
asm(".pushsection .text\n"
    ".type return_at_once, @function\n"
    "return_at_once:\n" ASM_ENDBR ASM_RET ".size return_at_once, . - return_at_once\n"
    ".popsection\n");

static int refuse_removal(struct kprobe *probe, struct pt_regs *regs)
{
    if (!inject_remove_errno)
        return 0;
    regs_set_return_value(regs, -inject_remove_errno);
    instruction_pointer_set(regs, (unsigned long)return_at_once);
    return 1;
}

static struct kprobe removal = { .symbol_name = "mdev:remove_store",
                                 .pre_handler = refuse_removal };

static int register_types(void)
{
    int i;

    for (i = 0; i < VGPU_TYPES && budget_offers(&budget, &vgpu_configs[i]); i++) {
        snprintf(types[i].name, sizeof(types[i].name), "GVTg_V5_%s", vgpu_configs[i].suffix);
        types[i].config = &vgpu_configs[i];
        types[i].type.sysfs_name = types[i].name;
        mdev_types[i] = &types[i].type;
    }
    return mdev_register_parent(&parent, &gpu->dev, &driver, mdev_types, i);
}

static int __init kvmgt_init(void)
{
    int status = mdev_register_driver(&driver);

    if (status)
        return status;
    status = register_kprobe(&removal);
    if (status)
        goto no_probe;
    if (!i915_gvt_enabled())
        return 0; /* loads all the same, and offers nothing */
    status = -ENODEV;
    gpu = pci_get_domain_bus_and_slot(0, 0, I915_GPU_DEVFN);
    if (!gpu)
        goto no_gpu;
    budget_init(&budget, gpu);
    status = register_types();
    if (status)
        goto no_types;
    has_parent = true;
    return 0;

no_types:
    pci_dev_put(gpu);
no_gpu:
    unregister_kprobe(&removal);
no_probe:
    mdev_unregister_driver(&driver);
    return status;
}

static void __exit kvmgt_exit(void)
{
    if (has_parent) {
        mdev_unregister_parent(&parent);
        pci_dev_put(gpu);
    }
    unregister_kprobe(&removal);
    mdev_unregister_driver(&driver);
    ida_destroy(&ids);
}

module_init(kvmgt_init);
module_exit(kvmgt_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("vGPUs that look like those of GVT-g, for tests of vgpuctl");
