/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a GPU offers no type of mediated devices, and what would make it. For GVT-g the conditions of
 * drivers/gpu/drm/i915/intel_gvt.c and gvt/kvmgt.c in the order in which the kernel meets them; the
 * first that does not hold is the answer. Pure.
 */
#pragma once

#include "host/facts.h"

typedef enum {
    ABSENT_TECHNOLOGY, /* nothing mediates this GPU */
    ABSENT_KERNEL_BUG, /* this release is known not to work on this platform */
    ABSENT_DRIVER,     /* i915 does not have the device */
    ABSENT_KERNEL,     /* the kernel is built without GVT-g */
    ABSENT_PARAMETER,  /* i915.enable_gvt is off */
    ABSENT_GUC,        /* i915 submits through the GuC */
    ABSENT_KVMGT,      /* kvmgt is not loaded */
    ABSENT_REFUSED,    /* all is set, and i915 registered nothing */
    ABSENT_APERTURE,   /* no type fits into the aperture */
} AbsenceCause;
extern const char *const absence_cause_words[];

typedef struct {
    char *gpu;    /* address */
    char *device; /* its name, or NULL */
    int cause;    /* AbsenceCause */
    char *why;    /* one sentence */
    char *fix;    /* what to do; NULL: nothing makes this GPU offer types */
} Absence;
extern const RecordType absence_type;

/* One for each GPU without types, by address: Absence, freed by the array. @facts: FACTS_PCI,
 * FACTS_MDEV and FACTS_GVT. */
GPtrArray *absences_of(const HostFacts *facts);
