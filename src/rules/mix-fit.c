/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mix-fit.h"

#include <string.h>

#include "rules/mix-pool.h"
#include "rules/mix-question.h"
#include "rules/type-name.h"

#define SUB_MIXES 5000

static const Field mix_fit_fields[] = {
    FIELD_RECORDS_(MixFit, wanted, &mix_item_type, "what was asked for"),
    FIELD_FLAG_(MixFit, fits, "it can be made now"),
    FIELD_FLAG_(MixFit, fits_empty, "it could be made if no mediated device lived"),
    FIELD_TEXT_(MixFit, why, "why it does not fit now, and the way out"),
    FIELD_RECORDS_(MixFit, smaller, &mix_item_type, "as many of smaller types, which fit now"),
    FIELD_RECORDS_(MixFit, fewer, &mix_item_type, "as many of them as fit now"),
    FIELD_END,
};
const RecordType mix_fit_type = { "mix-fit", sizeof(MixFit), mix_fit_fields };

/* The first parent's type that the word names: whole names before the ends of others. */
static const CapacityType *find_type(const GPtrArray *parents, const char *wanted)
{
    const CapacityType *found = NULL;
    for (guint i = 0; i < parents->len; i++) {
        const CapacityParent *parent = parents->pdata[i];
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            if (g_strcmp0(type->type, wanted) == 0)
                return type;
            const MdevType named = { .id = type->type, .name = type->name };
            if (found == NULL && mdev_type_matches(&named, wanted))
                found = type;
        }
    }
    return found;
}

/* Fills @question; the words of a type that there is not, owned, or NULL. */
static char *resolve(MixQuestion *question, const GPtrArray *mix, GPtrArray *wanted)
{
    char *unknown = NULL;
    for (guint i = 0; i < mix->len; i++) {
        const MixItem *item = mix->pdata[i];
        const CapacityType *type = find_type(question->parents, item->type);
        if (type == NULL && unknown == NULL)
            unknown = mix_unknown(question->parents, item->type);
        mix_add(wanted, type != NULL ? type->type : item->type, item->count);
    }
    for (guint i = 0; unknown == NULL && i < wanted->len; i++) {
        const MixItem *item = wanted->pdata[i];
        question->ids[i] = item->type;
        question->types[i] = find_type(question->parents, item->type);
        question->counts[i] = item->count;
    }
    question->n = wanted->len;
    return unknown;
}

static gboolean fits(const MixQuestion *question, gboolean empty)
{
    g_auto(Pools) pools = { 0 };
    pools_init(&pools, question->facts, question->parents, empty);
    return pools_fit(&pools, question->ids, question->counts, question->n);
}

static GPtrArray *mix_of(const char *const *ids, const int *counts, guint n)
{
    GPtrArray *mix = g_ptr_array_new();
    for (guint i = 0; i < n; i++)
        if (counts[i] > 0)
            mix_add(mix, ids[i], counts[i]);
    return mix;
}

/* How much of a parent one device of the type is, to compare types. */
static double weight(const CapacityType *type)
{
    GvtNeed need;
    if (gvt_need_of(type->type, type->description, &need))
        return need.low_mb;
    return type->total > 0 ? 512.0 / type->total : 0;
}

/* The next vector below @most in the order of an odometer; FALSE: that was the last one. */
static gboolean next_counts(int *counts, const int *most, guint n)
{
    for (guint i = 0; i < n; i++) {
        if (counts[i] < most[i]) {
            counts[i]++;
            return TRUE;
        }
        counts[i] = 0;
    }
    return FALSE;
}

typedef struct {
    int counts[MIX_TYPES];
    int total;
    double weight;
} Best;

static void keep_better(Best *best, Pools *pools, const char *const *ids,
                        const CapacityType *const *types, const int *counts, guint n)
{
    int total = 0;
    double sum = 0;
    for (guint i = 0; i < n; i++) {
        total += counts[i];
        sum += counts[i] * weight(types[i]);
    }
    if (total < best->total || (total == best->total && sum <= best->weight) ||
        !pools_fit(pools, ids, counts, n))
        return;
    best->total = total;
    best->weight = sum;
    memcpy(best->counts, counts, n * sizeof counts[0]);
}

