/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What QEMU's OpenGL displays can render on. */
#pragma once

#include "host/facts.h"

/*
 * Whether QEMU's OpenGL starts on @node: what ui/egl-helpers.c:egl_rendernode_init demands, which
 * grew with time. Else *@ret_why (may be NULL) says what is missing, owned.
 */
gboolean render_node_works(const HostFacts *facts, const DrmNode *node, char **ret_why);

/*
 * The same for GL_NO_DEVICE: the entry of what renders there, borrowed, always by software. NULL
 * when nothing does; then *@ret_why says why, owned.
 */
const GlPlatform *render_without_node(const HostFacts *facts, char **ret_why);
