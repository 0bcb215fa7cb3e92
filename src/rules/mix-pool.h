/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the parents of a host have left while a mix of vGPUs is tried out on them. */
#pragma once

#include "rules/capacity.h"

typedef struct {
    const CapacityParent *parent;
    gboolean empty;   /* as if no device lived */
    GvtBudget budget; /* of GVT-g */
    double used;      /* of others: the share that was taken */
} Pool;

typedef struct {
    Pool *pools;
    guint n_pools;
    guint steps; /* that may still be made: a mix over many parents has very many ways */
} Pools;

/* @empty: as if no device lived. Clear with pools_clear(). */
void pools_init(Pools *pools, const HostFacts *facts, const GPtrArray *parents, gboolean empty);
void pools_clear(Pools *pools);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Pools, pools_clear)

/* Whether @counts of the @n types @ids fit together. The pools are as before. */
gboolean pools_fit(Pools *pools, const char *const *ids, const int *counts, guint n);
