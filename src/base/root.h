/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Root
 *
 * The directory in front of /sys, /proc, /etc, /dev and /usr. It is "/" for users; a test or a
 * rescue system names another one with VGPUCTL_ROOT. All paths are given absolute ("/sys/..") and
 * resolve inside the root: links cannot lead out of it (openat2(2), RESOLVE_IN_ROOT; on kernels
 * without it a plain path below the root is used).
 */
#pragma once

#include <glib.h>
#include <sys/stat.h>

typedef struct Root Root;

/* Opens @directory (NULL: $VGPUCTL_ROOT, else "/"). NULL with @error set when it is no directory.
 */
Root *root_open(const char *directory, GError **error);
void root_free(Root *root);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Root, root_free)

/* Whether this is the machine itself and not another directory. */
gboolean root_is_system(const Root *root);

/* The path of @path as other programs must name it (borrowed root directory + @path). Owned. */
char *root_host_path(const Root *root, const char *path);

/* Opens @path with open(2) @flags (O_CLOEXEC is added). -1 with @error and errno set. */
int root_open_file(const Root *root, const char *path, int flags, GError **error);

/*
 * Reads a whole file of at most ROOT_READ_LIMIT bytes; a longer one is an error. @length may be
 * NULL. The result is owned and NUL-terminated behind its last byte.
 */
#define ROOT_READ_LIMIT (4u << 20)
char *root_read(const Root *root, const char *path, gsize *length, GError **error);

/*
 * Maps a regular file for reading, for large databases of which little is looked at; not for sysfs
 * and proc. The bytes have no NUL behind them. NULL with @error set; else g_mapped_file_unref().
 */
GMappedFile *root_map(const Root *root, const char *path, GError **error);

/*
 * Reads a sysfs attribute: as root_read(), without trailing white space. Returns NULL with no
 * error for a file that does not exist when @error is NULL.
 */
char *root_read_attr(const Root *root, const char *path, GError **error);

/* Attributes that are numbers ("0x8086", "12"). FALSE with @error set when absent or no number. */
gboolean root_read_u64(const Root *root, const char *path, guint64 *ret_value, GError **error);

/* Target text of a symbolic link, owned; NULL with @error set. */
char *root_read_link(const Root *root, const char *path, GError **error);

/* Last component of a link's target: driver, iommu_group, ... NULL when it is no link. Owned. */
char *root_link_name(const Root *root, const char *path);

/* Sorted names in a directory without "." and ".."; an empty list when it does not exist. Owned. */
GStrv root_list(const Root *root, const char *path);

/* lstat(2)-like existence and stat(2)-like information. */
gboolean root_exists(const Root *root, const char *path);
gboolean root_stat(const Root *root, const char *path, struct stat *ret_stat, GError **error);

/*
 * Whether this process may open @path with @flags (O_RDONLY, O_RDWR). Returns 0 or the errno of the
 * attempt; nothing but the open itself is done.
 */
int root_try_open(const Root *root, const char *path, int flags);
