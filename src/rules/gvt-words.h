/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a GPU with GVT-g has no vGPU of a type left, and what to change. Pure. */
#pragma once

#include "rules/gvt-budget.h"

/*
 * One sentence with the numbers and the way out: for a type that is not listed, that no setting of
 * this firmware gives now, or that is used up. @shown: the driver's available_instances (-1: none).
 * NULL when one can be made. Owned.
 */
char *gvt_shortage(const GvtBudget *budget, const GvtNeed *need, int shown);

/* "Aperture size 1024 MB, GTT 8 MB in the firmware", when that gives more of the type than this
 * empty GPU has; else NULL. Owned. */
char *gvt_better_setting(const GvtBudget *budget, const GvtNeed *need);

/* "aperture 128 of 128 MB, hidden 384 of 3456 MB, 1 of 7 vGPUs": what is used. Owned. */
char *gvt_usage(const GvtBudget *budget);
