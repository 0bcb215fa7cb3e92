/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `capacity` prints: figures for people and for schedulers. Pure. */
#pragma once

#include "base/json.h"
#include "rules/capacity.h"
#include "rules/mix-fit.h"

/*
 * The types that parents offer (CapacityParent), and whose the devices are that live.
 * @uses: VgpuUse by uuid. Owned.
 */
char *capacity_text(const HostFacts *facts, const GPtrArray *parents, GHashTable *uses);

/* An array of parents with their types and devices. */
json_t *capacity_json(const HostFacts *facts, const GPtrArray *parents, GHashTable *uses);

/* "V5_4=1 fits", or why not and what does. Owned. */
char *capacity_fit_text(const MixFit *fit);
