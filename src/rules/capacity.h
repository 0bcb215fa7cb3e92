/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How many vGPUs of each type a host has and has left. Pure, from facts: for GVT-g by its own
 * arithmetic, for others by what the driver counts.
 */
#pragma once

#include "host/facts.h"
#include "rules/gvt-budget.h"

typedef struct {
    char *type;        /* "i915-GVTg_V5_4" */
    char *name;        /* the driver's, or NULL */
    char *description; /* the driver's, or NULL */
    char *device_api;  /* "vfio-pci"; NULL: not read */
    gboolean listed;   /* the parent offers it; else it would at another setting of the firmware */
    int available;     /* what the driver says is left; -1: not read, or not listed */
    int creatable;     /* how many can be made now: @available, less what cannot be */
    int live;          /* devices of it */
    int total;         /* on an empty parent */
    gboolean estimate; /* @total is live + available, and types share: it may be more */
    char *limit;       /* what ends first: "aperture", "hidden", "fences"; NULL: not known */
    char *why;         /* @creatable is 0: why, and the way out; else NULL */
} CapacityType;
extern const RecordType capacity_type_type;

typedef struct {
    char *parent;          /* "0000:00:02.0" */
    char *driver;          /* "i915" */
    gboolean gvt;          /* by the arithmetic of GVT-g, as the figures below */
    int aperture_mb;       /* -1: not known */
    int gtt_mb;            /* -1: not known */
    gboolean gtt_inferred; /* only root reads it: it is what the driver's counts fit */
    char *usage;           /* GVT-g: "aperture 128 of 128 MB, ..."; else NULL */
    GPtrArray *types;      /* CapacityType: those listed by name, then those that are not */
} CapacityParent;
extern const RecordType capacity_parent_type;

/* All parents by name: CapacityParent, freed by the array. @facts: FACTS_MDEV; with FACTS_PCI
 * GVT-g is calculated, without it is counted as any other. */
GPtrArray *capacity_of(const HostFacts *facts);

/* What the GPUs that have GVT-g would offer, empty, at another setting of the firmware; 0: as it is
 * (8 for a GTT that is not known). Also those where GVT-g is not switched on. As capacity_of();
 * GPUs without GVT-g are not in it. */
GPtrArray *capacity_what_if(const HostFacts *facts, guint aperture_mb, guint gtt_mb);

/* The budget of GVT-g of a parent with what its devices take. FALSE: it is none of GVT-g, or its
 * size is not known. */
gboolean capacity_gvt_budget(const HostFacts *facts, const MdevParent *parent,
                             GvtBudget *ret_budget, gboolean *ret_inferred);

/* Why no device of that type can be made on that parent now, with the way out: for an ENOSPC. NULL:
 * the facts show no reason. Owned. */
char *capacity_why_none(const HostFacts *facts, const char *parent, const char *type);

/* Borrowed, or NULL. */
const CapacityType *capacity_find(const CapacityParent *parent, const char *type);
