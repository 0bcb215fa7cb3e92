/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

/* As json_dumps() makes it, and a newline. NULL: no valid JSON. */
static char *command_to_text(const char *command, json_t *arguments, guint64 id)
{
    g_autoptr(json_t) message = json_pack("{s:s, s:o*, s:I}", "execute", command, "arguments",
                                          arguments, "id", (json_int_t)id);
    char *text = message != NULL ? json_dumps(message, JSON_COMPACT) : NULL;
    if (text == NULL)
        return NULL;
    size_t length = strlen(text);
    text = realloc(text, length + 2);
    g_assert(text != NULL);
    memcpy(text + length, "\n", 2);
    return text;
}

QmpCall *qmp_call_new(guint64 id, const char *command, json_t *arguments, int fd)
{
    QmpCall *call = g_new0(QmpCall, 1);
    call->id = id;
    call->command = g_strdup(command);
    call->text = command_to_text(command, arguments, id);
    call->length = call->text != NULL ? strlen(call->text) : 0;
    call->fd = fd;
    return call;
}

static void close_fd(QmpCall *call)
{
    if (call->fd >= 0)
        close(call->fd);
    call->fd = -1;
}

void qmp_call_free(QmpCall *call)
{
    close_fd(call);
    g_free(call->command);
    free(call->text);
    g_free(call);
}

gboolean qmp_call_send(QmpCall *call, int socket_fd)
{
    struct iovec part = { .iov_base = call->text + call->sent,
                          .iov_len = call->length - call->sent };
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (call->fd >= 0) {
        message.msg_control = control.space;
        message.msg_controllen = sizeof control.space;
        control.header.cmsg_level = SOL_SOCKET;
        control.header.cmsg_type = SCM_RIGHTS;
        control.header.cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(&control.header), &call->fd, sizeof(int));
    }

    ssize_t n;
    do {
        n = sendmsg(socket_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return FALSE;
    close_fd(call);
    call->sent += (gsize)n;
    return TRUE;
}
