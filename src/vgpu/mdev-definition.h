/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The definitions of mediated devices, /etc/mdevctl.d/PARENT/UUID: mdevctl's files, which libvirt
 * watches, with nothing of ours in or beside them.
 *
 * Written all or nothing. What one caller reads, changes and writes nobody else of ours changes in
 * between: the parent's directory is locked (flock(2)), which leaves no file behind.
 */
#pragma once

#include "vgpu/mdev.h"

#define MDEV_DEFINITIONS "/etc/mdevctl.d"

/* What mdev_definitions() has to find out besides. */
typedef enum {
    MDEV_WITH_ACTIVE = 1 << 0, /* whether the device lives */
    MDEV_WITH_SOURCE = 1 << 1, /* keep dev->source, to write the definition back */
} MdevDetail;

/*
 * All definitions (for @parent, with @uuid; NULL: any) as Mdev by parent and UUID, owned. As with
 * mdevctl, links and special files are passed by, files whose name is no UUID and files that cannot
 * be opened get a note, and one that cannot be understood is an error for all. NULL with @error.
 */
GPtrArray *mdev_definitions(const MdevHost *host, const char *uuid, const char *parent,
                            MdevDetail details, GError **error);

/* "/etc/mdevctl.d/PARENT/UUID". Owned. */
char *mdev_definition_path(const char *parent, const char *uuid);

/* Whether it is there, readable or not. */
gboolean mdev_definition_exists(const MdevHost *host, const char *parent, const char *uuid);

/* The definitions of one parent by UUID, for callers that look up many. NULL: there are none. */
typedef struct MdevDirectory MdevDirectory;
MdevDirectory *mdev_directory_open(const MdevHost *host, const char *parent);
void mdev_directory_free(MdevDirectory *directory);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdevDirectory, mdev_directory_free)
/* Sets dev->defined, and reads the definition into @dev as far as it can be. */
void mdev_directory_load(MdevDirectory *directory, Mdev *dev);

/* Makes the directory of @parent where it is missing, and locks it. The lock ends with the
 * descriptor. -1 with @error (MDEV_ERROR_LOCKED: not to be had for ten seconds). */
int mdev_definition_lock(const MdevHost *host, const char *parent, GError **error);

/* Writes the definition of @dev over the one of that name, if there is one. Under the lock. */
gboolean mdev_definition_write(const MdevHost *host, const Mdev *dev, GError **error);

gboolean mdev_definition_remove(const MdevHost *host, const Mdev *dev, GError **error);

/* MDEV_ERROR_BAD_NAME for a @parent that would lead out of the directory of definitions. */
gboolean mdev_check_parent_name(const char *parent, GError **error);
