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

/* fields of /proc/PID/stat (proc(5)), numbered from 1 */
#define FIELD_NAME 2
#define FIELD_STATE 3
#define FIELD_PARENT 4
#define FIELD_FLAGS 9
#define FIELD_START_TIME 22

#define FLAG_EXITING 0x4 /* Linux, include/linux/sched.h, PF_EXITING */

static gboolean read_number(const char *text, guint64 *ret)
{
    return g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT64, ret, NULL);
}

gboolean pid_parse_stat(const char *text, PidStat *ret_stat)
{
    /* the name stands in parentheses and may hold spaces and parentheses of its own */
    const char *behind_name = strrchr(text, ')');
    if (behind_name == NULL)
        return FALSE;
    g_auto(GStrv) fields = g_strsplit(behind_name + 1, " ", -1); /* [0] is "" for the name */
    guint64 parent = 0;
    if (g_strv_length(fields) <= FIELD_START_TIME - FIELD_NAME ||
        !read_number(fields[FIELD_PARENT - FIELD_NAME], &parent) ||
        !read_number(fields[FIELD_FLAGS - FIELD_NAME], &ret_stat->flags) ||
        !read_number(fields[FIELD_START_TIME - FIELD_NAME], &ret_stat->start_ticks))
        return FALSE;
    ret_stat->state = fields[FIELD_STATE - FIELD_NAME][0];
    ret_stat->parent = (pid_t)parent;
    return TRUE;
}

static gboolean read_stat(pid_t pid, PidStat *ret_stat)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
    g_autofree char *text = NULL;
    return pid > 0 && g_file_get_contents(path, &text, NULL, NULL) &&
           pid_parse_stat(text, ret_stat);
}

gboolean pid_start_ticks(pid_t pid, guint64 *ret_ticks)
{
    PidStat stat;
    if (!read_stat(pid, &stat))
        return FALSE;
    *ret_ticks = stat.start_ticks;
    return TRUE;
}

/* Whether SIGKILL is in one of the masks of pending signals ("ShdPnd:\t0000000000000100"). */
static gboolean kill_is_pending(const char *task)
{
    g_autofree char *path = g_strdup_printf("%s/status", task);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return FALSE;
    for (const char *at = text; (at = strstr(at, "Pnd:")) != NULL;) {
        at += strlen("Pnd:");
        if ((g_ascii_strtoull(at, NULL, 16) & (G_GUINT64_CONSTANT(1) << (SIGKILL - 1))) != 0)
            return TRUE;
    }
    return FALSE;
}

/* One that cannot be read any more has ended. */
static gboolean task_is_ending(const char *task)
{
    PidStat stat;
    g_autofree char *path = g_strdup_printf("%s/stat", task);
    g_autofree char *text = NULL;
    return !g_file_get_contents(path, &text, NULL, NULL) || !pid_parse_stat(text, &stat) ||
           stat.state == 'Z' || stat.state == 'X' || (stat.flags & FLAG_EXITING) != 0 ||
           kill_is_pending(task);
}

gboolean pid_is_ending(pid_t pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/task", (int)pid);
    g_autoptr(GDir) tasks = g_dir_open(path, 0, NULL);
    if (tasks == NULL)
        return FALSE;
    for (const char *name; (name = g_dir_read_name(tasks)) != NULL;) {
        g_autofree char *task = g_build_filename(path, name, NULL);
        if (!task_is_ending(task))
            return FALSE;
    }
    return TRUE;
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

gboolean pid_runs_same(pid_t pid, guint64 start_ticks)
{
    autofd int fd = pid_open_same(pid, start_ticks);
    struct pollfd wait = { .fd = fd, .events = POLLIN };
    return fd >= 0 && poll(&wait, 1, 0) == 0;
}

gboolean pid_wait_end(int pidfd, guint limit_ms)
{
    gint64 deadline = g_get_monotonic_time() + (gint64)limit_ms * 1000;
    struct pollfd wait = { .fd = pidfd, .events = POLLIN };
    for (;;) {
        gint64 left_ms = MAX((deadline - g_get_monotonic_time() + 999) / 1000, 0);
        int n = poll(&wait, 1, (int)MIN(left_ms, G_MAXINT));
        if (n > 0)
            return TRUE;
        if (n < 0 && errno != EINTR)
            return FALSE;
        if (left_ms == 0) {
            errno = ETIMEDOUT;
            return FALSE;
        }
    }
}

/* TRUE when it has ended; else FALSE and errno with what was done last in *@ret_doing. */
static gboolean send_and_wait(pid_t pid, guint64 start_ticks, int number, guint limit_ms,
                              const char **ret_doing)
{
    autofd int fd = pid_open_same(pid, start_ticks);
    if (fd < 0)
        return TRUE;
    *ret_doing = "Sending a signal to";
    if (syscall(SYS_pidfd_send_signal, fd, number, NULL, 0) < 0)
        return errno == ESRCH;
    *ret_doing = "Waiting for the end of";
    return pid_wait_end(fd, limit_ms);
}

gboolean pid_ask_same(pid_t pid, guint64 start_ticks, int number, guint limit_ms, GError **error)
{
    const char *doing = NULL;
    if (send_and_wait(pid, start_ticks, number, limit_ms, &doing))
        return TRUE;
    if (errno == ETIMEDOUT)
        return error_set(error, VGPUCTL_ERROR_TIMEOUT, "Process %d goes on %u ms after %s",
                         (int)pid, limit_ms, g_strsignal(number));
    return error_set_errno(error, errno, "%s process %d", doing, (int)pid);
}

gboolean pid_kill_same(pid_t pid, guint64 start_ticks, guint limit_ms, GError **error)
{
    const char *doing = NULL;
    if (send_and_wait(pid, start_ticks, SIGKILL, limit_ms, &doing))
        return TRUE;
    if (errno == ETIMEDOUT)
        return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                         "Process %d was killed and has not ended after %u ms: the kernel holds "
                         "it, see 'cat /proc/%d/stack'",
                         (int)pid, limit_ms, (int)pid);
    return error_set_errno(error, errno, "%s process %d", doing, (int)pid);
}
