// SPDX-License-Identifier: GPL-2.0-only
/*
 * A DRM device without a screen, /dev/dri/cardN, that maps what it imports: what stands for the GPU
 * that reads a vGPU's picture. A program imports the dma-buf and maps the handle; so does Mesa's
 * kms_swrast, by which QEMU's egl-headless draws it. Neither vgem nor udl serves: the kernel's
 * drm_gem_dumb_map_offset() refuses imported buffers.
 *
 * The pages are mapped here and not by the exporter, as in a GPU with an aperture. So it works,
 * too, where the dma-buf itself refuses to be mapped.
 */
#include <linux/dma-mapping.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <drm/drm_drv.h>
#include <drm/drm_file.h>
#include <drm/drm_gem_shmem_helper.h>

static struct platform_device *platform;
static struct drm_device *drm;

static const struct vm_operations_struct import_vm_ops = {
    .open = drm_gem_vm_open,
    .close = drm_gem_vm_close,
};

/* drm_gem_mmap() lets only a mapping of all of it come here, or of its beginning. */
static int map_import(struct drm_gem_shmem_object *shmem, struct vm_area_struct *vma)
{
    unsigned long address = vma->vm_start;
    struct sg_page_iter page;

    vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP | VM_MIXEDMAP;
    vma->vm_ops = &import_vm_ops;
    for_each_sgtable_page (shmem->sgt, &page, 0) {
        int status;

        if (address == vma->vm_end)
            break;
        status = vm_insert_page(vma, address, sg_page_iter_page(&page));
        if (status)
            return status;
        address += PAGE_SIZE;
    }
    return 0;
}

static int map_object(struct drm_gem_object *object, struct vm_area_struct *vma)
{
    struct drm_gem_shmem_object *shmem = to_drm_gem_shmem_obj(object);

    return object->import_attach ? map_import(shmem, vma) : drm_gem_shmem_mmap(shmem, vma);
}

/* Those of the helper, but for mmap. */
static const struct drm_gem_object_funcs object_functions = {
    .free = drm_gem_shmem_object_free,
    .print_info = drm_gem_shmem_object_print_info,
    .pin = drm_gem_shmem_object_pin,
    .unpin = drm_gem_shmem_object_unpin,
    .get_sg_table = drm_gem_shmem_object_get_sg_table,
    .vmap = drm_gem_shmem_object_vmap,
    .vunmap = drm_gem_shmem_object_vunmap,
    .mmap = map_object,
    .vm_ops = &drm_gem_shmem_vm_ops,
};

static struct drm_gem_object *create_object(struct drm_device *device, size_t size)
{
    struct drm_gem_shmem_object *shmem = kzalloc(sizeof(*shmem), GFP_KERNEL);

    if (!shmem)
        return ERR_PTR(-ENOMEM);
    shmem->base.funcs = &object_functions;
    return &shmem->base;
}

/* As drm_gem_dumb_map_offset(), which has one condition more: not imported. */
static int map_offset(struct drm_file *file, struct drm_device *device, u32 handle, u64 *offset)
{
    struct drm_gem_object *object = drm_gem_object_lookup(file, handle);
    int status;

    if (!object)
        return -ENOENT;
    status = drm_gem_create_mmap_offset(object);
    if (!status)
        *offset = drm_vma_node_offset_addr(&object->vma_node);
    drm_gem_object_put(object);
    return status;
}

DEFINE_DRM_GEM_FOPS(file_operations);

static const struct drm_driver driver = {
    .driver_features = DRIVER_GEM,
    DRM_GEM_SHMEM_DRIVER_OPS,
    .gem_create_object = create_object,
    .dumb_map_offset = map_offset,
    .fops = &file_operations,
    .name = "labdrm",
    .desc = "Maps imported buffers",
    .date = "20260101",
    .major = 1,
};

static int __init labdrm_init(void)
{
    int status;

    platform = platform_device_register_simple("labdrm", PLATFORM_DEVID_NONE, NULL, 0);
    if (IS_ERR(platform))
        return PTR_ERR(platform);
    status = dma_coerce_mask_and_coherent(&platform->dev, DMA_BIT_MASK(64));
    if (status)
        goto no_drm;
    drm = drm_dev_alloc(&driver, &platform->dev);
    status = PTR_ERR_OR_ZERO(drm);
    if (status)
        goto no_drm;
    status = drm_dev_register(drm, 0);
    if (!status)
        return 0;
    drm_dev_put(drm);

no_drm:
    platform_device_unregister(platform);
    return status;
}

static void __exit labdrm_exit(void)
{
    drm_dev_unregister(drm);
    drm_dev_put(drm);
    platform_device_unregister(platform);
}

module_init(labdrm_init);
module_exit(labdrm_exit);
MODULE_IMPORT_NS(DMA_BUF);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("A DRM device that maps what it imports, for tests of vgpuctl");
