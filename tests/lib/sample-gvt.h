/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests: facts of a host with one GPU with GVT-g, of any size. */
#pragma once

#include "host/facts.h"
#include "rules/gvt-budget.h"

#define SAMPLE_GVT_GPU "0000:00:02.0"

/* Word 0x50 of its configuration space for a GTT of so many MB. */
#define SAMPLE_GTT_8 0x1c1
#define SAMPLE_GTT_4 0x181
#define SAMPLE_GTT_2 0x141

/* @available: what each type says, from the smallest; those from the first -1 on are not listed.
 * Free with host_facts_free(). */
static inline HostFacts *sample_gvt(guint aperture_mb, int gmch, const int available[GVT_SIZES])
{
    HostFacts *facts = record_new(&host_facts_type);
    Gpu *gpu = record_new(&gpu_type);
    PciRegion *aperture = record_new(&pci_region_type);
    MdevParent *parent = record_new(&mdev_parent_type);
    aperture->index = 2;
    aperture->size_bytes = (guint64)aperture_mb << 20;
    gpu->regions = g_ptr_array_new();
    g_ptr_array_add(gpu->regions, aperture);
    gpu->bdf = g_strdup(SAMPLE_GVT_GPU);
    gpu->vendor_id = 0x8086;
    gpu->device_id = 0x3e98;
    gpu->gmch_control = gmch;
    facts->gpus = g_ptr_array_new();
    g_ptr_array_add(facts->gpus, gpu);
    parent->name = g_strdup(SAMPLE_GVT_GPU);
    parent->driver = g_strdup("i915");
    parent->types = g_ptr_array_new();
    for (gsize i = 0; i < GVT_SIZES && available[i] >= 0; i++) {
        MdevType *type = record_new(&mdev_type_type);
        type->id = gvt_type_id("Coffee Lake", &gvt_sizes[i]);
        type->available = available[i];
        g_ptr_array_add(parent->types, type);
    }
    facts->mdev = record_new(&mdev_facts_type);
    facts->mdev->parents = g_ptr_array_new();
    g_ptr_array_add(facts->mdev->parents, parent);
    return facts;
}

/* Devices of that type that live. */
static inline void sample_gvt_add(HostFacts *facts, guint count, const char *type)
{
    if (facts->mdev->devices == NULL)
        facts->mdev->devices = g_ptr_array_new();
    for (guint i = 0; i < count; i++) {
        MdevDevice *device = record_new(&mdev_device_type);
        device->parent = g_strdup(SAMPLE_GVT_GPU);
        device->type = g_strdup(type);
        g_ptr_array_add(facts->mdev->devices, device);
    }
}
