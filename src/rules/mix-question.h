/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside mix-fit.c and mix-words.c: a mix and the host it is for. */
#pragma once

#include "rules/capacity.h"
#include "rules/mix.h"

typedef struct {
    const HostFacts *facts;
    const GPtrArray *parents;             /* CapacityParent */
    const char *ids[MIX_TYPES];           /* whole names */
    const CapacityType *types[MIX_TYPES]; /* a row of each */
    int counts[MIX_TYPES];
    guint n;
} MixQuestion;

/* The four types of GVT-g with what is asked of each; FALSE: other types are asked for, too. */
gboolean mix_gvt_question(const MixQuestion *question, MixQuestion *ret_all);

/* Why it does not fit now and the way out. Owned. */
char *mix_shortage(const MixQuestion *question, gboolean fits_empty);

/* That no parent has a type of that name, and which there are. Owned. */
char *mix_unknown(const GPtrArray *parents, const char *wanted);
