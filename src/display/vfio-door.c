/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/vfio-door.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/pass-fds.h"

static int connect_door(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autofd int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        error_set(error, VGPUCTL_ERROR_USAGE, "Socket %s: its path is too long", path);
    else if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error_set_errno(error, errno, "Connecting to %s", path);
    else
        return steal_fd(&fd);
    return -1;
}

VfioDevice *vfio_door_open(const char *door, guint limit_ms, GError **error)
{
    autofd int fd = connect_door(door, error);
    if (fd < 0)
        return NULL;
    int fds[PASS_FDS_MOST];
    guint n = 0;
    g_autofree char *text = pass_fds_receive(fd, limit_ms, fds, &n, error);
    if (text == NULL)
        return NULL;
    if (n == 2)
        return vfio_device_new(fds[0], fds[1], text, error);
    for (guint i = 0; i < n; i++)
        close(fds[i]);
    error_set(error, VGPUCTL_ERROR_FAILED, "%s", text);
    return NULL;
}
