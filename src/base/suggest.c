/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/suggest.h"

#include <string.h>

#define LONGEST 64

/* Optimal string alignment distance; words longer than LONGEST are never near. */
static guint distance(const char *a, const char *b)
{
    gsize rows = strlen(a), columns = strlen(b);
    if (rows > LONGEST || columns > LONGEST)
        return G_MAXUINT;

    guint d[LONGEST + 1][LONGEST + 1];
    for (gsize i = 0; i <= rows; i++)
        d[i][0] = (guint)i;
    for (gsize j = 0; j <= columns; j++)
        d[0][j] = (guint)j;
    for (gsize i = 1; i <= rows; i++) {
        for (gsize j = 1; j <= columns; j++) {
            guint replace = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = MIN(replace, MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = MIN(d[i][j], d[i - 2][j - 2] + 1);
        }
    }
    return d[rows][columns];
}

const char *suggest_word(const char *wrong, const char *const *words)
{
    const char *best = NULL;
    guint best_distance = MAX((guint)strlen(wrong) / 3, 1) + 1;
    for (; *words != NULL; words++) {
        guint edits = distance(wrong, *words);
        if (edits < best_distance) {
            best = *words;
            best_distance = edits;
        }
    }
    return best;
}
