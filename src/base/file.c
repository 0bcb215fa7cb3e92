/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

gboolean file_write_all(int fd, const void *data, gsize length)
{
    const char *next = data;
    while (length > 0) {
        ssize_t n = write(fd, next, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FALSE;
        next += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* Makes the rename durable; a file system that cannot sync a directory is not our failure. */
static void sync_directory(const char *directory)
{
    autofd int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0)
        (void)fsync(fd);
}

/* rename(2) that replaces nothing; not every file system can do what renameat2(2) offers for it. */
static int move_to_new(const char *temporary, const char *path)
{
    return link(temporary, path) < 0 ? -1 : unlink(temporary);
}

static int move_over(const char *temporary, const char *path)
{
    return rename(temporary, path);
}

/* Writes beside @path, then has @move bring it there. */
static gboolean write_and_move(const char *path, const void *data, gsize length, mode_t mode,
                               int (*move)(const char *, const char *), GError **error)
{
    g_autofree char *directory = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(path);
    g_autofree char *temporary = g_strdup_printf("%s/.%s.XXXXXX", directory, name);

    autofd int fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return error_set_errno(error, errno, "Writing %s", path);
    if (!file_write_all(fd, data, length) || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
        move(temporary, path) < 0) {
        int saved = errno;
        unlink(temporary);
        return error_set_errno(error, saved, "Writing %s", path);
    }
    sync_directory(directory);
    return TRUE;
}

gboolean file_write_atomic(const char *path, const void *data, gsize length, mode_t mode,
                           GError **error)
{
    return write_and_move(path, data, length, mode, move_over, error);
}

gboolean file_create_atomic(const char *path, const void *data, gsize length, mode_t mode,
                            GError **error)
{
    return write_and_move(path, data, length, mode, move_to_new, error);
}

gboolean file_make_directory(const char *path, mode_t mode, GError **error)
{
    if (g_mkdir_with_parents(path, (int)mode) < 0)
        return error_set_errno(error, errno, "Making directory %s", path);
    return TRUE;
}

gboolean file_remove_tree(const char *path, GError **error)
{
    char *const roots[] = { (char *)path, NULL };
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_XDEV, NULL);
    if (tree == NULL)
        return error_set_errno(error, errno, "Removing %s", path);

    int failed = 0;
    for (const FTSENT *entry; (entry = fts_read(tree)) != NULL;) {
        if (entry->fts_info == FTS_D)
            continue;
        if (entry->fts_info == FTS_NS && entry->fts_errno == ENOENT)
            continue;
        if (remove(entry->fts_accpath) < 0 && errno != ENOENT)
            failed = errno;
    }
    fts_close(tree);
    if (failed != 0)
        return error_set_errno(error, failed, "Removing %s", path);
    return TRUE;
}
