/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which files the display process may still open, by Landlock (landlock(7), Linux 5.13). */
#pragma once

#include <glib.h>

/*
 * From now on this thread and those it starts read the files of the system, with OpenGL's among
 * them, use @node and NVIDIA's devices, and write in the directory @run, where the lock of QEMU's
 * monitor lies; nothing else: no home, no keys, no other user's. What is open stays open. NULL: not
 * needed. On a kernel without Landlock nothing happens: the system call filter alone keeps files
 * away then, except from OpenGL.
 */
gboolean display_limit_files(const char *node, const char *run, GError **error);
