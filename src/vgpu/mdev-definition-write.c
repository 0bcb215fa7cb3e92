/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "vgpu/mdev-definition.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-json.h"

#define LOCK_LIMIT_US (10 * G_USEC_PER_SEC)

/* Where the definitions of @parent are on the machine. Owned. */
static char *parent_directory(const MdevHost *host, const char *parent)
{
    g_autofree char *below = g_strconcat(MDEV_DEFINITIONS "/", parent, NULL);
    return root_host_path(host->root, below);
}

/* FALSE and errno, as mdevctl meets it: EEXIST for a file of that name. */
static gboolean make_directory(const char *path)
{
    if (mkdir(path, 0777) == 0)
        return TRUE;
    int failure = errno;
    if (g_file_test(path, G_FILE_TEST_IS_DIR))
        return TRUE;
    errno = failure;
    return failure == ENOENT && file_make_directory(path, 0777, NULL);
}

int mdev_definition_lock(const MdevHost *host, const char *parent, GError **error)
{
    if (!mdev_check_parent_name(parent, error))
        return -1;
    g_autofree char *directory = parent_directory(host, parent);
    if (!make_directory(directory)) {
        mdev_error_set_errno(error, errno, "%s", "");
        return -1;
    }
    gint64 deadline_us = g_get_monotonic_time() + LOCK_LIMIT_US;
    int fd = file_lock_directory(directory, deadline_us, NULL);
    if (fd < 0 && errno == EAGAIN)
        mdev_error_set(error, MDEV_ERROR_LOCKED, "Somebody else is changing the definitions of %s",
                       parent);
    else if (fd < 0)
        mdev_error_set_errno(error, errno, "%s", "");
    return fd;
}

/* That of the file there is, or the one that open(2) would give. */
static mode_t mode_for(const char *path)
{
    struct stat info;
    if (lstat(path, &info) == 0 && S_ISREG(info.st_mode))
        return info.st_mode & 07777;
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

gboolean mdev_definition_write(const MdevHost *host, const Mdev *dev, GError **error)
{
    g_autofree char *below = mdev_definition_path(dev->parent, dev->uuid);
    g_autofree char *path = root_host_path(host->root, below);
    g_autofree char *text = mdev_json_update(dev);
    if (file_write_atomic(path, text, strlen(text), mode_for(path), NULL))
        return TRUE;
    return mdev_error_set_errno(error, errno, "Failed to write config for device %s", dev->uuid);
}

gboolean mdev_definition_remove(const MdevHost *host, const Mdev *dev, GError **error)
{
    g_autofree char *below = mdev_definition_path(dev->parent, dev->uuid);
    g_autofree char *path = root_host_path(host->root, below);
    if (unlink(path) == 0)
        return TRUE;
    g_autofree char *reason = mdev_errno_text(errno);
    g_autofree char *quoted = mdev_quote_path(path);
    return mdev_error_set(error, MDEV_ERROR_UNDEFINE, "Failed to remove file %s\n%s", quoted,
                          reason);
}
