/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/gvt-words.h"

static GvtBudget emptied(const GvtBudget *budget)
{
    return gvt_budget(budget->aperture_mb, budget->gtt_mb);
}

char *gvt_better_setting(const GvtBudget *budget, const GvtNeed *need)
{
    GvtBudget here = emptied(budget), best = gvt_best_budget(need);
    if (gvt_budget_creatable(&best, need) <= gvt_budget_creatable(&here, need))
        return NULL;
    return g_strdup_printf("Aperture size %u MB, GTT %u MB in the firmware", best.aperture_mb,
                           best.gtt_mb);
}

char *gvt_usage(const GvtBudget *budget)
{
    return g_strdup_printf("aperture %u of %u MB, hidden %u of %u MB, %u of %d vGPUs",
                           budget->used_low_mb, gvt_budget_low_mb(budget), budget->used_high_mb,
                           gvt_budget_high_mb(budget), budget->used_ids, GVT_IDS);
}

/* What the setting of the firmware never gives, an empty GPU included. */
static char *setting_words(const GvtBudget *budget, const GvtNeed *need)
{
    GvtBudget here = emptied(budget);
    if (gvt_budget_limit(&here, need) == GVT_APERTURE)
        return g_strdup_printf(
            "an aperture of %u MB has %u MB for vGPUs, and one takes %u MB of it",
            budget->aperture_mb, gvt_budget_low_mb(budget), need->low_mb);
    return g_strdup_printf("a GTT of %u MB maps %u MB of graphics memory; behind the aperture of "
                           "%u MB that is %u MB for vGPUs, and one takes %u MB",
                           budget->gtt_mb, budget->ggtt_mb, budget->aperture_mb,
                           gvt_budget_high_mb(budget), need->high_mb);
}

static char *never_words(const GvtBudget *budget, const GvtNeed *need, int shown)
{
    g_autofree char *why = setting_words(budget, need);
    g_autofree char *better = gvt_better_setting(budget, need);
    return g_strdup_printf(
        "%s%s%s%s", why, shown > 0 ? " (the driver's count has overflowed: none can be made)" : "",
        better != NULL ? "; set " : "", better != NULL ? better : "");
}

static char *limit_words(const GvtBudget *budget, const GvtNeed *need)
{
    switch (gvt_budget_limit(budget, need)) {
    case GVT_APERTURE:
        return g_strdup_printf("of %u MB aperture for vGPUs %u MB are taken, and one takes %u MB",
                               gvt_budget_low_mb(budget), budget->used_low_mb, need->low_mb);
    case GVT_HIDDEN:
        return g_strdup_printf(
            "of %u MB hidden graphics memory for vGPUs %u MB are taken, and one takes %u MB",
            gvt_budget_high_mb(budget), budget->used_high_mb, need->high_mb);
    case GVT_FENCE:
        break;
    }
    return g_strdup_printf("a GPU has %d vGPUs at most (%d fences, %u for each), and %u live",
                           GVT_IDS, GVT_FENCES, need->fences, budget->used_ids);
}

char *gvt_shortage(const GvtBudget *budget, const GvtNeed *need, int shown)
{
    GvtBudget here = emptied(budget);
    if (gvt_budget_creatable(budget, need) > 0)
        return NULL;
    if (gvt_budget_creatable(&here, need) == 0)
        return never_words(budget, need, shown);
    g_autofree char *why = limit_words(budget, need);
    g_autofree char *better = gvt_better_setting(budget, need);
    return g_strdup_printf("%s; remove a vGPU%s%s", why, better != NULL ? ", or set " : "",
                           better != NULL ? better : "");
}
