/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pid.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define FIELD_START_TIME 22

gboolean pid_start_ticks(pid_t pid, guint64 *ret_ticks)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    if (pid <= 0 || !g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    /* field 2 is the name in parentheses, which may hold spaces and parentheses of its own */
    const char *behind_name = strrchr(text, ')');
    if (behind_name == NULL)
        return FALSE;
    g_auto(GStrv) fields = g_strsplit(behind_name + 1, " ", -1);
    const guint index = FIELD_START_TIME - 2; /* the split begins with an empty text for field 2 */
    return g_strv_length(fields) > index &&
           g_ascii_string_to_unsigned(fields[index], 10, 0, G_MAXUINT64, ret_ticks, NULL);
}

char *pid_environment(pid_t pid, const char *name)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/environ", (int)pid);
    g_autofree char *block = NULL;
    gsize length = 0, name_length = strlen(name);
    if (pid <= 0 || !g_file_get_contents(path, &block, &length, NULL))
        return NULL;
    /* each entry ends with a NUL, and the block with one more that g_file_get_contents() adds */
    for (const char *entry = block; entry < block + length; entry += strlen(entry) + 1)
        if (strncmp(entry, name, name_length) == 0 && entry[name_length] == '=')
            return g_strdup(entry + name_length + 1);
    return NULL;
}

int pid_open_same(pid_t pid, guint64 start_ticks)
{
    if (pid <= 0)
        return -1;
    autofd int fd = (int)syscall(SYS_pidfd_open, pid, 0);
    /* looked at after opening: from now on the pidfd means this process, whatever the pid becomes
     */
    guint64 ticks = 0;
    if (fd < 0 || !pid_start_ticks(pid, &ticks) || ticks != start_ticks)
        return -1;
    return steal_fd(&fd);
}

gboolean pid_kill_same(pid_t pid, guint64 start_ticks, guint limit_ms, GError **error)
{
    autofd int fd = pid_open_same(pid, start_ticks);
    if (fd < 0)
        return TRUE;
    if (syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
        return error_set_errno(error, errno, "Killing process %d", (int)pid);

    gint64 deadline = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    for (;;) {
        gint64 left_ms = MAX((deadline - g_get_monotonic_time() + 999) / 1000, 0);
        int n = poll(&wait, 1, (int)MIN(left_ms, G_MAXINT));
        if (n > 0)
            return TRUE;
        if (n < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Waiting for the end of process %d", (int)pid);
        if (left_ms == 0)
            return error_set(
                error, VGPUCTL_ERROR_TIMEOUT,
                "Process %d was killed and has not ended after %u ms: the kernel holds "
                "it, see 'cat /proc/%d/stack'",
                (int)pid, limit_ms, (int)pid);
    }
}
