/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mix-pool.h"

#define STEPS 1000000u
#define ROUNDING 1e-9

static void init_pool(Pool *pool, const HostFacts *facts, const CapacityParent *parent,
                      gboolean empty)
{
    *pool = (Pool){ .parent = parent, .empty = empty };
    if (!parent->gvt)
        return;
    const MdevParent *device = mdev_find_parent(facts->mdev, parent->parent);
    gboolean inferred;
    if (empty || device == NULL || !capacity_gvt_budget(facts, device, &pool->budget, &inferred))
        pool->budget = gvt_budget((guint)parent->aperture_mb, (guint)parent->gtt_mb);
}

void pools_init(Pools *pools, const HostFacts *facts, const GPtrArray *parents, gboolean empty)
{
    *pools = (Pools){ .n_pools = parents->len, .steps = STEPS };
    pools->pools = g_new0(Pool, MAX(parents->len, 1));
    for (guint i = 0; i < parents->len; i++)
        init_pool(&pools->pools[i], facts, parents->pdata[i], empty);
}

void pools_clear(Pools *pools)
{
    g_clear_pointer(&pools->pools, g_free);
}

static int offered(const Pool *pool, const CapacityType *type)
{
    return pool->empty ? type->total : type->creatable;
}

static int room(const Pool *pool, const char *id)
{
    const CapacityType *type = capacity_find(pool->parent, id);
    GvtNeed need;
    if (type == NULL || !type->listed)
        return 0;
    if (pool->parent->gvt && gvt_need_of(type->type, type->description, &need))
        return (int)gvt_budget_creatable(&pool->budget, &need);
    return (int)((1 - pool->used) * offered(pool, type) + ROUNDING);
}

static void take(Pool *pool, const char *id, int count)
{
    const CapacityType *type = capacity_find(pool->parent, id);
    GvtNeed need;
    if (count == 0)
        return;
    if (pool->parent->gvt && gvt_need_of(type->type, type->description, &need))
        gvt_budget_take(&pool->budget, &need, (guint)count);
    else
        pool->used += (double)count / offered(pool, type);
}

typedef struct {
    Pools *pools;
    const char *const *ids;
    const int *counts;
    guint n;
} Mix;

/* Puts @left of type @kind on the pools from @at on, and then the other types. */
static gboolean place(const Mix *mix, guint kind, guint at, int left)
{
    if (left == 0)
        return kind + 1 >= mix->n || place(mix, kind + 1, 0, mix->counts[kind + 1]);
    if (at == mix->pools->n_pools || mix->pools->steps == 0)
        return FALSE;
    mix->pools->steps--;
    Pool *pool = &mix->pools->pools[at];
    const Pool before = *pool;
    for (int here = MIN(left, room(pool, mix->ids[kind])); here >= 0; here--) {
        take(pool, mix->ids[kind], here);
        gboolean fits = place(mix, kind, at + 1, left - here);
        *pool = before;
        if (fits)
            return TRUE;
    }
    return FALSE;
}

gboolean pools_fit(Pools *pools, const char *const *ids, const int *counts, guint n)
{
    const Mix mix = { pools, ids, counts, n };
    return n == 0 || place(&mix, 0, 0, counts[0]);
}
