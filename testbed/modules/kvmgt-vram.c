// SPDX-License-Identifier: GPL-2.0-only
#include "kvmgt-vram.h"

#include <linux/errno.h>
#include <linux/highmem.h>
#include <linux/slab.h>

struct vram *vram_new(u64 size)
{
    pgoff_t count = size >> PAGE_SHIFT;
    struct vram *vram = kvzalloc(struct_size(vram, pages, count), GFP_KERNEL);

    if (!vram)
        return NULL;
    kref_init(&vram->references);
    mutex_init(&vram->lock);
    vram->count = count;
    return vram;
}

struct vram *vram_get(struct vram *vram)
{
    kref_get(&vram->references);
    return vram;
}

static void vram_free(struct kref *references)
{
    struct vram *vram = container_of(references, struct vram, references);
    pgoff_t i;

    for (i = 0; i < vram->count; i++)
        if (vram->pages[i])
            put_page(vram->pages[i]);
    kvfree(vram);
}

void vram_put(struct vram *vram)
{
    kref_put(&vram->references, vram_free);
}

struct page *vram_page(struct vram *vram, pgoff_t number)
{
    struct page *page;

    if (number >= vram->count)
        return NULL;
    mutex_lock(&vram->lock);
    if (!vram->pages[number])
        vram->pages[number] = alloc_page(GFP_HIGHUSER | __GFP_ZERO);
    page = vram->pages[number];
    if (page)
        get_page(page);
    mutex_unlock(&vram->lock);
    return page;
}

int vram_access(struct vram *vram, u64 offset, void *data, unsigned int count, bool is_write)
{
    struct page *page = vram_page(vram, offset >> PAGE_SHIFT);

    if (!page)
        return -ENOMEM;
    if (is_write)
        memcpy_to_page(page, offset_in_page(offset), data, count);
    else
        memcpy_from_page(data, page, offset_in_page(offset), count);
    put_page(page);
    return 0;
}

vm_fault_t vram_fault(struct vram *vram, struct vm_fault *fault, pgoff_t number)
{
    fault->page = vram_page(vram, number);
    return fault->page ? 0 : VM_FAULT_SIGBUS;
}
