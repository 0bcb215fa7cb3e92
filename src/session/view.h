/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Looking at a running VM with a viewer of this desktop. */
#pragma once

#include "base/root.h"

typedef struct {
    GStrv argv;         /* of the viewer; argv[0] is found on PATH, or is "vgpuctl" itself */
    const char *reason; /* why that one, static */
} View;

/*
 * How the screen of VM @name is shown here; NULL: of the only one that runs. FALSE with @error set:
 * VGPUCTL_ERROR_NOT_FOUND when it does not run, or nothing here shows it; VGPUCTL_ERROR_USAGE when
 * several run and none was named; VGPUCTL_ERROR_REFUSED when no viewer reaches its display.
 */
gboolean session_view(const Root *root, const char *name, View *ret_view, GError **error);
void view_clear(View *view);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(View, view_clear)
