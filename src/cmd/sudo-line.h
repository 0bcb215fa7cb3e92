/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What somebody without root has to type, or has to ask the administrator for. */
#pragma once

#include <glib.h>

/* "sudo vgpuctl create V5_4 --user alice": the command line of this process, quoted for a shell.
 * Owned. */
char *sudo_line(void);

/* Adds it to an error of missing rights (VGPUCTL_ERROR_ACCESS), where we are not root. Returns the
 * exit status 1. */
int sudo_line_add(GError **error);
