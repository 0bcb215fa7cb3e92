/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file-lock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define SHORTEST_NAP_US 500u
#define LONGEST_NAP_US 250000u

int file_lock_open(const char *path, GError **error)
{
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0)
        error_set_errno(error, errno, "Opening lock %s", path);
    return fd;
}

static struct flock whole_file(FileLockKind kind)
{
    return (struct flock){ .l_type = kind == FILE_LOCK_EXCLUSIVE ? F_WRLCK : F_RDLCK,
                           .l_whence = SEEK_SET };
}

gboolean file_lock_try(int fd, FileLockKind kind)
{
    struct flock lock = whole_file(kind);
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return TRUE;
    if (errno == EACCES) /* the other value that POSIX allows for a held lock */
        errno = EAGAIN;
    return FALSE;
}

/* Calls @try again and again, as the kernel has no lock call with a time limit, and a signal's
 * handler is not ours to set. */
static gboolean wait_for(gboolean (*try)(int fd, FileLockKind kind), int fd, FileLockKind kind,
                         gint64 deadline_us)
{
    /* an eighth of the time that was waited: many who wait long must not keep the holder from work
     */
    gint64 start_us = g_get_monotonic_time();
    for (;;) {
        if (try(fd, kind))
            return TRUE;
        if (errno != EAGAIN && errno != EINTR)
            return FALSE;
        if (g_get_monotonic_time() >= deadline_us) {
            errno = EAGAIN;
            return FALSE;
        }
        g_usleep(CLAMP((gulong)(g_get_monotonic_time() - start_us) / 8, SHORTEST_NAP_US,
                       LONGEST_NAP_US));
    }
}

gboolean file_lock_wait(int fd, FileLockKind kind, gint64 deadline_us)
{
    return wait_for(file_lock_try, fd, kind, deadline_us);
}

static gboolean try_flock(int fd, FileLockKind kind)
{
    return flock(fd, (kind == FILE_LOCK_EXCLUSIVE ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0;
}

int file_lock_directory(const char *path, gint64 deadline_us, GError **error)
{
    autofd int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && wait_for(try_flock, fd, FILE_LOCK_EXCLUSIVE, deadline_us))
        return steal_fd(&fd);
    error_set_errno(error, errno, "Locking directory %s", path);
    return -1;
}

gboolean file_lock_is_held(int fd)
{
    struct flock lock = whole_file(FILE_LOCK_SHARED);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

gboolean file_lock_is_free(int fd)
{
    /* only taking a lock asks how the file was opened (Linux, fs/locks.c, fcntl_getlk()) */
    struct flock lock = whole_file(FILE_LOCK_EXCLUSIVE);
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type == F_UNLCK;
}
