/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `types` prints. Pure. */
#pragma once

#include "rules/capacity.h"
#include "rules/mdev-absence.h"

/* Parents with their types, what is left and why nothing is, then the GPUs without types and why.
 * CapacityParent, Absence. Owned. */
char *types_text(const GPtrArray *parents, const GPtrArray *absences);

/* What empty GPUs would offer: capacity_what_if(). Owned. */
char *types_what_if_text(const GPtrArray *parents);
