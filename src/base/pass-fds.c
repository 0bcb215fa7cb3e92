/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pass-fds.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef union {
    struct cmsghdr header;
    char space[CMSG_SPACE(PASS_FDS_MOST * sizeof(int))];
} Control;

gboolean pass_fds_send(int socket, const char *text, const int *fds, guint n, GError **error)
{
    g_assert(n <= PASS_FDS_MOST);
    Control control = { 0 };
    gsize length = MIN(strlen(text), PASS_FDS_TEXT_LIMIT - 1);
    struct iovec data = { .iov_base = (void *)text, .iov_len = length };
    struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
    if (n > 0) {
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(n * sizeof(int));
        memcpy(CMSG_DATA(&control.header), fds, n * sizeof(int));
        message.msg_control = &control;
        message.msg_controllen = CMSG_SPACE(n * sizeof(int));
    }
    if (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        return error_set_errno(error, errno, "Passing descriptors on");
    return TRUE;
}

static void take(const struct msghdr *message, int *fds, guint *ret_n)
{
    for (const struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR((struct msghdr *)message, (struct cmsghdr *)header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        gsize n = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(fds, CMSG_DATA(header), n * sizeof(int));
        *ret_n = (guint)n;
    }
}

char *pass_fds_receive(int socket, guint limit_ms, int *fds, guint *ret_n, GError **error)
{
    *ret_n = 0;
    struct pollfd wait = { .fd = socket, .events = POLLIN };
    if (poll(&wait, 1, (int)limit_ms) == 0) {
        error_set(error, VGPUCTL_ERROR_TIMEOUT, "Nothing came within %u ms", limit_ms);
        return NULL;
    }
    Control control = { 0 };
    g_autofree char *text = g_malloc0(PASS_FDS_TEXT_LIMIT);
    struct iovec data = { .iov_base = text, .iov_len = PASS_FDS_TEXT_LIMIT - 1 };
    struct msghdr message = {
        .msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control
    };
    ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (length < 0) {
        error_set_errno(error, errno, "Receiving descriptors");
        return NULL;
    }
    take(&message, fds, ret_n);
    if (length == 0 && *ret_n == 0) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "The other side has hung up");
        return NULL;
    }
    return g_steal_pointer(&text);
}
