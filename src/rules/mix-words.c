/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mix-question.h"

#include <stdarg.h>
#include <string.h>

#include "rules/gvt-words.h"
#include "rules/mix-pool.h"
#include "rules/type-name.h"

char *mix_unknown(const GPtrArray *parents, const char *wanted)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            if (type->type != NULL && type->listed)
                g_ptr_array_add(names, type->type);
        }
    }
    if (names->len == 0)
        return g_strdup("nothing on this host offers mediated devices; vgpuctl types says why");
    g_ptr_array_add(names, NULL);
    g_autofree char *list = g_strjoinv(", ", (char **)names->pdata);
    return g_strdup_printf("nothing on this host offers %s; there is %s", wanted, list);
}

static void append_part(GString *words, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void append_part(GString *words, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (words->len > 0)
        g_string_append(words, ", ");
    g_string_append_vprintf(words, format, args);
    va_end(args);
}

/* What a GPU with GVT-g would have to have. */
static void append_gvt_sums(GString *words, const MixQuestion *all, const GvtBudget *budget)
{
    GvtBudget sum = { 0 };
    for (guint i = 0; i < GVT_SIZES; i++)
        gvt_budget_take(&sum, &gvt_sizes[i].need, (guint)all->counts[i]);
    guint low = gvt_budget_low_mb(budget), high = gvt_budget_high_mb(budget);
    if (sum.used_low_mb + budget->used_low_mb > low)
        append_part(words, "aperture: %u MB wanted, %u of %u MB left", sum.used_low_mb,
                    low - MIN(budget->used_low_mb, low), low);
    if (sum.used_high_mb + budget->used_high_mb > high)
        append_part(words, "hidden graphics memory: %u MB wanted, %u of %u MB left",
                    sum.used_high_mb, high - MIN(budget->used_high_mb, high), high);
    if (sum.used_ids + budget->used_ids > GVT_IDS)
        append_part(words, "vGPUs: %u wanted, %u of %d left", sum.used_ids,
                    GVT_IDS - MIN(budget->used_ids, GVT_IDS), GVT_IDS);
}

static void append_counts(GString *words, const MixQuestion *question)
{
    for (guint i = 0; i < question->n; i++) {
        int left = 0;
        for (guint k = 0; k < question->parents->len; k++) {
            const CapacityType *type = capacity_find(question->parents->pdata[k], question->ids[i]);
            left += type != NULL ? type->creatable : 0;
        }
        append_part(words, "%s: %d wanted, %d left", type_short_name(question->ids[i]),
                    question->counts[i], left);
    }
    if (question->n > 1)
        g_string_append(words, ", and types share what a device has");
}

/* The setting of the firmware with which one empty GPU has room. Owned; NULL: none has. */
static char *fitting_setting(const MixQuestion *all)
{
    static const guint apertures[] = { 256, 512, 1024, 2048, 4096 };
    for (guint gtt = 8; gtt >= 2; gtt /= 2) {
        for (gsize i = 0; i < G_N_ELEMENTS(apertures); i++) {
            GvtBudget budget = gvt_budget(apertures[i], gtt);
            gboolean all_fit = TRUE;
            for (guint k = 0; k < GVT_SIZES; k++) {
                const GvtNeed *need = &gvt_sizes[k].need;
                all_fit = all_fit && (int)gvt_budget_creatable(&budget, need) >= all->counts[k];
                if (all_fit)
                    gvt_budget_take(&budget, need, (guint)all->counts[k]);
            }
            if (all_fit)
                return g_strdup_printf("set Aperture size %u MB, GTT %u MB in the firmware",
                                       apertures[i], gtt);
        }
    }
    return NULL;
}

static const Pool *only_gvt_pool(const Pools *pools)
{
    const Pool *only = NULL;
    for (guint i = 0; i < pools->n_pools; i++) {
        if (!pools->pools[i].parent->gvt)
            continue;
        if (only != NULL)
            return NULL;
        only = &pools->pools[i];
    }
    return only;
}

char *mix_shortage(const MixQuestion *question, gboolean fits_empty)
{
    GString *words = g_string_new(NULL);
    g_autofree char *setting = NULL;
    MixQuestion all;
    g_auto(Pools) pools = { 0 };
    pools_init(&pools, question->facts, question->parents, FALSE);
    if (mix_gvt_question(question, &all)) {
        const Pool *only = only_gvt_pool(&pools);
        if (only != NULL)
            append_gvt_sums(words, &all, &only->budget);
        setting = fits_empty ? NULL : fitting_setting(&all);
    }
    if (words->len == 0)
        append_counts(words, question);
    if (fits_empty)
        g_string_append(words, "; remove vGPUs (vgpuctl list), and it fits");
    else if (setting != NULL)
        g_string_append_printf(words, "; %s, and it fits", setting);
    else
        g_string_append(words, "; it does not fit on this host at all");
    return g_string_free(words, FALSE);
}
