/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/rundir-base.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "base/json.h"
#include "base/pid.h"
#include "base/user.h"

#define BASE_LOCK ".lock"
#define BASE_LOCK_LIMIT_US (30 * G_USEC_PER_SEC)
#define KILL_LIMIT_MS 10000

gboolean rundir_make_private(const char *path, GError **error)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST)
        return error_set_errno(error, errno, "Making run directory %s", path);
    struct stat info;
    if (lstat(path, &info) < 0)
        return error_set_errno(error, errno, "Looking at run directory %s", path);
    if (!S_ISDIR(info.st_mode))
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "Run directory %s is %s: remove it, it may be somebody's trap", path,
                         S_ISLNK(info.st_mode) ? "a symbolic link" : "no directory");
    if (info.st_uid != geteuid())
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "Run directory %s belongs to user %u: set XDG_RUNTIME_DIR to a directory "
                         "of yours",
                         path, (guint)info.st_uid);
    if ((info.st_mode & 077) != 0)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "Run directory %s is open to others (mode %04o): 'chmod 700 %s'", path,
                         (guint)info.st_mode & 07777, path);
    return TRUE;
}

static gboolean is_own_directory(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode) && info.st_uid == geteuid();
}

static char *user_base(void)
{
    const char *named = g_getenv("XDG_RUNTIME_DIR");
    if (named != NULL && g_path_is_absolute(named) && is_own_directory(named))
        return g_build_filename(named, "vgpuctl", NULL);
    g_autofree char *usual = g_strdup_printf("/run/user/%u", (guint)geteuid());
    if (is_own_directory(usual))
        return g_build_filename(usual, "vgpuctl", NULL);
    g_autofree char *name = g_strdup_printf("vgpuctl-%u", (guint)geteuid());
    const char *temporary = g_getenv("TMPDIR");
    gboolean good = temporary != NULL && g_path_is_absolute(temporary);
    return g_build_filename(good ? temporary : "/tmp", name, NULL);
}

char *rundir_base(const Root *root, GError **error)
{
    g_autofree char *base = NULL;
    if (user_is_root()) {
        g_autofree char *parent = root_host_path(root, "/run/vgpuctl");
        if (!file_make_directory(parent, 0755, error))
            return NULL;
        base = g_build_filename(parent, "vms", NULL);
    } else {
        base = user_base();
    }
    if (!rundir_make_private(base, error))
        return NULL;
    return g_steal_pointer(&base);
}

int rundir_lock_base(const char *base, gboolean exclusively, GError **error)
{
    g_autofree char *path = g_build_filename(base, BASE_LOCK, NULL);
    autofd int fd = file_lock_open(path, error);
    if (fd < 0)
        return -1;
    if (!file_lock_wait(fd, exclusively ? FILE_LOCK_EXCLUSIVE : FILE_LOCK_SHARED,
                        g_get_monotonic_time() + BASE_LOCK_LIMIT_US)) {
        if (errno == EAGAIN)
            error_set(
                error, VGPUCTL_ERROR_BUSY,
                "Another vgpuctl works in %s and does not come to an end: 'fuser -v %s' shows "
                "it",
                base, path);
        else
            error_set_errno(error, errno, "Locking %s", path);
        return -1;
    }
    return steal_fd(&fd);
}

VmState *rundir_read_state(const char *path, GError **error)
{
    g_autofree char *file = g_build_filename(path, RUNDIR_STATE, NULL);
    g_autoptr(json_t) object = json_from_file(file, error);
    if (object == NULL)
        return NULL;
    VmState *state = record_from_json(&vm_state_type, object, error);
    if (state == NULL)
        g_prefix_error(error, "%s: ", file);
    return state;
}

gboolean rundir_reap(const char *path, GError **error)
{
    /* without a state that can be read, there is nobody we could name */
    g_autoptr(VmState) state = rundir_read_state(path, NULL);
    if (state == NULL || state->qemu_pid <= 0)
        return TRUE;
    if (pid_kill_same(state->qemu_pid, state->qemu_started_ticks, KILL_LIMIT_MS, error))
        return TRUE;
    g_prefix_error(error, "QEMU of the dead VM %s: ", path);
    return FALSE;
}
