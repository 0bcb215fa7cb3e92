/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * All run directories as other commands than the supervisor see them: which VMs run, and removing
 * what dead ones left.
 */
#pragma once

#include "base/root.h"
#include "vm/vm-state.h"

typedef struct {
    char *name;
    char *path;       /* of its run directory */
    gboolean running; /* its supervisor lives; otherwise the directory is stale */
    VmState *state;   /* NULL: it has not written any, or none that can be read */
} RunDirEntry;

void rundir_entry_free(RunDirEntry *entry);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RunDirEntry, rundir_entry_free)

/* All of them by name: a GPtrArray of RunDirEntry, owned. NULL with @error set. */
GPtrArray *rundir_list(const Root *root, GError **error);

/* The VM @name, which runs. NULL with @error set; VGPUCTL_ERROR_NOT_FOUND when it does not. */
RunDirEntry *rundir_find_running(const Root *root, const char *name, GError **error);

/*
 * Removes the stale ones and kills what is left of their QEMU. Harmless beside VMs that start or
 * end meanwhile. @ret_removed may be NULL. One that cannot be removed stays and keeps nobody from
 * anything but its name: why goes to *@ret_left, a line each, owned; NULL when all were removed,
 * @ret_left may be NULL. FALSE with @error set when the directories cannot be looked at.
 */
gboolean rundir_collect(const Root *root, guint *ret_removed, char ***ret_left, GError **error);

/* Removes that of VM @name, when it is stale. FALSE with @error set when it could not be removed.
 */
gboolean rundir_collect_name(const Root *root, const char *name, GError **error);
