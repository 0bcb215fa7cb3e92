/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"

#define GROUP_KERNEL 1     /* 2 is what udevd passes on */
#define LONGEST 8192       /* UEVENT_BUFFER_SIZE is 2048, and the head before it */
#define ROOM (1024 * 1024) /* a thousand devices at once */

void uevent_free(Uevent *event)
{
    if (event == NULL)
        return;
    g_free(event->action);
    g_free(event->path);
    g_free(event->subsystem);
    g_strfreev(event->variables);
    g_free(event);
}

int uevent_open(GError **error)
{
    autofd int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
    struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
    const int room = ROOM;
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        error_set_errno(error, errno, "Listening to the kernel's events");
        return -1;
    }
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0) /* root */
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    return steal_fd(&fd);
}

const char *uevent_get(const Uevent *event, const char *key)
{
    gsize length = strlen(key);
    for (char **variable = event->variables; *variable != NULL; variable++)
        if (strncmp(*variable, key, length) == 0 && (*variable)[length] == '=')
            return *variable + length + 1;
    return NULL;
}

/* "add@/devices/x" NUL "ACTION=add" NUL "DEVPATH=/devices/x" NUL ... */
Uevent *uevent_parse(const char *message, gsize length)
{
    if (length == 0 || message[length - 1] != '\0' || strchr(message, '@') == NULL)
        return NULL;
    g_autoptr(GPtrArray) variables = g_ptr_array_new();
    for (const char *at = message + strlen(message) + 1; at < message + length;
         at += strlen(at) + 1)
        g_ptr_array_add(variables, g_strdup(at));
    g_ptr_array_add(variables, NULL);

    g_autoptr(Uevent) event = g_new0(Uevent, 1);
    event->variables = (GStrv)g_ptr_array_free(g_steal_pointer(&variables), FALSE);
    event->action = g_strdup(uevent_get(event, "ACTION"));
    event->path = g_strdup(uevent_get(event, "DEVPATH"));
    event->subsystem = g_strdup(uevent_get(event, "SUBSYSTEM"));
    return event->action != NULL && event->path != NULL ? g_steal_pointer(&event) : NULL;
}

/* -1 and errno, or the length; what other processes send is passed by. */
static ssize_t receive(int fd, char *message, gsize room)
{
    for (;;) {
        struct sockaddr_nl sender = { 0 };
        socklen_t length = sizeof sender;
        ssize_t n = recvfrom(fd, message, room, 0, (struct sockaddr *)&sender, &length);
        if ((n >= 0 && sender.nl_pid == 0) || (n < 0 && errno != EINTR))
            return n;
    }
}

Uevent *uevent_next(int fd, GError **error)
{
    for (;;) {
        char message[LONGEST];
        ssize_t n = receive(fd, message, sizeof message);
        if (n < 0 && errno == ENOBUFS) {
            error_set(error, VGPUCTL_ERROR_BUSY, "Events of the kernel were lost");
            return NULL;
        }
        if (n < 0) {
            error_set_errno(error, errno, "Reading the kernel's events");
            return NULL;
        }
        Uevent *event = uevent_parse(message, (gsize)n);
        if (event != NULL)
            return event;
    }
}
