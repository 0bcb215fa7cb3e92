/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/owner.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/pid.h"

/* A lease is for those who come back to release it, or forget; beyond a year it is no limit. */
#define LONGEST_LEASE_S (365u * 24 * 60 * 60)

const char *const owner_words[] = { "pid", "lease", "lock", NULL };

static const Field owner_fields[] = {
    FIELD_CHOICE_(Owner, kind, owner_words, "what keeps the claim alive"),
    FIELD_INT_(Owner, pid, "its process; 0: none is known"),
    FIELD_U64_(Owner, started_ticks, "when that process started, in clock ticks since boot"),
    FIELD_U64_(Owner, until_s, "end of a lease, in seconds since boot (CLOCK_BOOTTIME)"),
    FIELD_END,
};
const RecordType owner_type = { "owner", sizeof(Owner), owner_fields };

static guint64 now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (guint64)now.tv_sec;
}

static Owner *owner_of_pid(pid_t pid)
{
    Owner owner = { .kind = OWNER_PID, .pid = (int)pid };
    return pid_start_ticks(pid, &owner.started_ticks) ? record_copy(&owner_type, &owner) : NULL;
}

static Owner *parse_pid(const char *text, GError **error)
{
    guint64 pid = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT, &pid, NULL)) {
        error_set(error, VGPUCTL_ERROR_USAGE, "--owner pid:%s: '%s' is no process id", text, text);
        return NULL;
    }
    Owner *owner = owner_of_pid((pid_t)pid);
    if (owner == NULL || !owner_is_alive(owner, NULL)) {
        g_clear_pointer(&owner, owner_free);
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "--owner pid:%s: there is no such process", text);
    }
    return owner;
}

static Owner *parse_lease(const char *text, GError **error)
{
    Owner owner = { .kind = OWNER_LEASE };
    guint64 seconds = 0;
    if (!g_ascii_string_to_unsigned(text, 10, 1, LONGEST_LEASE_S, &seconds, NULL)) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "--owner lease:%s: a lease has 1 to %u seconds, a whole number", text,
                  LONGEST_LEASE_S);
        return NULL;
    }
    owner.until_s = now_s() + seconds;
    return record_copy(&owner_type, &owner);
}

Owner *owner_parse(const char *text, GError **error)
{
    if (g_str_has_prefix(text, "pid:"))
        return parse_pid(text + strlen("pid:"), error);
    if (g_str_has_prefix(text, "lease:"))
        return parse_lease(text + strlen("lease:"), error);
    if (g_str_equal(text, "fd")) {
        const Owner owner = { .kind = OWNER_LOCK, .pid = (int)getpid() };
        return record_copy(&owner_type, &owner);
    }
    error_set(
        error, VGPUCTL_ERROR_USAGE,
        "'%s' is no owner: it is pid:N, lease:SECONDS, or fd for as long as this command runs",
        text);
    return NULL;
}

Owner *owner_self(void)
{
    return owner_of_pid(getpid());
}

void owner_free(Owner *owner)
{
    record_free(&owner_type, owner);
}

static gboolean is_locked(const char *path)
{
    autofd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 ? !file_lock_is_free(fd) : errno == EACCES;
}

gboolean owner_is_alive(const Owner *owner, const char *lock_path)
{
    switch ((OwnerKind)owner->kind) {
    case OWNER_PID:
        return pid_runs_same(owner->pid, owner->started_ticks);
    case OWNER_LEASE:
        return now_s() < owner->until_s;
    case OWNER_LOCK:
        return is_locked(lock_path);
    }
    return FALSE;
}

/* "process 812 (vgpuctl)" */
static char *describe_process(int pid)
{
    g_autofree char *path = g_strdup_printf("/proc/%d/comm", pid);
    g_autofree char *name = NULL;
    if (!g_file_get_contents(path, &name, NULL, NULL))
        return g_strdup_printf("process %d", pid);
    return g_strdup_printf("process %d (%s)", pid, g_strchomp(name));
}

char *owner_describe(const Owner *owner)
{
    guint64 now = now_s();
    g_autofree char *process = owner->pid > 0 ? describe_process(owner->pid) : NULL;
    switch ((OwnerKind)owner->kind) {
    case OWNER_PID:
        return g_steal_pointer(&process);
    case OWNER_LEASE:
        if (owner->until_s <= now)
            return g_strdup("a lease that is over");
        return g_strdup_printf("a lease with %" G_GUINT64_FORMAT " s left", owner->until_s - now);
    case OWNER_LOCK:
        return process != NULL ? g_strconcat("a lock of ", process, NULL) : g_strdup("a lock");
    }
    return NULL;
}
