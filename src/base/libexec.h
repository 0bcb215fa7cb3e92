/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where our helper programs lie: those that link what must stay out of vgpuctl (GL, X11, PNG) or
 * that may crash.
 */
#pragma once

/*
 * The path to start the helper @program with: in $VGPUCTL_LIBEXECDIR; else, in the build tree, in
 * libexec/ beside the running program; else where it was installed. It need not exist; starting it
 * tells. Owned.
 */
char *libexec_path(const char *program);
