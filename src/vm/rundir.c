/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/rundir.h"

#include <errno.h>
#include <stdio.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "base/json.h"
#include "vm/rundir-base.h"
#include "vm/vm-config.h"

struct RunDir {
    char *base; /* owned */
    char *path; /* owned */
    int lock;   /* owned */
};

/* QEMU would refuse later, and in words that name no way out. */
static gboolean check_socket_length(const char *base, const char *name, GError **error)
{
    const gsize most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
    g_autofree char *longest = g_build_filename(base, name, RUNDIR_SPICE_SOCKET, NULL);
    gsize length = strlen(longest);
    if (length <= most)
        return TRUE;
    return error_set(error, VGPUCTL_ERROR_USAGE,
                     "Socket %s has %" G_GSIZE_FORMAT " characters, a Unix socket's path at most "
                     "%" G_GSIZE_FORMAT ": choose a shorter name, or set XDG_RUNTIME_DIR to a "
                     "shorter directory",
                     longest, length, most);
}

/* The pid its holder wrote into the lock; 0: none yet. */
static guint64 lock_holder(int fd)
{
    char text[24] = "";
    guint64 pid = 0;
    if (pread(fd, text, sizeof text - 1, 0) > 0)
        g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, G_MAXINT, &pid, NULL);
    return pid;
}

static gboolean write_holder(int fd)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    return ftruncate(fd, 0) == 0 && file_write_all(fd, text, strlen(text));
}

static int take_lock(const char *path, const char *name, GError **error)
{
    g_autofree char *file = g_build_filename(path, RUNDIR_LOCK, NULL);
    autofd int fd = file_lock_open(file, error);
    if (fd < 0)
        return -1;
    if (file_lock_try(fd, FILE_LOCK_EXCLUSIVE))
        return steal_fd(&fd);
    if (errno != EAGAIN) {
        error_set_errno(error, errno, "Locking %s", file);
        return -1;
    }
    guint64 pid = lock_holder(fd);
    g_autofree char *who = pid != 0 ? g_strdup_printf("is running (pid %" G_GUINT64_FORMAT ")", pid)
                                    : g_strdup("is just being started");
    error_set(error, VGPUCTL_ERROR_EXISTS,
              "VM '%s' %s: 'vgpuctl stop %s' ends it, --name gives this one another name", name,
              who, name);
    return -1;
}

/* Removes what a dead VM left, the lock excepted, which is ours. */
static gboolean clear_directory(const char *path, GError **error)
{
    if (!rundir_reap(path, error))
        return FALSE;
    g_autoptr(GDir) directory = g_dir_open(path, 0, error);
    if (directory == NULL)
        return FALSE;
    for (const char *name; (name = g_dir_read_name(directory)) != NULL;) {
        g_autofree char *file = g_build_filename(path, name, NULL);
        if (!g_str_equal(name, RUNDIR_LOCK) && !file_remove_tree(file, error))
            return FALSE;
    }
    return TRUE;
}

/* With the lock of the base held. */
static RunDir *create_below(const char *base, const char *name, GError **error)
{
    g_autofree char *path = g_build_filename(base, name, NULL);
    if (!rundir_make_private(path, error))
        return NULL;
    autofd int lock = take_lock(path, name, error);
    if (lock < 0 || !clear_directory(path, error))
        return NULL;
    if (!write_holder(lock)) {
        error_set_errno(error, errno, "Writing %s/" RUNDIR_LOCK, path);
        return NULL;
    }
    RunDir *dir = g_new0(RunDir, 1);
    dir->base = g_strdup(base);
    dir->path = g_steal_pointer(&path);
    dir->lock = steal_fd(&lock);
    return dir;
}

RunDir *rundir_create(const Root *root, const char *name, GError **error)
{
    if (!vm_name_check(name, error))
        return NULL;
    g_autofree char *base = rundir_base(root, error);
    if (base == NULL || !check_socket_length(base, name, error))
        return NULL;
    autofd int base_lock = rundir_lock_base(base, FALSE, error);
    if (base_lock < 0)
        return NULL;
    return create_below(base, name, error);
}

const char *rundir_path(const RunDir *dir)
{
    return dir->path;
}

char *rundir_file(const RunDir *dir, const char *member)
{
    return g_build_filename(dir->path, member, NULL);
}

gboolean rundir_write_state(const RunDir *dir, const VmState *state, GError **error)
{
    g_autofree char *file = rundir_file(dir, RUNDIR_STATE);
    g_autoptr(json_t) object = record_to_json(&vm_state_type, state);
    g_autofree char *text = json_to_text(object);
    return file_write_atomic(file, text, strlen(text), 0600, error);
}

gboolean rundir_remove(RunDir *dir, GError **error)
{
    autofd int base_lock = rundir_lock_base(dir->base, TRUE, error);
    return base_lock >= 0 && file_remove_tree(dir->path, error);
}

void rundir_free(RunDir *dir)
{
    if (dir == NULL)
        return;
    close(dir->lock);
    g_free(dir->path);
    g_free(dir->base);
    g_free(dir);
}
