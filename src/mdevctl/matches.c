/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/matches.h"

static void match_free(gpointer data)
{
    Match *match = data;
    g_ptr_array_unref(match->values);
    g_free(match);
}

Matches *matches_new(void)
{
    Matches *matches = g_new0(Matches, 1);
    matches->matches = g_ptr_array_new_with_free_func(match_free);
    return matches;
}

void matches_free(Matches *matches)
{
    if (matches == NULL)
        return;
    g_ptr_array_unref(matches->matches);
    g_free(matches);
}

const Match *matches_find(const Matches *matches, const MdevctlOption *option)
{
    for (guint i = 0; i < matches->matches->len; i++) {
        const Match *match = matches->matches->pdata[i];
        if (match->option == option)
            return match;
    }
    return NULL;
}

void matches_add(Matches *matches, const MdevctlOption *option, const char *value)
{
    Match *match = (Match *)matches_find(matches, option);
    if (match == NULL) {
        match = g_new0(Match, 1);
        match->option = option;
        match->values = g_ptr_array_new();
        g_ptr_array_add(matches->matches, match);
    }
    match->occurrences++;
    if (value != NULL)
        g_ptr_array_add(match->values, (gpointer)value);
}

GPtrArray *matches_shown(const Matches *matches)
{
    GPtrArray *shown = g_ptr_array_new();
    for (guint i = 0; i < matches->matches->len; i++) {
        const Match *match = matches->matches->pdata[i];
        if (!match->option->is_hidden)
            g_ptr_array_add(shown, (gpointer)match->option);
    }
    return shown;
}
