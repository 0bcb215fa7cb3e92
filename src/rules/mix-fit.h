/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether a mix of vGPUs fits on a host. Exact for GVT-g, whose budgets are known. Elsewhere types
 * share what a parent has in the ratio of their counts, which holds for the kernel's sample drivers
 * and is an estimate for others.
 */
#pragma once

#include "rules/capacity.h"
#include "rules/mix.h"

typedef struct {
    GPtrArray *wanted;   /* MixItem, with the names of the types that were meant */
    gboolean fits;       /* now */
    gboolean fits_empty; /* with no device on the host */
    char *why;           /* it does not fit now: what binds and the way out; else NULL */
    GPtrArray *smaller;  /* as many, of smaller types, that fit now; empty: none */
    GPtrArray *fewer;    /* as many of them as fit now; empty: none does */
} MixFit;
extern const RecordType mix_fit_type;

/* @parents: of capacity_of(@facts). Free with record_free(&mix_fit_type). */
MixFit *mix_fit(const HostFacts *facts, const GPtrArray *parents, const GPtrArray *mix);