/* The most of them that fit, the largest of these. */
static GPtrArray *find_fewer(const MixQuestion *question)
{
    g_auto(Pools) pools = { 0 };
    int counts[MIX_TYPES] = { 0 }, most[MIX_TYPES];
    Best best = { 0 };
    guint tried = 0;
    pools_init(&pools, question->facts, question->parents, FALSE);
    for (guint i = 0; i < question->n; i++) {
        most[i] = 0;
        while (most[i] < question->counts[i] &&
               pools_fit(&pools, &question->ids[i], &(int){ most[i] + 1 }, 1))
            most[i]++;
    }
    while (next_counts(counts, most, question->n) && tried++ < SUB_MIXES)
        keep_better(&best, &pools, question->ids, question->types, counts, question->n);
    return mix_of(question->ids, best.counts, question->n);
}

static const CapacityParent *gvt_parent(const GPtrArray *parents)
{
    for (guint i = 0; i < parents->len; i++)
        if (((const CapacityParent *)parents->pdata[i])->gvt)
            return parents->pdata[i];
    return NULL;
}

/* The four types of GVT-g with what is asked of each; FALSE: other types are asked for, too. */
gboolean mix_gvt_question(const MixQuestion *question, MixQuestion *ret_all)
{
    const CapacityParent *parent = gvt_parent(question->parents);
    *ret_all = (MixQuestion){ .facts = question->facts, .parents = question->parents };
    guint found = 0;
    for (gsize i = 0; parent != NULL && i < GVT_SIZES; i++) {
        for (guint k = 0; k < parent->types->len; k++) {
            const CapacityType *type = parent->types->pdata[k];
            GvtNeed need;
            if (gvt_need_of(type->type, type->description, &need) &&
                memcmp(&need, &gvt_sizes[i].need, sizeof need) == 0)
                ret_all->types[i] = type;
        }
        if (ret_all->types[i] == NULL)
            return FALSE;
        ret_all->ids[i] = ret_all->types[i]->type;
        for (guint k = 0; k < question->n; k++) {
            if (g_strcmp0(question->ids[k], ret_all->ids[i]) != 0)
                continue;
            ret_all->counts[i] = question->counts[k];
            found++;
        }
    }
    ret_all->n = GVT_SIZES;
    return parent != NULL && found == question->n;
}

/* As many vGPUs of GVT-g of the same or smaller types: from the largest on, never more of the types
 * down to one than were asked for. */
static gboolean is_smaller(const int *wanted, const int *counts)
{
    int left = 0;
    for (int i = GVT_SIZES - 1; i >= 0; i--) {
        left += wanted[i] - counts[i];
        if (left < 0)
            return FALSE;
    }
    return left == 0;
}

static GPtrArray *find_smaller(const MixQuestion *question)
{
    MixQuestion all;
    Best best = { 0 };
    int counts[GVT_SIZES] = { 0 }, most[GVT_SIZES], total = 0;
    if (!mix_gvt_question(question, &all))
        return g_ptr_array_new();
    for (guint i = 0; i < GVT_SIZES; i++)
        total += all.counts[i];
    for (guint i = 0; i < GVT_SIZES; i++)
        most[i] = MIN(total, GVT_IDS);
    g_auto(Pools) pools = { 0 };
    pools_init(&pools, question->facts, question->parents, FALSE);
    while (next_counts(counts, most, GVT_SIZES))
        if (is_smaller(all.counts, counts))
            keep_better(&best, &pools, all.ids, all.types, counts, GVT_SIZES);
    return mix_of(all.ids, best.counts, GVT_SIZES);
}

MixFit *mix_fit(const HostFacts *facts, const GPtrArray *parents, const GPtrArray *mix)
{
    MixFit *fit = record_new(&mix_fit_type);
    MixQuestion question = { .facts = facts, .parents = parents };
    fit->wanted = g_ptr_array_new();
    fit->why = resolve(&question, mix, fit->wanted);
    if (fit->why != NULL)
        return fit;
    fit->fits = fits(&question, FALSE);
    fit->fits_empty = fit->fits || fits(&question, TRUE);
    if (fit->fits)
        return fit;
    fit->why = mix_shortage(&question, fit->fits_empty);
    fit->smaller = find_smaller(&question);
    fit->fewer = find_fewer(&question);
    return fit;
}
