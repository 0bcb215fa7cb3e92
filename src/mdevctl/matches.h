/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stands on a command line: each option once, in the order of its first use, with all values.
 */
#pragma once

#include <glib.h>

#include "mdevctl/command.h"

typedef struct {
    const MdevctlOption *option;
    guint occurrences;
    GPtrArray
        *values; /* of const char, borrowed from argv; fewer than @occurrences where missing */
} Match;

typedef struct {
    GPtrArray *matches; /* of Match */
} Matches;

Matches *matches_new(void);
void matches_free(Matches *matches);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Matches, matches_free)

/* Counts one more use of @option; @value is NULL for a flag and where the value is missing. */
void matches_add(Matches *matches, const MdevctlOption *option, const char *value);

/* NULL when @option was not used. */
const Match *matches_find(const Matches *matches, const MdevctlOption *option);

/* The options that are no hidden ones, of const MdevctlOption. Owned. */
GPtrArray *matches_shown(const Matches *matches);
