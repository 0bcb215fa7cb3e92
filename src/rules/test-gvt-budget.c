/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/gvt-budget.h"

#define WRAPS                                                                                      \
    {                                                                                              \
        7, 7, 3, 1                                                                                 \
    }
#define NONE                                                                                       \
    {                                                                                              \
        -1, -1, -1, -1                                                                             \
    }

/* What available_instances of V5_8, V5_4, V5_2 and V5_1 say on an empty GPU, -1: not listed. The
 * table of tests/integration/test_testbed.py, which asks a kernel. */
static const struct {
    guint aperture_mb, gtt_mb;
    int available[GVT_SIZES];
    gboolean wraps; /* the shown ones cannot be made */
} rows[] = {
    { 128, 8, NONE, FALSE },
    { 128, 4, NONE, FALSE },
    { 128, 2, NONE, FALSE },
    { 256, 8, { 2, 1, -1, -1 }, FALSE },
    { 256, 4, { 2, 1, -1, -1 }, FALSE },
    { 256, 2, { 1, 0, -1, -1 }, FALSE },
    { 512, 8, { 6, 3, 1, -1 }, FALSE },
    { 512, 4, { 3, 2, 1, -1 }, FALSE },
    { 512, 2, { 0, 0, 0, -1 }, FALSE },
    { 1024, 8, { 7, 5, 2, 1 }, FALSE },
    { 1024, 4, { 1, 1, 0, 0 }, FALSE },
    { 1024, 2, WRAPS, TRUE },
    { 2048, 8, { 4, 3, 1, 0 }, FALSE },
    { 2048, 4, WRAPS, TRUE },
    { 2048, 2, WRAPS, TRUE },
    { 4096, 8, WRAPS, TRUE },
    { 4096, 4, WRAPS, TRUE },
    { 4096, 2, WRAPS, TRUE },
};

static void test_table(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        GvtBudget budget = gvt_budget(rows[i].aperture_mb, rows[i].gtt_mb);
        for (gsize k = 0; k < GVT_SIZES; k++) {
            const GvtNeed *need = &gvt_sizes[k].need;
            g_test_message("aperture %u GTT %u V5_%s", rows[i].aperture_mb, rows[i].gtt_mb,
                           gvt_sizes[k].size);
            g_assert_cmpint(gvt_budget_lists(&budget, need), ==, rows[i].available[k] >= 0);
            if (rows[i].wraps)
                g_assert_cmpuint(gvt_budget_creatable(&budget, need), ==, 0);
            if (rows[i].available[k] < 0)
                continue;
            g_assert_cmpint((int)gvt_budget_available(&budget, need), ==, rows[i].available[k]);
            if (!rows[i].wraps)
                g_assert_cmpint((int)gvt_budget_creatable(&budget, need), ==, rows[i].available[k]);
        }
    }
}

/* Where nothing wraps the driver's count and ours stay the same while vGPUs are made. */
static void test_taking(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (guint seed = 0; seed < 64 && !rows[i].wraps; seed++) {
            GvtBudget budget = gvt_budget(rows[i].aperture_mb, rows[i].gtt_mb);
            for (guint step = 0, number = seed; step < 8; step++, number = number * 7 + 3) {
                const GvtNeed *need = &gvt_sizes[number % GVT_SIZES].need;
                guint creatable = gvt_budget_creatable(&budget, need);
                g_assert_cmpuint(creatable, ==, gvt_budget_available(&budget, need));
                if (creatable == 0)
                    continue;
                gvt_budget_take(&budget, need, 1);
                g_assert_cmpuint(gvt_budget_creatable(&budget, need), ==, creatable - 1);
            }
            g_assert_cmpuint(budget.used_ids, <=, GVT_IDS);
            g_assert_cmpuint(budget.used_low_mb, <=, gvt_budget_low_mb(&budget));
            g_assert_cmpuint(budget.used_high_mb, <=, gvt_budget_high_mb(&budget));
        }
    }
}

