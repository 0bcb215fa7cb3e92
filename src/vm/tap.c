/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/spawn.h"

#define HELPER_TEXT_LIMIT 4096
#define HELPER_LIMIT_S 20

/* The descriptor the helper sends with one byte (qemu-bridge-helper.c:send_fd); -1 at its end, and
 * errno EAGAIN when it said nothing for the limit. */
static int receive_fd(int socket)
{
    char byte;
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec data = { .iov_base = &byte, .iov_len = 1 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t n;
    do
        n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return -1;
    errno = 0;
    const struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
        return -1;
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static char *read_text(int fd)
{
    GString *text = g_string_new(NULL);
    char chunk[512];
    for (ssize_t n; text->len < HELPER_TEXT_LIMIT && (n = read(fd, chunk, sizeof chunk)) > 0;)
        g_string_append_len(text, chunk, n);
    return g_strstrip(g_string_free(text, FALSE));
}

static gboolean check_helper(const QemuFacts *qemu, const char *bridge, GError **error)
{
    if (qemu->bridge_helper == NULL)
        return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                         "Network bridge=%s: %s has no qemu-bridge-helper; install it (Debian: "
                         "qemu-system-common) or use --network user",
                         bridge, qemu->binary);
    if (geteuid() != 0 && !qemu->bridge_helper_privileged)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "Network bridge=%s: %s may not make a tap; as root: setcap "
                         "cap_net_admin=ep %s",
                         bridge, qemu->bridge_helper, qemu->bridge_helper);
    return TRUE;
}

int tap_open(const QemuFacts *qemu, const char *bridge, GError **error)
{
    if (!check_helper(qemu, bridge, error))
        return -1;
    int sockets[2], texts[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) < 0) {
        error_set_errno(error, errno, "Network bridge=%s", bridge);
        return -1;
    }
    autofd int ours = sockets[0], theirs = sockets[1];
    if (pipe2(texts, O_CLOEXEC) < 0) {
        error_set_errno(error, errno, "Network bridge=%s", bridge);
        return -1;
    }
    autofd int text_out = texts[0], text_in = texts[1];

    g_autofree char *bridge_option = g_strdup_printf("--br=%s", bridge);
    g_autofree char *fd_option = g_strdup_printf("--fd=%d", theirs);
    SpawnRequest request = {
        .argv =
            (const char *[]){ qemu->bridge_helper, "--use-vnet", fd_option, bridge_option, NULL },
        .in = -1,
        .out = text_in,
        .err = text_in,
        .keep = (int[]){ theirs, -1 },
    };
    pid_t pid;
    int pidfd_number;
    if (!spawn_child(&request, &pid, &pidfd_number, error))
        return -1;
    autofd int pidfd = pidfd_number;
    close(steal_fd(&theirs));
    close(steal_fd(&text_in));

    const struct timeval limit = { .tv_sec = HELPER_LIMIT_S };
    (void)setsockopt(ours, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    autofd int tap = receive_fd(ours);
    gboolean hangs = tap < 0 && errno == EAGAIN;
    if (hangs || tap >= 0) /* with the tap its work is done */
        kill(pid, SIGKILL);
    g_autofree char *text = read_text(text_out);
    int status = 0;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (tap < 0)
        error_set(error, VGPUCTL_ERROR_FAILED, "Network bridge=%s: %s: %s", bridge,
                  qemu->bridge_helper,
                  hangs           ? "did not answer and was killed"
                  : *text != '\0' ? text
                                  : "ended without a tap");
    return steal_fd(&tap);
}
