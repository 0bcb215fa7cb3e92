/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Removing a device without ever being caught in it. Since Linux 5.19 the write waits in the kernel
 * until the last descriptor of the device is closed (vfio_unregister_group_dev()), and a signal
 * does not end that wait. So the write is made by a child that can be left behind.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "rules/mdev-errno.h"
#include "vgpu/holder.h"
#include "vgpu/mdev-sysfs.h"

/* Whether somebody has the device open, or a group that can lead to it. */
typedef enum { USE_NONE, USE_SOME, USE_UNKNOWN } Use;

/*
 * As the kernel says it: a group is opened once or not at all (vfio_group_fops_open(): EBUSY, also
 * while the device is open through its cdev). Quicker than to look through all processes. The
 * moment for which we hold it harms nobody: who opens the device now comes too late anyway.
 */
static Use ask_for_use(const Root *root, const char *uuid)
{
    g_autofree char *node = mdev_group_node(root, uuid, NULL);
    autofd int fd = node != NULL ? root_open_file(root, node, O_RDWR | O_NONBLOCK, NULL) : -1;
    struct stat info;
    if (node == NULL)
        return USE_UNKNOWN;
    if (fd < 0)
        return errno == EBUSY ? USE_SOME : USE_UNKNOWN;
    return fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) ? USE_NONE : USE_UNKNOWN;
}

/*
 * A descriptor that is on its way in a message, or that io_uring keeps, is open and no process
 * shows it; so is one, for a moment, of a process that has just ended. FALSE: it stays so.
 */
static gboolean wait_for_hidden(const Root *root, const char *uuid, guint limit_ms)
{
    gint64 deadline_us = g_get_monotonic_time() + 1000 * (gint64)limit_ms;
    /* the kernel tells nobody when a group is free */
    for (gulong nap_us = 500; ask_for_use(root, uuid) == USE_SOME;
         nap_us = MIN(nap_us * 2, 50000)) {
        if (g_get_monotonic_time() >= deadline_us)
            return FALSE;
        g_usleep(nap_us);
    }
    return TRUE;
}

/* Holds nothing of ours but @fd and @report_fd: whoever waits for the end of our output must not
 * wait for the child's. */
static G_NORETURN void write_in_child(int fd, int report_fd)
{
    int null_fd = open("/dev/null", O_RDWR);
    for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++)
        (void)dup2(null_fd, stream);
    int low = MIN(fd, report_fd), high = MAX(fd, report_fd);
    if (low > STDERR_FILENO + 1)
        (void)close_range(STDERR_FILENO + 1, (unsigned)low - 1, 0);
    if (high > low + 1)
        (void)close_range((unsigned)low + 1, (unsigned)high - 1, 0);
    (void)close_range((unsigned)high + 1, ~0u, 0);

    int failure = write(fd, "1", 1) < 0 ? errno : 0;
    (void)!write(report_fd, &failure, sizeof failure);
    _exit(0);
}

/* Waits for the child's answer. Its errno, 0 for done, or -1 when the time is over. */
static int wait_for_writer(int report_fd, gint64 deadline_us)
{
    struct pollfd waits = { .fd = report_fd, .events = POLLIN };
    for (;;) {
        gint64 left_ms = (deadline_us - g_get_monotonic_time() + 999) / 1000;
        if (left_ms <= 0)
            return -1;
        int n = poll(&waits, 1, (int)MIN(left_ms, G_MAXINT));
        if (n < 0 && errno != EINTR)
            return errno;
        int failure;
        if (n > 0)
            return read(report_fd, &failure, sizeof failure) == sizeof failure ? failure : EIO;
    }
}

/* As wait_for_writer(). A child that is left behind ends when the device is free. */
static int write_within(int fd, guint limit_ms)
{
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0)
        return errno;
    gint64 deadline_us = g_get_monotonic_time() + 1000 * (gint64)limit_ms;
    pid_t pid = fork();
    if (pid == 0)
        write_in_child(fd, report[1]);
    int failure = pid < 0 ? errno : 0;
    close(report[1]);
    if (pid > 0) {
        failure = wait_for_writer(report[0], deadline_us);
        if (failure >= 0)
            waitpid(pid, NULL, 0);
    }
    close(report[0]);
    return failure;
}

static gboolean set_held_error(const char *uuid, const char *holders, const char *what_then,
                               GError **error)
{
    return error_set(error, VGPUCTL_ERROR_BUSY, "Removing vGPU %s: it is held open by %s; %s", uuid,
                     holders != NULL ? holders : "a process that cannot be seen from here",
                     what_then);
}

static gboolean set_remove_error(const char *uuid, int number, GError **error)
{
    const MdevFailure failure = {
        .action = MDEV_ACTION_REMOVE,
        .number = number,
        .uuid = uuid,
    };
    return mdev_errno_set(error, &failure);
}

/* Nothing is written while somebody would keep the kernel from the end of it. */
static gboolean check_users(const Root *root, const char *uuid, guint limit_ms, GError **error)
{
    Use use = ask_for_use(root, uuid);
    if (use == USE_NONE)
        return TRUE;
    g_autofree char *users = mdev_describe_users(root, uuid);
    if (users != NULL)
        return set_held_error(uuid, users, "end that first", error);
    /* a group without its device does not matter: then its holder is seen */
    g_autofree char *holders = use == USE_SOME ? mdev_describe_holders(root, uuid) : NULL;
    if (use == USE_UNKNOWN || holders != NULL || wait_for_hidden(root, uuid, limit_ms))
        return TRUE;
    return set_held_error(uuid,
                          "a descriptor that no process shows (one that is on its way in a "
                          "message, or of io_uring)",
                          "end what sent it first", error);
}

gboolean mdev_remove(const Root *root, const char *uuid, guint limit_ms, int *ret_errno,
                     GError **error)
{
    int ignored;
    int *failure = ret_errno != NULL ? ret_errno : &ignored;
    *failure = 0;
    if (!mdev_find(root, uuid, NULL, NULL))
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "There is no vGPU %s; vgpuctl list shows those there are", uuid);
    if (!check_users(root, uuid, limit_ms, error))
        return FALSE;

    g_autofree char *lower = g_ascii_strdown(uuid, -1);
    g_autofree char *path = g_strdup_printf("/sys/bus/mdev/devices/%s/remove", lower);
    autofd int fd = root_open_file(root, path, O_WRONLY | O_TRUNC | O_NONBLOCK, NULL);
    if (fd < 0) {
        *failure = errno;
        return set_remove_error(uuid, *failure, error);
    }
    int result = write_within(fd, limit_ms);
    if (result == 0)
        return TRUE;
    if (result < 0) {
        g_autofree char *holders = mdev_describe_holders(root, uuid);
        return set_held_error(uuid, holders, "it will be gone when that ends", error);
    }
    *failure = result;
    return set_remove_error(uuid, *failure, error);
}
