/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/gvt-budget.h"

#include <string.h>

const char *const gvt_limit_words[] = { "aperture", "hidden", "fences", NULL };

/* gvt/vgpu.c: intel_vgpu_configs */
const GvtSize gvt_sizes[GVT_SIZES] = {
    { "8", { 64, 384, 4 }, "1024x768" },
    { "4", { 128, 512, 4 }, "1920x1200" },
    { "2", { 256, 1024, 4 }, "1920x1200" },
    { "1", { 512, 2048, 4 }, "1920x1200" },
};

/* The number behind "KEY:" at the beginning of a line; 0 when there is none or it is absurd. */
static guint number_of_key(const char *text, const char *key)
{
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (!g_str_has_prefix(line, key) || line[strlen(key)] != ':')
            continue;
        guint64 value = g_ascii_strtoull(line + strlen(key) + 1, NULL, 10);
        return value <= G_MAXUINT16 ? (guint)value : 0;
    }
    return 0;
}

static gboolean need_of_name(const char *id, GvtNeed *ret_need)
{
    const char *version = strstr(id, "GVTg_V");
    const char *size = version != NULL ? strrchr(version + strlen("GVTg_V"), '_') : NULL;
    for (gsize i = 0; size != NULL && i < GVT_SIZES; i++) {
        if (g_str_equal(size + 1, gvt_sizes[i].size)) {
            *ret_need = gvt_sizes[i].need;
            return TRUE;
        }
    }
    return FALSE;
}

gboolean gvt_need_of(const char *id, const char *description, GvtNeed *ret_need)
{
    if (id == NULL || strstr(id, "GVTg_V") == NULL)
        return FALSE;
    GvtNeed need = { 0 };
    if (description != NULL)
        need = (GvtNeed){ number_of_key(description, "low_gm_size"),
                          number_of_key(description, "high_gm_size"),
                          number_of_key(description, "fence") };
    if (need.low_mb == 0 || need.high_mb == 0 || need.fences == 0)
        return need_of_name(id, ret_need);
    *ret_need = need;
    return TRUE;
}

char *gvt_type_id(const char *generation, const GvtSize *size)
{
    return g_strdup_printf("i915-GVTg_V%s_%s", g_strcmp0(generation, "Broadwell") == 0 ? "4" : "5",
                           size->size);
}

/* Each MB of the GTT holds 128K entries of 8 bytes, each for a page of 4 KiB. */
GvtBudget gvt_budget(guint aperture_mb, guint gtt_mb)
{
    GvtBudget budget = { .gtt_mb = MIN(gtt_mb, 8), .ggtt_mb = MIN(gtt_mb, 8) * 512 };
    budget.aperture_mb = MIN(aperture_mb, budget.ggtt_mb);
    return budget;
}

static guint hidden_mb(const GvtBudget *budget)
{
    return budget->ggtt_mb - budget->aperture_mb;
}

static guint less(guint from, guint what)
{
    return from > what ? from - what : 0;
}

guint gvt_budget_low_mb(const GvtBudget *budget)
{
    return less(budget->aperture_mb, GVT_HOST_LOW_MB);
}

guint gvt_budget_high_mb(const GvtBudget *budget)
{
    return less(hidden_mb(budget), GVT_HOST_HIGH_MB);
}

/* Bytes in the driver's 32 bits, of a difference that may be below zero: wraps as it does there. */
static guint32 driver_bytes(guint all_mb, guint host_mb, guint used_mb)
{
    return ((guint32)all_mb - (guint32)host_mb - (guint32)used_mb) << 20;
}

gboolean gvt_budget_lists(const GvtBudget *budget, const GvtNeed *need)
{
    return driver_bytes(budget->aperture_mb, GVT_HOST_LOW_MB, 0) >> 20 >= need->low_mb;
}

guint gvt_budget_available(const GvtBudget *budget, const GvtNeed *need)
{
    guint32 low = driver_bytes(budget->aperture_mb, GVT_HOST_LOW_MB, budget->used_low_mb);
    guint32 high = driver_bytes(hidden_mb(budget), GVT_HOST_HIGH_MB, budget->used_high_mb);
    guint fences = less(GVT_FENCES, budget->used_fences);
    return MIN(MIN((low >> 20) / need->low_mb, (high >> 20) / need->high_mb),
               fences / need->fences);
}

typedef struct {
    guint left[3]; /* vGPUs, by GvtLimit */
} Rooms;

static Rooms rooms(const GvtBudget *budget, const GvtNeed *need)
{
    guint low = less(gvt_budget_low_mb(budget), budget->used_low_mb);
    guint high = less(gvt_budget_high_mb(budget), budget->used_high_mb);
    guint fences = less(GVT_FENCES, budget->used_fences), ids = less(GVT_IDS, budget->used_ids);
    return (Rooms){ {
        [GVT_APERTURE] = low / need->low_mb,
        [GVT_HIDDEN] = high / need->high_mb,
        [GVT_FENCE] = MIN(fences / need->fences, ids),
    } };
}

GvtLimit gvt_budget_limit(const GvtBudget *budget, const GvtNeed *need)
{
    Rooms room = rooms(budget, need);
    GvtLimit least = GVT_FENCE;
    for (GvtLimit limit = GVT_APERTURE; limit < GVT_FENCE; limit++)
        if (room.left[limit] < room.left[least])
            least = limit;
    return least;
}

guint gvt_budget_creatable(const GvtBudget *budget, const GvtNeed *need)
{
    return rooms(budget, need).left[gvt_budget_limit(budget, need)];
}

void gvt_budget_take(GvtBudget *budget, const GvtNeed *need, guint count)
{
    budget->used_low_mb += need->low_mb * count;
    budget->used_high_mb += need->high_mb * count;
    budget->used_fences += need->fences * count;
    budget->used_ids += count;
}

GvtBudget gvt_best_budget(const GvtNeed *need)
{
    static const guint apertures[] = { 256, 512, 1024, 2048, 4096 };
    GvtBudget best = { 0 };
    guint most = 0;
    for (guint gtt = 8; gtt >= 2; gtt /= 2) {
        for (gsize i = 0; i < G_N_ELEMENTS(apertures); i++) {
            GvtBudget budget = gvt_budget(apertures[i], gtt);
            guint count = gvt_budget_creatable(&budget, need);
            if (count > most) {
                best = budget;
                most = count;
            }
        }
    }
    return best;
}
