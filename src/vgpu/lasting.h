/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What lets a vGPU come again with the next boot: a definition as mdevctl writes it, with "start":
 * "auto". */
#pragma once

#include "vgpu/claim.h"

/* Defines the vGPU of @claim, which lives; one that is defined is left as it is. */
gboolean lasting_define(const Root *root, const Claim *claim, GError **error);

/* Silent when there is none. */
gboolean lasting_undefine(const Root *root, const Claim *claim, GError **error);
