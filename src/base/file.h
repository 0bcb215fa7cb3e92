/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files we write: all or nothing. A reader sees the old content or the new one, also when the
 * machine loses power or the disk is full.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

/*
 * Replaces @path by @length bytes of @data: hidden temporary file in the same directory, fsync,
 * rename. On failure nothing of ours remains, @path is as it was, and errno says why, too.
 */
gboolean file_write_atomic(const char *path, const void *data, gsize length, mode_t mode,
                           GError **error);

/* The same for a file that must not be there yet: FALSE with VGPUCTL_ERROR_EXISTS when it is, even
 * when another process makes it at this moment. */
gboolean file_create_atomic(const char *path, const void *data, gsize length, mode_t mode,
                            GError **error);

/* mkdir -p with @mode for what is made. FALSE with @error and errno set. */
gboolean file_make_directory(const char *path, mode_t mode, GError **error);

/*
 * Removes a directory and what it holds; links are removed, not followed. Silent when it is gone
 * already.
 */
gboolean file_remove_tree(const char *path, GError **error);

/* Writes all @length bytes to @fd, whatever write(2) takes at a time. FALSE and errno. */
gboolean file_write_all(int fd, const void *data, gsize length);
