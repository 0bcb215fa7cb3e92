/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What decides whether an Intel GPU offers types of mediated devices (GVT-g) besides the device
 * itself: the parameters of i915, which modules there are, and what i915 will be loaded with at the
 * next boot (drivers/gpu/drm/i915/intel_gvt.c, gvt/kvmgt.c; modprobe.d(5)).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *name; /* as in modules.dep, with "_": "vfio_iommu_type1" */
    gboolean loaded;
    gboolean available; /* the running kernel has it, as a file or built in */
} KernelModule;
extern const RecordType kernel_module_type;

/* A parameter of i915. */
typedef struct {
    gboolean exists;  /* the loaded i915 has it */
    char *value;      /* of the loaded one: "Y"; NULL: not readable (root only) or no such file */
    char *configured; /* "1": what the kernel command line or modprobe.d sets; NULL: nothing */
    char *configured_in; /* "/proc/cmdline", "/etc/modprobe.d/i915.conf"; NULL: nowhere */
} ModuleParameter;
extern const RecordType module_parameter_type;

typedef struct {
    char *kernel_release;   /* /proc/sys/kernel/osrelease */
    gboolean modules_known; /* modules.dep of that kernel was read */
    GPtrArray
        *modules; /* KernelModule: i915, kvmgt, mdev, vfio, vfio_iommu_type1, kvm, kvm_intel */
    ModuleParameter *enable_gvt, *enable_guc;
    gboolean driver_registered; /* kvmgt has reached the mdev core (/sys/bus/mdev/drivers) */
} GvtFacts;
extern const RecordType gvt_facts_type;

/* Never fails. Free with record_free(&gvt_facts_type). */
GvtFacts *gvt_facts_read(const Root *root);

/* Borrowed, or NULL: not among those looked for. */
const KernelModule *gvt_find_module(const GvtFacts *facts, const char *name);
