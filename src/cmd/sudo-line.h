/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/*
 * Adds what has to be typed instead, or the administrator be asked for, to an error of missing
 * rights (VGPUCTL_ERROR_ACCESS), where we are not root. Returns the exit status 1.
 */
int sudo_line_add(GError **error);