static GvtLimit limit_at(guint aperture_mb, guint gtt_mb, guint size)
{
    GvtBudget budget = gvt_budget(aperture_mb, gtt_mb);
    return gvt_budget_limit(&budget, &gvt_sizes[size].need);
}

static void test_limit(void)
{
    g_assert_cmpint(limit_at(256, 8, 0), ==, GVT_APERTURE);
    g_assert_cmpint(limit_at(1024, 8, 0), ==, GVT_FENCE);
    g_assert_cmpint(limit_at(2048, 8, 0), ==, GVT_HIDDEN);
    g_assert_cmpint(limit_at(512, 2, 1), ==, GVT_HIDDEN);
    g_assert_cmpint(limit_at(4096, 8, 3), ==, GVT_HIDDEN);
}

static void test_best(void)
{
    for (gsize i = 0; i < GVT_SIZES; i++) {
        GvtBudget best = gvt_best_budget(&gvt_sizes[i].need);
        g_assert_cmpuint(best.aperture_mb, ==, 1024);
        g_assert_cmpuint(best.gtt_mb, ==, 8);
    }
}

static void check_need(const char *id, const char *description, gboolean known, guint low_mb,
                       guint high_mb, guint fences)
{
    GvtNeed need = { 0 };
    g_assert_cmpint(gvt_need_of(id, description, &need), ==, known);
    g_assert_cmpuint(need.low_mb, ==, low_mb);
    g_assert_cmpuint(need.high_mb, ==, high_mb);
    g_assert_cmpuint(need.fences, ==, fences);
}

/* The description counts, line by line in any order; the name where it does not say. */
static void test_need(void)
{
    check_need("i915-GVTg_V5_4", NULL, TRUE, 128, 512, 4);
    check_need("i915-GVTg_V4_1", "", TRUE, 512, 2048, 4);
    check_need("i915-GVTg_V5_9", NULL, FALSE, 0, 0, 0);
    check_need("i915-GVTg_V5_9", "fence: 2\nhigh_gm_size: 100MB\nlow_gm_size: 50MB\nnew: 1", TRUE,
               50, 100, 2);
    check_need("i915-GVTg_V5_8", "low_gm_size: 50MB\nhigh_gm_size: 100MB", TRUE, 64, 384, 4);
    check_need("i915-GVTg_V5_8", "low_gm_size: 0MB\nhigh_gm_size: 9MB\nfence: 1", TRUE, 64, 384, 4);
    check_need("i915-GVTg_V5_8", "low_gm_size: 99999999999999999999MB\nhigh_gm_size: 1\nfence: 1",
               TRUE, 64, 384, 4);
    check_need("i915-GVTg_V5_8", "xlow_gm_size: 1MB\nlow_gm_size\nlow_gm_size:\xff", TRUE, 64, 384,
               4);
    check_need("mbochs-small", "low_gm_size: 1\nhigh_gm_size: 1\nfence: 1", FALSE, 0, 0, 0);
    check_need("nvidia-35", NULL, FALSE, 0, 0, 0);
    check_need(NULL, NULL, FALSE, 0, 0, 0);
}

static void test_id(void)
{
    g_autofree char *old = gvt_type_id("Broadwell", &gvt_sizes[0]);
    g_autofree char *new = gvt_type_id("Comet Lake", &gvt_sizes[3]);
    g_assert_cmpstr(old, ==, "i915-GVTg_V4_8");
    g_assert_cmpstr(new, ==, "i915-GVTg_V5_1");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gvt-budget/table", test_table);
    g_test_add_func("/gvt-budget/taking", test_taking);
    g_test_add_func("/gvt-budget/limit", test_limit);
    g_test_add_func("/gvt-budget/best", test_best);
    g_test_add_func("/gvt-budget/need", test_need);
    g_test_add_func("/gvt-budget/id", test_id);
    return g_test_run();
}
