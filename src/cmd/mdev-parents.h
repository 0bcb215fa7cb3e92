/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The --parent of commands about mediated devices. */
#pragma once

#include "rules/capacity.h"
#include "rules/mdev-absence.h"

/* Whether @wanted names the device @name: "0000:00:02.0" or "00:02.0", letters in any case. */
gboolean mdev_parent_matches(const char *name, const char *wanted);

/* Takes from @parents (CapacityParent) and @absences (Absence; may be NULL) what is not of @wanted
 * (NULL: everything stays). FALSE with @error when nothing is left, which names what there is. */
gboolean mdev_parents_keep(GPtrArray *parents, GPtrArray *absences, const char *wanted,
                           GError **error);
