/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files the display process may still open, by Landlock (landlock(7), Linux 5.13). */
#pragma once

#include <glib.h>

/*
 * From now on the process reads the files of the system, with OpenGL's among them, and uses @node
 * (NULL: none) and NVIDIA's devices; nothing else: no home, no keys, no run directory. What is open
 * stays open. To be called while there is one thread, which is checked (VGPUCTL_ERROR_FAILED): the
 * limit binds this one and those it starts. On a kernel without Landlock nothing happens: the
 * system call filter alone keeps files away then, except from OpenGL.
 */
gboolean display_limit_files(const char *node, GError **error);
