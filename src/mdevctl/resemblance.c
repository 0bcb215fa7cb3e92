/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/resemblance.h"

/* From this on a word is offered (clap 3.2, src/parser/features/suggestions.rs). */
#define ALIKE 0.8

/* Each character of @a finds the first equal, yet unused one of @b that is not too far away. */
static double jaro(const gunichar *a, glong a_length, const gunichar *b, glong b_length)
{
    if (a_length == 0 || b_length == 0)
        return a_length == b_length ? 1 : 0;
    if (a_length == 1 && b_length == 1)
        return a[0] == b[0] ? 1 : 0;

    glong reach = MAX(a_length, b_length) / 2 - 1;
    g_autofree gboolean *is_used = g_new0(gboolean, b_length);
    double matches = 0, transpositions = 0;
    glong last = 0;
    for (glong i = 0; i < a_length; i++) {
        glong end = MIN(b_length - 1, i + reach);
        for (glong j = MAX(0, i - reach); j <= end; j++) {
            if (a[i] != b[j] || is_used[j])
                continue;
            is_used[j] = TRUE;
            matches += 1;
            transpositions += j < last;
            last = j;
            break;
        }
    }
    if (matches == 0)
        return 0;
    return (1.0 / 3.0) * ((matches / (double)a_length) + (matches / (double)b_length) +
                          ((matches - transpositions) / matches));
}

double resemblance(const char *a, const char *b)
{
    glong a_length = 0, b_length = 0, prefix = 0;
    g_autofree gunichar *first = g_utf8_to_ucs4_fast(a, -1, &a_length);
    g_autofree gunichar *second = g_utf8_to_ucs4_fast(b, -1, &b_length);
    double similarity = jaro(first, a_length, second, b_length);
    while (prefix < MIN(a_length, b_length) && first[prefix] == second[prefix])
        prefix++;
    return MIN(similarity + (0.1 * (double)prefix * (1.0 - similarity)), 1);
}

typedef struct {
    double alike;
    const char *word;
} Candidate;

static int compare(gconstpointer a, gconstpointer b)
{
    double first = ((const Candidate *)a)->alike, second = ((const Candidate *)b)->alike;
    return (first > second) - (first < second);
}

GPtrArray *resemblance_choose(const char *wrong, const GPtrArray *words)
{
    g_autoptr(GArray) candidates = g_array_new(FALSE, FALSE, sizeof(Candidate));
    for (guint i = 0; i < words->len; i++) {
        Candidate candidate = { resemblance(wrong, words->pdata[i]), words->pdata[i] };
        if (candidate.alike > ALIKE)
            g_array_append_val(candidates, candidate);
    }
    g_array_sort(candidates, compare);
    GPtrArray *chosen = g_ptr_array_new();
    for (guint i = 0; i < candidates->len; i++)
        g_ptr_array_add(chosen, (gpointer)g_array_index(candidates, Candidate, i).word);
    return chosen;
}
