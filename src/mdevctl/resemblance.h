/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which words mdevctl 1.2.0 offers for a mistyped one. (base/suggest.h is for our own texts.)
 */
#pragma once

#include <glib.h>

/*
 * How alike two texts are, 0 to 1: Jaro's measure with Winkler's bonus for a common beginning,
 * whose length has no limit here (strsim 0.10, which clap uses).
 */
double resemblance(const char *a, const char *b);

/* Those of @words (of const char) that are like @wrong, most alike last. Owned. */
GPtrArray *resemblance_choose(const char *wrong, const GPtrArray *words);
