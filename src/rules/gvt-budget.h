/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the vGPUs of a GPU with GVT-g share, and how many of a type that is enough for: graphics
 * memory behind the aperture, the rest of what the GTT maps ("hidden"), fences and ids. The figures
 * and the arithmetic are those of drivers/gpu/drm/i915/gvt/vgpu.c, aperture_gm.c and
 * kvmgt.c:intel_vgpu_get_available() of Linux 6.1, with its unsigned overflow.
 */
#pragma once

#include <glib.h>

/* What one vGPU takes. */
typedef struct {
    guint low_mb;  /* aperture */
    guint high_mb; /* hidden */
    guint fences;
} GvtNeed;

typedef struct {
    const char *size; /* "8", "4", "2", "1" of "V5_8": one of so many on a GPU */
    GvtNeed need;
    const char *resolution; /* the largest of its EDID */
} GvtSize;

#define GVT_SIZES 4
extern const GvtSize gvt_sizes[GVT_SIZES]; /* from the smallest to the largest */

/* From the driver's description ("low_gm_size: 64MB", lines in any order), or, where @description
 * does not say, by the type's name. FALSE: no type of GVT-g. */
gboolean gvt_need_of(const char *id, const char *description, GvtNeed *ret_need);

/* Name of the type: "i915-GVTg_V4_8" on Broadwell, "..V5.." on all others. Owned. */
char *gvt_type_id(const char *generation, const GvtSize *size);

typedef struct {
    guint aperture_mb; /* region 2, at most ggtt_mb */
    guint gtt_mb;      /* the table's own size, as the firmware sets it */
    guint ggtt_mb;     /* graphics memory it maps: 512 MB for each */
    guint used_low_mb, used_high_mb, used_fences, used_ids;
} GvtBudget;

#define GVT_HOST_LOW_MB 128
#define GVT_HOST_HIGH_MB 384
#define GVT_FENCES 28 /* 32 without those of the host */
#define GVT_IDS 7     /* GVT_MAX_VGPU, of which 0 is the idle one */

/* An empty GPU. */
GvtBudget gvt_budget(guint aperture_mb, guint gtt_mb);

/* What is there for vGPUs, used or not; 0 when the host's part is larger. */
guint gvt_budget_low_mb(const GvtBudget *budget);
guint gvt_budget_high_mb(const GvtBudget *budget);

/* Whether the driver lists a type that needs so much. */
gboolean gvt_budget_lists(const GvtBudget *budget, const GvtNeed *need);

/* available_instances as the driver counts them, also where the count has overflowed. */
guint gvt_budget_available(const GvtBudget *budget, const GvtNeed *need);

/* How many can really be made. */
guint gvt_budget_creatable(const GvtBudget *budget, const GvtNeed *need);

typedef enum { GVT_APERTURE, GVT_HIDDEN, GVT_FENCE } GvtLimit;
extern const char *const gvt_limit_words[]; /* "aperture", "hidden", "fences" */

/* What ends first; of several the fences, which no setting changes, then the aperture. Fences and
 * ids end together. */
GvtLimit gvt_budget_limit(const GvtBudget *budget, const GvtNeed *need);

void gvt_budget_take(GvtBudget *budget, const GvtNeed *need, guint count);

/* The sizes of aperture and GTT, as a firmware may offer them, that give most of a type: an empty
 * budget. The smallest aperture of several. */
GvtBudget gvt_best_budget(const GvtNeed *need);
