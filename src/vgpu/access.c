/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/access.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/uuid.h"
#include "vgpu/mdev-sysfs.h"

/* devtmpfs has the node before mdev_create() returns; where /dev is no devtmpfs udevd makes it */
#define NODE_LIMIT_MS 10000
/* udevd may be busy with hundreds of other events at boot; without it we would be done */
#define UDEV_LIMIT_MS 3000

/*
 * Waits until @path is there: watches the directory it is to appear in. FALSE when it does not come
 * within @limit_ms.
 */
static gboolean wait_for(const Root *root, const char *path, guint limit_ms)
{
    if (root_exists(root, path))
        return TRUE;
    gint64 deadline = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    g_autofree char *host_path = root_host_path(root, path);
    g_autofree char *directory = g_path_get_dirname(host_path);
    autofd int notify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (notify < 0 || inotify_add_watch(notify, directory, IN_CREATE | IN_MOVED_TO) < 0)
        return root_exists(root, path);
    while (!root_exists(root, path)) {
        gint64 left_ms = (deadline - g_get_monotonic_time() + 999) / 1000;
        struct pollfd wait = { .fd = notify, .events = POLLIN };
        if (left_ms <= 0 || (poll(&wait, 1, (int)left_ms) < 0 && errno != EINTR))
            return FALSE;
        char events[4096];
        while (read(notify, events, sizeof events) > 0)
            ;
    }
    return TRUE;
}

/*
 * Where udevd runs and a rule says so, it sets owner and mode of a node, before it writes what it
 * knows about the device (systemd, udev-event.c: event_execute_rules() calls update_devnode(), then
 * device_update_db()). One that does not get to it in time is not waited for: its rule asks us.
 */
static void wait_for_udev(const Root *root, const struct stat *node)
{
    if (!root_exists(root, "/run/udev/control"))
        return;
    g_autofree char *path =
        g_strdup_printf("/run/udev/data/c%u:%u", major(node->st_rdev), minor(node->st_rdev));
    wait_for(root, path, UDEV_LIMIT_MS);
}

/* The node without opening what is behind it, or -1 with @error set. */
static int find_node(const Root *root, const char *path, struct stat *ret_stat, GError **error)
{
    if (!wait_for(root, path, NODE_LIMIT_MS)) {
        error_set(error, VGPUCTL_ERROR_TIMEOUT,
                  "%s did not appear within %u s: is /dev a devtmpfs, or does udevd run?", path,
                  NODE_LIMIT_MS / 1000);
        return -1;
    }
    autofd int fd = root_open_file(root, path, O_PATH | O_NOFOLLOW, error);
    if (fd < 0)
        return -1;
    if (fstat(fd, ret_stat) < 0) {
        error_set_errno(error, errno, "Looking at %s", path);
        return -1;
    }
    if (S_ISLNK(ret_stat->st_mode) || (root_is_system(root) && !S_ISCHR(ret_stat->st_mode))) {
        error_set(error, VGPUCTL_ERROR_INVALID, "%s is no device node", path);
        return -1;
    }
    return steal_fd(&fd);
}

/* chmod(2) of what an O_PATH descriptor means; fchmod(2) refuses those. */
static int set_mode(int fd, mode_t mode)
{
    g_autofree char *link = g_strdup_printf("/proc/self/fd/%d", fd);
    return chmod(link, mode);
}

/* Takes away before it gives: at no time is the node open to the wrong one. */
static gboolean set_node(int fd, const char *path, uid_t uid, gid_t gid, mode_t mode,
                         GError **error)
{
    if (set_mode(fd, 0) < 0 || fchownat(fd, "", uid, gid, AT_EMPTY_PATH) < 0 ||
        set_mode(fd, mode) < 0)
        return error_set_errno(error, errno, "Giving %s to user %u, group %u", path, uid, gid);
    return TRUE;
}

gboolean access_give(const Root *root, const char *uuid, int uid, int gid, GError **error)
{
    g_autofree char *path = mdev_group_node(root, uuid, error);
    struct stat info;
    autofd int fd = path != NULL ? find_node(root, path, &info, error) : -1;
    if (fd < 0)
        return FALSE;
    wait_for_udev(root, &info);
    return set_node(fd, path, uid >= 0 ? (uid_t)uid : 0, gid >= 0 ? (gid_t)gid : 0,
                    gid >= 0 ? 0660 : 0600, error);
}

gboolean access_withdraw(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *path = mdev_group_node(root, uuid, NULL);
    if (path == NULL || !root_exists(root, path))
        return TRUE;
    struct stat info;
    autofd int fd = find_node(root, path, &info, error);
    return fd >= 0 && set_node(fd, path, 0, 0, 0600, error);
}

int access_check(const Root *root, const char *uuid)
{
    g_autofree char *path = mdev_group_node(root, uuid, NULL);
    if (path == NULL)
        return ENOENT;
    g_autofree char *host_path = root_host_path(root, path);
    return faccessat(AT_FDCWD, host_path, R_OK | W_OK, AT_EACCESS) == 0 ? 0 : errno;
}

char *access_uuid_of_group(const Root *root, const char *group)
{
    g_autofree char *path = g_build_filename("/sys/kernel/iommu_groups", group, "devices", NULL);
    g_auto(GStrv) devices = root_list(root, path);
    for (char **device = devices; *device != NULL; device++)
        if (uuid_is_canonical(*device))
            return g_strdup(*device);
    return NULL;
}
