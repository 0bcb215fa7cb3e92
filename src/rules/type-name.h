/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* How people name a type of mediated devices: whole or by its end. */
#pragma once

#include <glib.h>

#include "host/facts-mdev.h"

/*
 * Whether @wanted names the type @id: the whole of it, or what stands behind a "-" or "_" of it and
 * holds a letter. So "i915-GVTg_V5_4", "GVTg_V5_4" and "V5_4" name one, and "4" none.
 */
gboolean type_matches(const char *id, const char *wanted);

/* The same, or by what the driver calls the type ("GRID M60-0Q"). */
gboolean mdev_type_matches(const MdevType *type, const char *wanted);

/* The type of @parent that @wanted names, whole names first. Borrowed; NULL: none. */
const MdevType *mdev_match_type(const MdevParent *parent, const char *wanted);

/* "V5_4" of "i915-GVTg_V5_4": what is enough to name a type of GVT-g; all of any other. Borrowed
 * from @id. */
const char *type_short_name(const char *id);
