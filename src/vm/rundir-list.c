/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/rundir-list.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "vm/rundir-base.h"
#include "vm/vm-config.h"

void rundir_entry_free(RunDirEntry *entry)
{
    if (entry == NULL)
        return;
    g_free(entry->name);
    g_free(entry->path);
    vm_state_free(entry->state);
    g_free(entry);
}

static gboolean is_locked(const char *path)
{
    g_autofree char *file = g_build_filename(path, RUNDIR_LOCK, NULL);
    autofd int fd = open(file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && file_lock_is_held(fd);
}

static RunDirEntry *entry_new(const char *base, const char *name)
{
    RunDirEntry *entry = g_new0(RunDirEntry, 1);
    entry->name = g_strdup(name);
    entry->path = g_build_filename(base, name, NULL);
    entry->running = is_locked(entry->path);
    entry->state = rundir_read_state(entry->path, NULL);
    return entry;
}

/* Directories only: a link in this place is nobody's VM. */
static gboolean is_run_directory(const char *base, const char *name)
{
    g_autofree char *path = g_build_filename(base, name, NULL);
    autofd int fd = open(path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd >= 0 && vm_name_check(name, NULL);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of the run directories in their order; owned. */
static GPtrArray *list_names(const char *base, GError **error)
{
    g_autoptr(GDir) directory = g_dir_open(base, 0, error);
    if (directory == NULL)
        return NULL;
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    for (const char *name; (name = g_dir_read_name(directory)) != NULL;)
        if (is_run_directory(base, name))
            g_ptr_array_add(names, g_strdup(name));
    g_ptr_array_sort(names, compare_texts);
    return names;
}

GPtrArray *rundir_list(const Root *root, GError **error)
{
    g_autofree char *base = rundir_base(root, error);
    g_autoptr(GPtrArray) names = base != NULL ? list_names(base, error) : NULL;
    if (names == NULL)
        return NULL;
    GPtrArray *entries = g_ptr_array_new_with_free_func((GDestroyNotify)rundir_entry_free);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(entries, entry_new(base, names->pdata[i]));
    return entries;
}

RunDirEntry *rundir_find_running(const Root *root, const char *name, GError **error)
{
    if (!vm_name_check(name, error))
        return NULL;
    g_autofree char *base = rundir_base(root, error);
    if (base == NULL)
        return NULL;
    g_autoptr(RunDirEntry) entry = is_run_directory(base, name) ? entry_new(base, name) : NULL;
    if (entry == NULL || !entry->running) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "No VM '%s' is running: 'vgpuctl ps' lists those that are", name);
        return NULL;
    }
    return g_steal_pointer(&entry);
}

/* With the lock of the base held exclusively. */
static gboolean collect_one(const char *base, const char *name, guint *removed, GError **error)
{
    g_autofree char *path = g_build_filename(base, name, NULL);
    g_autofree char *file = g_build_filename(path, RUNDIR_LOCK, NULL);
    autofd int lock = file_lock_open(file, error);
    if (lock < 0)
        return FALSE;
    if (!file_lock_try(lock, FILE_LOCK_EXCLUSIVE))
        return errno == EAGAIN || error_set_errno(error, errno, "Locking %s", file);
    if (!rundir_reap(path, error) || !file_remove_tree(path, error))
        return FALSE;
    ++*removed;
    return TRUE;
}

static gboolean any_stale(const char *base, const GPtrArray *names)
{
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(base, names->pdata[i], NULL);
        if (!is_locked(path))
            return TRUE;
    }
    return FALSE;
}

/* Adds to @left why, where it fails. */
static void collect_or_say(const char *base, const char *name, guint *removed, GPtrArray *left)
{
    g_autoptr(GError) reason = NULL;
    if (!collect_one(base, name, removed, &reason))
        g_ptr_array_add(left, g_strdup(reason->message));
}

/* What there is to remove is seen again under the lock; until then it is a guess. */
static gboolean collect_below(const char *base, guint *removed, GPtrArray *left, GError **error)
{
    g_autoptr(GError) reason = NULL;
    autofd int base_lock = rundir_lock_base(base, TRUE, &reason);
    if (base_lock < 0) { /* only that of another one who removes is in the way */
        g_ptr_array_add(left, g_strdup(reason->message));
        return TRUE;
    }
    g_autoptr(GPtrArray) names = list_names(base, error);
    for (guint i = 0; names != NULL && i < names->len; i++)
        collect_or_say(base, names->pdata[i], removed, left);
    return names != NULL;
}

gboolean rundir_collect(const Root *root, guint *ret_removed, char ***ret_left, GError **error)
{
    g_autofree char *base = rundir_base(root, error);
    g_autoptr(GPtrArray) names = base != NULL ? list_names(base, error) : NULL;
    if (names == NULL)
        return FALSE;
    guint removed = 0;
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    gboolean good = !any_stale(base, names) || collect_below(base, &removed, left, error);
    if (ret_removed != NULL)
        *ret_removed = removed;
    if (ret_left != NULL && left->len > 0) {
        g_ptr_array_add(left, NULL);
        *ret_left = (char **)g_ptr_array_steal(left, NULL);
    }
    return good;
}

gboolean rundir_collect_name(const Root *root, const char *name, GError **error)
{
    g_autofree char *base = rundir_base(root, error);
    autofd int base_lock = base != NULL ? rundir_lock_base(base, TRUE, error) : -1;
    guint removed = 0;
    return base_lock >= 0 &&
           (!is_run_directory(base, name) || collect_one(base, name, &removed, error));
}
