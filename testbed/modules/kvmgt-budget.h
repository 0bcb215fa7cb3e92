/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the vGPUs of a GPU share: graphics memory behind the aperture ("low"), the rest of it
 * ("high", hidden = GGTT - aperture), and fences. The figures and the arithmetic are those of
 * gvt/vgpu.c, gvt/aperture_gm.c and intel_vgpu_get_available() in gvt/kvmgt.c of Linux 6.1, with
 * their unsigned overflow: a GGTT that leaves less than 384 MB hidden shows instances that cannot
 * be created.
 */
#pragma once

#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/pci.h>
#include <linux/printk.h>
#include <linux/sizes.h>

#include "i915.h"

#define VGPU_TYPES 4
#define VGPU_MOST_IDS 7 /* GVT_MAX_VGPU - 1 */

struct vgpu_config {
    const char *suffix;
    unsigned int low_mb, high_mb, fences, weight;
    unsigned int width, height; /* of the display, pixels */
    unsigned int vram_size;     /* bytes: three pictures of that size, and a power of two */
};

static const struct vgpu_config vgpu_configs[VGPU_TYPES] = {
    { "8", 64, 384, 4, 2, 1024, 768, SZ_16M },
    { "4", 128, 512, 4, 4, 1920, 1200, SZ_32M },
    { "2", 256, 1024, 4, 8, 1920, 1200, SZ_64M },
    { "1", 512, 2048, 4, 16, 1920, 1200, SZ_128M },
};

#define HOST_LOW ((u64)128 << 20)
#define HOST_HIGH ((u64)384 << 20)
#define HOST_FENCES 4
#define ALL_FENCES 32

struct budget {
    u64 aperture, hidden;    /* bytes */
    u64 used_low, used_high; /* bytes */
    unsigned int used_fences;
};

/* Each MB of the GTT holds 128K entries of 8 bytes, each for a page of 4 KiB. */
static inline void budget_init(struct budget *budget, struct pci_dev *gpu)
{
    u64 ggtt;
    u16 gmch;

    pci_read_config_word(gpu, I915_GMCH_CTRL, &gmch);
    ggtt = ((u64)SZ_512M << (gmch >> I915_GMCH_GGMS_SHIFT & 3));
    budget->aperture = min_t(u64, pci_resource_len(gpu, I915_APERTURE_BAR), ggtt);
    budget->hidden = ggtt - budget->aperture;
}

/* Whether the type is listed at all: one of it fits into the empty aperture. */
static inline bool budget_offers(const struct budget *budget, const struct vgpu_config *config)
{
    unsigned int low = budget->aperture - HOST_LOW;

    return low / (config->low_mb << 20) != 0;
}

static inline unsigned int budget_available(const struct budget *budget,
                                            const struct vgpu_config *config)
{
    unsigned int low = budget->aperture - HOST_LOW - budget->used_low;
    unsigned int high = budget->hidden - HOST_HIGH - budget->used_high;
    unsigned int fences = ALL_FENCES - HOST_FENCES - budget->used_fences;

    return min3(low / (config->low_mb << 20), high / (config->high_mb << 20),
                fences / config->fences);
}

static inline int budget_check(const char *what, u64 request, u64 max, u64 taken)
{
    u64 available = max - taken;

    if (request <= available)
        return 0;
    pr_err("fail to allocate resource %s\n", what);
    pr_err("request %lluMB avail %lluMB max %lluMB taken %lluMB\n", request >> 20, available >> 20,
           max >> 20, taken >> 20);
    return -ENOSPC;
}

/* -ENOSPC when something is used up; the log says what. */
static inline int budget_take(struct budget *budget, const struct vgpu_config *config)
{
    u64 low = (u64)config->low_mb << 20, high = (u64)config->high_mb << 20;

    if (budget_check("low GM space", low, budget->aperture - HOST_LOW, budget->used_low) ||
        budget_check("high GM space", high, budget->hidden - HOST_HIGH, budget->used_high))
        return -ENOSPC;
    if (config->fences > ALL_FENCES - HOST_FENCES - budget->used_fences) {
        pr_err("fail to allocate resource fence\n");
        return -ENOSPC;
    }
    /* what the check above let pass by its overflow is not there */
    if (budget->used_high + high > budget->hidden) {
        pr_err("fail to alloc high gm space from host\n");
        return -ENOSPC;
    }
    budget->used_low += low;
    budget->used_high += high;
    budget->used_fences += config->fences;
    return 0;
}

static inline void budget_give_back(struct budget *budget, const struct vgpu_config *config)
{
    budget->used_low -= (u64)config->low_mb << 20;
    budget->used_high -= (u64)config->high_mb << 20;
    budget->used_fences -= config->fences;
}
