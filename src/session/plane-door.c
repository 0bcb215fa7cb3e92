/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "session/plane-door.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/listen.h"
#include "base/pass-fds.h"
#include "vgpu/mdev-sysfs.h"

struct PlaneDoor {
    const Root *root;
    char *uuid;
    pid_t qemu;
    int qemu_pidfd;
    int socket;
    guint watch;
};

/* The number in QEMU of the descriptor that is open on @path; -1 and errno. */
static int find_fd(pid_t pid, const char *path)
{
    g_autofree char *directory = g_strdup_printf("/proc/%d/fd", (int)pid);
    g_autoptr(GError) reason = NULL;
    g_autoptr(GDir) fds = g_dir_open(directory, 0, &reason);
    const char *name;
    while (fds != NULL && (name = g_dir_read_name(fds)) != NULL) {
        g_autofree char *link = g_build_filename(directory, name, NULL);
        g_autofree char *target = g_file_read_link(link, NULL);
        if (g_strcmp0(target, path) == 0)
            return atoi(name);
    }
    errno = fds == NULL ? EACCES : ENOENT;
    return -1;
}

/* QEMU's own descriptor of the vGPU's group, once more. -1 with @error set. */
static int take_group(const PlaneDoor *door, GError **error)
{
    g_autofree char *node = mdev_group_node(door->root, door->uuid, error);
    if (node == NULL)
        return -1;
    g_autofree char *path = root_host_path(door->root, node);
    int number = find_fd(door->qemu, path);
    if (number < 0) {
        error_set_errno(error, errno, "QEMU does not have %s open", node);
        return -1;
    }
    int fd = (int)syscall(SYS_pidfd_getfd, door->qemu_pidfd, number, 0);
    if (fd < 0 && errno == EPERM)
        error_set(error, VGPUCTL_ERROR_ACCESS,
                  "The kernel lets nobody look into QEMU; it does with 'sysctl "
                  "kernel.yama.ptrace_scope=1'");
    else if (fd < 0)
        error_set_errno(error, errno, "Taking %s from QEMU", node);
    return fd;
}

static void answer(const PlaneDoor *door, int client)
{
    g_autoptr(GError) reason = NULL;
    autofd int group = take_group(door, &reason);
    const int fds[] = { group, door->qemu_pidfd };
    if (group >= 0)
        pass_fds_send(client, door->uuid, fds, G_N_ELEMENTS(fds), NULL);
    else
        pass_fds_send(client, reason->message, NULL, 0, NULL);
}

/* The mode of the socket and of its directory keep others out; root may all the same. */
static gboolean on_knock(int fd, GIOCondition condition, gpointer userdata)
{
    PlaneDoor *door = userdata;
    autofd int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client >= 0)
        answer(door, client);
    else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED) {
        door->watch = 0; /* who knocks would wake us for ever */
        return G_SOURCE_REMOVE;
    }
    return G_SOURCE_CONTINUE;
}

PlaneDoor *plane_door_open(const Root *root, const char *run_directory, const char *uuid,
                           pid_t qemu, int qemu_pidfd, GError **error)
{
    g_autofree char *path = g_build_filename(run_directory, PLANE_DOOR_SOCKET, NULL);
    int fd = listen_unix(path, SOCK_SEQPACKET, error);
    if (fd < 0)
        return NULL;
    PlaneDoor *door = g_new0(PlaneDoor, 1);
    *door = (PlaneDoor){
        .root = root, .uuid = g_strdup(uuid), .qemu = qemu, .qemu_pidfd = qemu_pidfd, .socket = fd
    };
    door->watch = g_unix_fd_add(fd, G_IO_IN, on_knock, door);
    return door;
}

void plane_door_close(PlaneDoor *door)
{
    if (door == NULL)
        return;
    if (door->watch != 0)
        g_source_remove(door->watch);
    close(door->socket);
    g_free(door->uuid);
    g_free(door);
}
