/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/listen.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

/* Whether the socket at @address is what one who has died left. */
static gboolean is_left_over(const struct sockaddr_un *address, int type)
{
    struct stat info;
    if (lstat(address->sun_path, &info) < 0 || !S_ISSOCK(info.st_mode))
        return FALSE;
    autofd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) < 0 &&
           errno == ECONNREFUSED;
}

int listen_unix(const char *path, int type, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path) {
        error_set(error, VGPUCTL_ERROR_USAGE, "Socket %s: its path is too long", path);
        return -1;
    }
    if (is_left_over(&address, type))
        (void)unlink(path);
    autofd int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* nobody can connect before listen(), so the mode of the moment between does not matter */
    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof address) < 0 ||
        chmod(path, 0600) < 0 || listen(fd, SOMAXCONN) < 0) {
        error_set_errno(error, errno, "Listening on %s", path);
        return -1;
    }
    return steal_fd(&fd);
}

/* -1 and errno. */
static int listen_at(const struct addrinfo *info)
{
    const int on = 1, both = 0;
    autofd int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (info->ai_family == AF_INET6)
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &both, sizeof both);
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0)
        return -1;
    return steal_fd(&fd);
}

int listen_tcp(const char *host, guint16 port, GError **error)
{
    g_autofree char *service = g_strdup_printf("%u", port);
    /* all addresses: the one of IPv6 takes connections of both, where the host has IPv6 */
    const char *const nodes[] = { *host != '\0' ? host : "::", *host != '\0' ? NULL : "0.0.0.0" };
    int fd = -1, failure = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(nodes) && nodes[i] != NULL && fd < 0; i++) {
        const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
        struct addrinfo *found = NULL;
        int result = getaddrinfo(nodes[i], service, &hints, &found);
        if (result != 0) {
            error_set(error, VGPUCTL_ERROR_NOT_FOUND, "Listening on %s port %u: %s", host, port,
                      gai_strerror(result));
            return -1;
        }
        for (const struct addrinfo *info = found; info != NULL && fd < 0; info = info->ai_next) {
            fd = listen_at(info);
            failure = errno;
        }
        freeaddrinfo(found);
    }
    if (fd < 0)
        error_set_errno(error, failure, "Listening on %s port %u",
                        *host != '\0' ? host : "all addresses,", port);
    return fd;
}
