/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What rundir.c and rundir-list.c share; see rundir.h. */
#pragma once

#include "vm/rundir.h"

#define RUNDIR_LOCK "lock"

/* Makes @path with mode 0700, or sees that it is a directory of ours closed to others. */
gboolean rundir_make_private(const char *path, GError **error);

/*
 * Takes the lock of the base directory: @exclusively to remove directories in it, else to make one.
 * Waits for others a while; -1 with @error set (VGPUCTL_ERROR_BUSY).
 */
int rundir_lock_base(const char *base, gboolean exclusively, GError **error);

/* state.json of the directory @path; NULL with @error set. */
VmState *rundir_read_state(const char *path, GError **error);

/*
 * Kills the QEMU that the dead supervisor of @path should have taken with it (PDEATHSIG). Call it
 * with the directory's lock held.
 */
gboolean rundir_reap(const char *path, GError **error);
