/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The run directory of a VM
 *
 * One directory a VM, mode 0700, with its sockets and what is going on.
 * Its file "lock" is held by the supervisor as long as it lives: a directory whose lock nobody
 * holds is stale. The directories lie together in a base directory (rundir_base()), whose own lock
 * orders the changes: makers hold it shared, removers exclusively, so that a directory is never
 * removed under a new VM of the same name.
 *
 * The paths fit into a Unix socket's address (107 bytes); QEMU binds most of the sockets itself, so
 * a longer path is refused rather than worked around.
 */
#pragma once

#include "base/root.h"
#include "vm/vm-state.h"

#define RUNDIR_QMP_SOCKET "qmp.sock"           /* QEMU's second monitor */
#define RUNDIR_QMP_LOCK "qmp.lock"             /* whose turn it is there: QEMU serves one client */
#define RUNDIR_STATE "state.json"              /* VmState */
#define RUNDIR_VNC_SOCKET "vnc.sock"           /* of our display server */
#define RUNDIR_QEMU_VNC_SOCKET "qemu-vnc.sock" /* of QEMU's VNC server */
#define RUNDIR_INPUT_SOCKET "input.sock"       /* a monitor of QEMU's for input alone */
#define RUNDIR_SPICE_SOCKET "spice.sock"

/* A run directory that is ours as long as this exists. */
typedef struct RunDir RunDir;

/*
 * The directory that holds the run directories, made when missing: /run/vgpuctl/vms for root,
 * otherwise vgpuctl/ in $XDG_RUNTIME_DIR or /run/user/UID, or without those
 * ${TMPDIR:-/tmp}/vgpuctl-UID. Refused when it is a link, belongs to somebody else or is open to
 * others. Owned; NULL with @error set.
 */
char *rundir_base(const Root *root, GError **error);

/*
 * Makes and locks the directory of VM @name. VGPUCTL_ERROR_EXISTS: such a VM runs;
 * VGPUCTL_ERROR_USAGE: the name is none. What a dead VM of that name left is removed first, its
 * QEMU killed should it still live.
 */
RunDir *rundir_create(const Root *root, const char *name, GError **error);

/* Its path, borrowed, and that of a file in it, owned. */
const char *rundir_path(const RunDir *dir);
char *rundir_file(const RunDir *dir, const char *member);

/* Replaces state.json, all or nothing. */
gboolean rundir_write_state(const RunDir *dir, const VmState *state, GError **error);

/* Removes the directory with all that is in it. The lock stays ours until rundir_free(). */
gboolean rundir_remove(RunDir *dir, GError **error);

/* Gives up the lock. A directory that was not removed is stale from now on. NULL is fine. */
void rundir_free(RunDir *dir);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunDir, rundir_free)
