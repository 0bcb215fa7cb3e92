// SPDX-License-Identifier: GPL-2.0-only
#include "kvmgt-plane.h"

#include <linux/dma-buf.h>
#include <linux/fcntl.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <drm/drm_fourcc.h>
#include <drm/drm_plane.h>

static bool dmabuf_mmap = true;
module_param(dmabuf_mmap, bool, 0644);
MODULE_PARM_DESC(dmabuf_mmap,
                 "A vGPU's picture can be mapped (default: true; the real one's cannot)");

/* What is behind a dma-buf: pages of a video memory. */
struct picture {
    struct vram *vram;
    pgoff_t first, count;
};

/* --- numbers --- */

void planes_forget(struct planes *planes)
{
    memset(planes->known, 0, sizeof(planes->known));
}

static bool is_same(const struct scanout *one, const struct scanout *other)
{
    return one->width == other->width && one->height == other->height &&
           one->stride == other->stride && one->offset == other->offset;
}

static u32 planes_id(struct planes *planes, const struct scanout *scanout)
{
    int i, oldest = 0;

    for (i = 0; i < PLANES_KEPT; i++) {
        if (planes->known[i].id && is_same(&planes->known[i].scanout, scanout))
            return planes->known[i].id;
        if (planes->known[i].id < planes->known[oldest].id)
            oldest = i;
    }
    planes->known[oldest].id = ++planes->last_id;
    planes->known[oldest].scanout = *scanout;
    return planes->last_id;
}

int planes_query(struct planes *planes, const struct scanout *scanout,
                 struct vfio_device_gfx_plane_info *info)
{
    u32 type = info->drm_plane_type;

    if (info->flags == (VFIO_GFX_PLANE_TYPE_PROBE | VFIO_GFX_PLANE_TYPE_DMABUF))
        return 0;
    if (info->flags != VFIO_GFX_PLANE_TYPE_DMABUF ||
        (type != DRM_PLANE_TYPE_PRIMARY && type != DRM_PLANE_TYPE_CURSOR))
        return -EINVAL;
    if (!scanout || type != DRM_PLANE_TYPE_PRIMARY)
        return 0;
    info->drm_format = DRM_FORMAT_XRGB8888;
    info->drm_format_mod = DRM_FORMAT_MOD_LINEAR;
    info->x_pos = info->y_pos = info->x_hot = info->y_hot = 0;
    info->width = scanout->width;
    info->height = scanout->height;
    info->stride = scanout->stride;
    info->size = scanout->size;
    info->dmabuf_id = planes_id(planes, scanout);
    return 0;
}

int planes_find(const struct planes *planes, u32 id, struct scanout *scanout)
{
    int i;

    for (i = 0; id && i < PLANES_KEPT; i++)
        if (planes->known[i].id == id) {
            *scanout = planes->known[i].scanout;
            return 0;
        }
    return -EINVAL;
}

/* --- dma-buf --- */

static struct sg_table *map_picture(struct dma_buf_attachment *attachment,
                                    enum dma_data_direction direction)
{
    struct picture *picture = attachment->dmabuf->priv;
    struct sg_table *table = kzalloc(sizeof(*table), GFP_KERNEL);
    struct scatterlist *entry;
    int i, status = -ENOMEM;

    if (!table || sg_alloc_table(table, picture->count, GFP_KERNEL))
        goto no_table;
    for_each_sgtable_sg(table, entry, i)
    {
        struct page *page = vram_page(picture->vram, picture->first + i);

        if (!page)
            goto no_map;
        sg_set_page(entry, page, PAGE_SIZE, 0);
        put_page(page); /* the picture keeps the video memory */
    }
    status = dma_map_sgtable(attachment->dev, table, direction, 0);
    if (!status)
        return table;

no_map:
    sg_free_table(table);
no_table:
    kfree(table);
    return ERR_PTR(status);
}

static void unmap_picture(struct dma_buf_attachment *attachment, struct sg_table *table,
                          enum dma_data_direction direction)
{
    dma_unmap_sgtable(attachment->dev, table, direction, 0);
    sg_free_table(table);
    kfree(table);
}

static vm_fault_t fault_picture(struct vm_fault *fault)
{
    struct picture *picture = fault->vma->vm_private_data;

    if (fault->pgoff >= picture->count)
        return VM_FAULT_SIGBUS;
    return vram_fault(picture->vram, fault, picture->first + fault->pgoff);
}

static const struct vm_operations_struct picture_vm_ops = { .fault = fault_picture };

static int mmap_picture(struct dma_buf *dmabuf, struct vm_area_struct *vma)
{
    if (!dmabuf_mmap)
        return -ENODEV;
    if (!(vma->vm_flags & VM_SHARED))
        return -EINVAL;
    vma->vm_flags |= VM_DONTEXPAND | VM_DONTDUMP; /* an importer's drm_gem_mmap_obj() wants it */
    vma->vm_ops = &picture_vm_ops;
    vma->vm_private_data = dmabuf->priv;
    return 0;
}

static void release_picture(struct dma_buf *dmabuf)
{
    struct picture *picture = dmabuf->priv;

    vram_put(picture->vram);
    kfree(picture);
}

static const struct dma_buf_ops picture_ops = {
    .map_dma_buf = map_picture,
    .unmap_dma_buf = unmap_picture,
    .mmap = mmap_picture,
    .release = release_picture,
};

int plane_export(struct vram *vram, const struct scanout *scanout)
{
    DEFINE_DMA_BUF_EXPORT_INFO(info);
    struct picture *picture = kzalloc(sizeof(*picture), GFP_KERNEL);
    struct dma_buf *dmabuf;
    int fd;

    if (!picture)
        return -ENOMEM;
    picture->vram = vram_get(vram);
    picture->first = scanout->offset >> PAGE_SHIFT;
    picture->count = PAGE_ALIGN(scanout->size) >> PAGE_SHIFT;
    info.ops = &picture_ops;
    info.size = PAGE_ALIGN(scanout->size);
    info.flags = O_RDWR | O_CLOEXEC;
    info.priv = picture;
    dmabuf = dma_buf_export(&info);
    if (IS_ERR(dmabuf)) {
        vram_put(vram);
        kfree(picture);
        return PTR_ERR(dmabuf);
    }
    fd = dma_buf_fd(dmabuf, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        dma_buf_put(dmabuf); /* and so the picture */
    return fd;
}

MODULE_IMPORT_NS(DMA_BUF);
