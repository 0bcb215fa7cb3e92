/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Video memory: pages that come when somebody first looks at them. It is counted: a dma-buf of a
 * picture keeps it when the vGPU is gone.
 */
#pragma once

#include <linux/kref.h>
#include <linux/mm.h>
#include <linux/mutex.h>

struct vram {
    struct kref references;
    struct mutex lock; /* of the pages; innermost, also taken in page faults */
    pgoff_t count;
    struct page *pages[];
};

/* NULL without memory. */
struct vram *vram_new(u64 size);
struct vram *vram_get(struct vram *vram);
void vram_put(struct vram *vram);

/* A page with a reference for the caller; NULL behind the end and without memory. */
struct page *vram_page(struct vram *vram, pgoff_t number);

/* Reads or writes what does not cross the border of a page. */
int vram_access(struct vram *vram, u64 offset, void *data, unsigned int count, bool is_write);

/* A page fault at a page of the video memory. */
vm_fault_t vram_fault(struct vram *vram, struct vm_fault *fault, pgoff_t number);
