/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which DRM nodes QEMU's OpenGL displays can render on. */
#pragma once

#include "host/facts.h"

/*
 * Whether QEMU's OpenGL starts on @node: what ui/egl-helpers.c:egl_rendernode_init demands, which
 * grew with time. Else *@ret_why (may be NULL) says what is missing, owned.
 */
gboolean render_node_works(const HostFacts *facts, const DrmNode *node, char **ret_why);
