/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/process.h"

#define FOOTER_BYTES 512

static const Field disk_info_fields[] = {
    FIELD_TEXT_(DiskInfo, path, "absolute path of the image"),
    FIELD_TEXT_(DiskInfo, format, "QEMU's name of the format"),
    FIELD_FLAG_(DiskInfo, iso, "an ISO 9660 image: CD or DVD"),
    FIELD_FLAG_(DiskInfo, block_device, "a block device, not a file"),
    FIELD_FLAG_(DiskInfo, writable, "this user may write it"),
    FIELD_U64_(DiskInfo, size_bytes, "size of the file"),
    FIELD_U64_(DiskInfo, virtual_bytes, "size the guest sees; 0: not known"),
    FIELD_FLAG_(DiskInfo, encrypted, "QEMU needs a secret to open it"),
    FIELD_TEXT_(DiskInfo, backing_file, "file a qcow2 image lies above"),
    FIELD_TEXT_(DiskInfo, backing_format, "format of that file"),
    FIELD_END,
};
const RecordType disk_info_type = { "disk-info", sizeof(DiskInfo), disk_info_fields };

static void disk_info_free(DiskInfo *info)
{
    record_free(&disk_info_type, info);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DiskInfo, disk_info_free)

/* O_NONBLOCK: a FIFO must not hang us. */
static int open_image(const char *path, GError **error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 && errno == ENOENT)
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "no such file; ',size=20G' behind the path makes a new disk");
    else if (fd < 0)
        error_set_errno(error, errno, "opening it");
    return fd;
}

/* Fills in what the file system knows. */
static gboolean read_status(DiskInfo *info, int fd, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) < 0)
        return error_set_errno(error, errno, "looking at it");
    if (S_ISDIR(status.st_mode))
        return error_set(error, VGPUCTL_ERROR_INVALID, "it is a directory");
    if (!S_ISREG(status.st_mode) && !S_ISBLK(status.st_mode))
        return error_set(error, VGPUCTL_ERROR_INVALID, "neither a file nor a block device");
    off_t end = lseek(fd, 0, SEEK_END); /* st_size is 0 for block devices */
    if (end < 0)
        return error_set_errno(error, errno, "asking its size");
    if (end == 0)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "it is empty; remove it and ',size=20G' behind the path makes a disk");
    info->block_device = S_ISBLK(status.st_mode);
    info->size_bytes = (guint64)end;
    info->writable = faccessat(AT_FDCWD, info->path, R_OK | W_OK, AT_EACCESS) == 0;
    return TRUE;
}

/* Reads up to @length bytes at @offset; -1 and errno. */
static ssize_t read_at(int fd, void *data, gsize length, off_t offset)
{
    gsize done = 0;
    while (done < length) {
        ssize_t n = pread(fd, (char *)data + done, length - done, offset + (off_t)done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (n == 0)
            break;
        done += (gsize)n;
    }
    return (ssize_t)done;
}

static gboolean read_header(DiskInfo *info, int fd, const char *format, GError **error)
{
    g_autofree guint8 *head = g_malloc(DISK_HEAD_BYTES);
    guint8 footer[FOOTER_BYTES];
    ssize_t length = read_at(fd, head, DISK_HEAD_BYTES, 0);
    ssize_t footer_length =
        info->size_bytes >= FOOTER_BYTES
            ? read_at(fd, footer, FOOTER_BYTES, (off_t)(info->size_bytes - FOOTER_BYTES))
            : 0;
    if (length < 0 || footer_length < 0)
        return error_set_errno(error, errno, "reading it");
    return disk_header_read(info, head, (gsize)length,
                            footer_length == FOOTER_BYTES ? footer : NULL, format, error);
}

/* "json:{...}", "nbd:host:port": not a file (block.c:path_has_protocol) */
static gboolean names_protocol(const char *path)
{
    return path[strcspn(path, ":/")] == ':';
}

static gboolean check_backing(const DiskInfo *info, GError **error)
{
    if (info->backing_file == NULL || names_protocol(info->backing_file))
        return TRUE;
    g_autofree char *directory = g_path_get_dirname(info->path);
    g_autofree char *backing = g_canonicalize_filename(info->backing_file, directory);
    if (access(backing, R_OK) < 0)
        return error_set_errno(error, errno, "its backing file %s", backing);
    if (info->backing_format == NULL)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "the format of its backing file is not recorded; record it with "
                         "'qemu-img rebase -u -b %s -F FORMAT %s'",
                         info->backing_file, info->path);
    return TRUE;
}

DiskInfo *disk_probe(const char *path, const char *format, GError **error)
{
    g_autoptr(DiskInfo) info = record_new(&disk_info_type);
    info->path = g_canonicalize_filename(path, NULL);
    autofd int fd = open_image(info->path, error);
    if (fd < 0 || !read_status(info, fd, error) || !read_header(info, fd, format, error) ||
        !check_backing(info, error)) {
        g_prefix_error(error, "Disk %s: ", info->path);
        return NULL;
    }
    return g_steal_pointer(&info);
}

/* Runs qemu-img; FALSE with its first line of complaint. */
static gboolean run_qemu_img(const char *path, guint64 bytes, GError **error)
{
    g_autofree char *size = g_strdup_printf("%" G_GUINT64_FORMAT, bytes);
    const char *argv[] = { "qemu-img", "create", "-q", "-f", "qcow2", "--", path, size, NULL };
    ProcessRequest request = { .argv = argv, .limit_ms = 60000 };
    g_auto(ProcessResult) result = { 0 };
    if (!process_run(&request, &result, error))
        return FALSE;
    if (process_succeeded(&result))
        return TRUE;
    g_autofree char *how = process_describe(&result);
    result.err[strcspn(result.err, "\n")] = '\0';
    return error_set(error, VGPUCTL_ERROR_FAILED, "qemu-img %s: %s", how, result.err);
}

gboolean disk_create(const char *path, guint64 bytes, GError **error)
{
    g_autofree char *full = g_canonicalize_filename(path, NULL);
    g_autofree char *directory = g_path_get_dirname(full);
    g_autofree char *name = g_path_get_basename(full);
    g_autofree char *temporary = g_strdup_printf("%s/.%s.%d", directory, name, (int)getpid());

    gboolean made = run_qemu_img(temporary, bytes, error);
    if (made && renameat2(AT_FDCWD, temporary, AT_FDCWD, full, RENAME_NOREPLACE) < 0)
        made = error_set_errno(error, errno, "naming it");
    if (!made) {
        unlink(temporary);
        g_prefix_error(error, "Making disk %s: ", full);
    }
    return made;
}
