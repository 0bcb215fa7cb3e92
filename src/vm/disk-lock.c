/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's image locks (block/file-posix.c): one byte a permission from RAW_LOCK_PERM_BASE for what a
 * user of the image does, one from RAW_LOCK_SHARED_BASE for what it does not want others to do. All
 * are read locks of open file descriptions, so that a test for a write lock finds them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/root.h"
#include "vm/disk.h"

#define RAW_LOCK_PERM_BASE 100
#define RAW_LOCK_SHARED_BASE 200

/* include/block/block-common.h: BLK_PERM_*, as bit numbers */
enum { PERM_CONSISTENT_READ, PERM_WRITE, PERM_WRITE_UNCHANGED, PERM_RESIZE };

/* TRUE when nobody holds @byte, or when the file system knows no such locks (QEMU then goes on
 * without, too). */
static gboolean byte_free(int fd, off_t byte)
{
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1 };
    return fcntl(fd, F_OFD_GETLK, &lock) < 0 || lock.l_type == F_UNLCK;
}

/*
 * A guest disk wants to read consistently (and write and resize), and wants nobody else to write or
 * resize (hw/block/block.c:blkconf_apply_backend_options without share-rw).
 */
static gboolean image_free(int fd, gboolean readonly)
{
    static const int forbidden[] = { PERM_WRITE, PERM_RESIZE };
    static const int wanted[] = { PERM_CONSISTENT_READ, PERM_WRITE, PERM_RESIZE };
    for (gsize i = 0; i < G_N_ELEMENTS(forbidden); i++)
        if (!byte_free(fd, RAW_LOCK_PERM_BASE + forbidden[i]))
            return FALSE;
    for (gsize i = 0; i < (readonly ? 1 : G_N_ELEMENTS(wanted)); i++)
        if (!byte_free(fd, RAW_LOCK_SHARED_BASE + wanted[i]))
            return FALSE;
    return TRUE;
}

/* Whether process @pid has the file of @status open. */
static gboolean process_has(const Root *root, const char *pid, const struct stat *status)
{
    g_autofree char *directory = g_strdup_printf("/proc/%s/fd", pid);
    g_auto(GStrv) fds = root_list(root, directory);
    for (guint i = 0; fds[i] != NULL; i++) {
        g_autofree char *path = g_strdup_printf("%s/%s", directory, fds[i]);
        struct stat other;
        if (stat(path, &other) == 0 && other.st_dev == status->st_dev &&
            other.st_ino == status->st_ino)
            return TRUE;
    }
    return FALSE;
}

/*
 * "process 1234 (qemu-system-x86)", owned; NULL when it is not ours to see. The kernel does not
 * tell the owner of an OFD lock (l_pid is -1, and so is /proc/locks), so look who has the file.
 */
static char *find_holder(int fd)
{
    g_autoptr(Root) root = root_open("/", NULL);
    struct stat status;
    if (root == NULL || fstat(fd, &status) < 0)
        return NULL;
    g_auto(GStrv) names = root_list(root, "/proc");
    for (guint i = 0; names[i] != NULL; i++) {
        if (!g_ascii_isdigit(names[i][0]) || atoi(names[i]) == getpid() ||
            !process_has(root, names[i], &status))
            continue;
        g_autofree char *comm = g_strdup_printf("/proc/%s/comm", names[i]);
        g_autofree char *program = root_read_attr(root, comm, NULL);
        return g_strdup_printf("process %s (%s)", names[i], program != NULL ? program : "gone");
    }
    return NULL;
}

gboolean disk_check_lock(const DiskInfo *disk, gboolean readonly, GError **error)
{
    autofd int fd = open(disk->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set_errno(error, errno, "Disk %s", disk->path);
    if (image_free(fd, readonly))
        return TRUE;
    g_autofree char *holder = find_holder(fd);
    return error_set(error, VGPUCTL_ERROR_BUSY,
                     "Disk %s is in use by %s; stop that, or open a copy%s", disk->path,
                     holder != NULL ? holder : "a process of another user",
                     readonly ? "" : " (two writers would destroy it)");
}
