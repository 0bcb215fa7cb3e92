/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks on whole files that end with their holder, whatever ends it (fcntl(2), open file
 * description locks). Unlike those of flock(2) one can be asked after without taking it.
 */
#pragma once

#include <glib.h>

typedef enum { FILE_LOCK_SHARED, FILE_LOCK_EXCLUSIVE } FileLockKind;

/*
 * Opens @path, made with mode 0600 when missing; a symbolic link is refused. The lock that is taken
 * on it lasts until the descriptor and its duplicates are closed. -1 with @error set.
 */
int file_lock_open(const char *path, GError **error);

/* Takes the lock now or not at all. FALSE and errno; EAGAIN: somebody else holds it. */
gboolean file_lock_try(int fd, FileLockKind kind);

/*
 * Takes the lock until @deadline_us (g_get_monotonic_time()). FALSE and errno; EAGAIN: the time is
 * over.
 */
gboolean file_lock_wait(int fd, FileLockKind kind, gint64 deadline_us);

/* Whether an exclusive lock of somebody else is on the file; takes none. */
gboolean file_lock_is_held(int fd);

/* Whether no lock of anybody else is on the file, a shared one included; takes none. @fd may be
 * open for reading alone. */
gboolean file_lock_is_free(int fd);

/*
 * Opens the directory @path and locks it until @deadline_us, with flock(2), as the locks above want
 * a descriptor that can write. Two such locks exclude each other, whichever process has them. -1
 * with @error and errno set (EAGAIN: the time is over).
 */
int file_lock_directory(const char *path, gint64 deadline_us, GError **error);
