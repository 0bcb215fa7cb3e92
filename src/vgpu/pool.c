/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/pool.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file-lock.h"
#include "base/file.h"
#include "base/user.h"
#include "rules/type-name.h"
#include "vgpu/access.h"
#include "vgpu/holder.h"
#include "vgpu/mdev-sysfs.h"

#define POOL "/run/vgpuctl/pool"

static char *lock_path(const Root *root, const char *uuid)
{
    g_autofree char *path = g_build_filename(POOL, uuid, NULL);
    return root_host_path(root, path);
}

static gboolean make_directory(const Root *root, GError **error)
{
    g_autofree char *path = root_host_path(root, POOL);
    mode_t before = umask(022);
    gboolean good = file_make_directory(path, 0755, error);
    umask(before);
    return good;
}

gboolean pool_add(const Root *root, const VgpuRecord *record, GError **error)
{
    if (record->uid < 0 && record->gid < 0)
        return TRUE;
    if (!make_directory(root, error))
        return FALSE;
    g_autofree char *path = lock_path(root, record->uuid);
    autofd int fd = file_lock_open(path, error);
    if (fd < 0)
        return FALSE;
    uid_t uid = record->uid >= 0 ? (uid_t)record->uid : 0;
    gid_t gid = record->gid >= 0 ? (gid_t)record->gid : 0;
    return (fchown(fd, uid, gid) == 0 && fchmod(fd, record->gid >= 0 ? 0660 : 0600) == 0) ||
           error_set_errno(error, errno, "Giving %s to user %u, group %u", path, uid, gid);
}

gboolean pool_restore(const Root *root, const char *uuid, GError **error)
{
    g_autoptr(VgpuRecord) record = vgpu_record_find(root, uuid);
    if (record == NULL || (record->uid < 0 && record->gid < 0))
        return TRUE;
    return access_give(root, uuid, record->uid, record->gid, error) &&
           pool_add(root, record, error);
}

gboolean pool_remove(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *path = lock_path(root, uuid);
    return unlink(path) == 0 || errno == ENOENT ||
           error_set_errno(error, errno, "Removing %s", path);
}

/* What the holder wrote; 0: nothing that could be a pid. Its writer is a user: believe no more. */
static int read_pid(int fd)
{
    char text[16] = "";
    guint64 pid = 0;
    if (pread(fd, text, sizeof text - 1, 0) > 0)
        g_ascii_string_to_unsigned(g_strchomp(text), 10, 1, G_MAXINT, &pid, NULL);
    return (int)pid;
}

char *pool_describe_user(const Root *root, const char *uuid)
{
    g_autofree char *path = lock_path(root, uuid);
    autofd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    if (file_lock_is_free(fd))
        return NULL;
    int pid = read_pid(fd);
    const Owner owner = { .kind = OWNER_PID, .pid = pid };
    return pid > 0 ? owner_describe(&owner) : g_strdup("somebody");
}

static gboolean is_member(int uid, int gid)
{
    const struct passwd *person = getpwuid((uid_t)uid);
    gid_t groups[NGROUPS_MAX];
    int n = G_N_ELEMENTS(groups);
    if (person == NULL || getgrouplist(person->pw_name, person->pw_gid, groups, &n) < 0)
        return FALSE;
    for (int i = 0; i < n; i++)
        if (groups[i] == (gid_t)gid)
            return TRUE;
    return FALSE;
}

gboolean pool_is_for(const VgpuRecord *record, int uid)
{
    return uid >= 0 && (record->uid == uid || (record->gid >= 0 && is_member(uid, record->gid)));
}

/* Takes the lock and says who we are; -1 when somebody else has it. */
static int take_lock(const Root *root, const char *uuid)
{
    g_autofree char *path = lock_path(root, uuid);
    autofd int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 || !file_lock_try(fd, FILE_LOCK_EXCLUSIVE))
        return -1;
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (ftruncate(fd, 0) < 0 || !file_write_all(fd, text, strlen(text)))
        return -1;
    return steal_fd(&fd);
}

/*
 * Whether nobody who needs no lock has it: root by a claim, or a program that was started by hand.
 * A claim is written before its lock is asked after, we took the lock before: one of the two sees
 * the other. And whether it is still there: who waited for it may hold the lock of one that went.
 */
static gboolean is_free(const Root *root, const char *uuid)
{
    g_autoptr(Claim) claim = claim_find(root, uuid);
    g_autofree char *holders = mdev_describe_holders(root, uuid);
    return (claim == NULL || claim_is_dead(root, claim)) && holders == NULL &&
           mdev_find(root, uuid, NULL, NULL);
}

static gboolean is_wanted(const Root *root, const VgpuRecord *record, const char *type,
                          const char *parent)
{
    if ((record->uid < 0 && record->gid < 0) || record->type == NULL)
        return FALSE;
    return type_matches(record->type, type) &&
           (parent == NULL || g_strcmp0(record->parent, parent) == 0) &&
           mdev_find(root, record->uuid, NULL, NULL) && access_check(root, record->uuid) == 0;
}

static Claim *claim_of(const VgpuRecord *record)
{
    Claim *claim = record_new(&claim_type);
    claim->uuid = g_strdup(record->uuid);
    claim->parent = g_strdup(record->parent);
    claim->type = g_strdup(record->type);
    claim->name = g_strdup(record->name);
    claim->owner = owner_parse("fd", NULL);
    claim->stage = CLAIM_HELD;
    claim->uid = -1;
    return claim;
}

static void describe_taken(const Root *root, const VgpuRecord *record, GString *taken)
{
    g_autofree char *user = pool_describe_user(root, record->uuid);
    g_autoptr(Claim) claim = user == NULL ? claim_find(root, record->uuid) : NULL;
    g_autofree char *owner =
        claim != NULL && claim->owner != NULL ? owner_describe(claim->owner) : NULL;
    g_autofree char *holders =
        owner == NULL && user == NULL ? mdev_describe_holders(root, record->uuid) : NULL;
    const char *whose = user != NULL ? user : owner != NULL ? owner : holders;
    g_string_append_printf(taken, "%s%s: %s", taken->len > 0 ? "; " : "",
                           record->name != NULL ? record->name : record->uuid,
                           whose != NULL ? whose : "just given back");
}

static void set_none_error(const char *type, const char *taken, GError **error)
{
    if (*taken != '\0') {
        error_set(error, VGPUCTL_ERROR_BUSY, "Every %s vGPU that you may open is taken: %s", type,
                  taken);
        return;
    }
    g_autofree char *caller = user_caller_name();
    error_set(error, VGPUCTL_ERROR_NOT_FOUND,
              "There is no %s vGPU that you may open: 'sudo vgpuctl create %s --user %s' makes one",
              type, type, caller);
}

Claim *pool_take(const Root *root, const char *type, const char *parent, int *ret_fd,
                 GError **error)
{
    g_autoptr(GPtrArray) records = vgpu_records(root);
    g_autoptr(GString) taken = g_string_new(NULL);
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        if (!is_wanted(root, record, type, parent))
            continue;
        autofd int fd = take_lock(root, record->uuid);
        if (fd >= 0 && is_free(root, record->uuid)) {
            *ret_fd = steal_fd(&fd);
            return claim_of(record);
        }
        autofd_close(&fd);
        fd = -1;
        describe_taken(root, record, taken);
    }
    set_none_error(type, taken->str, error);
    return NULL;
}

int pool_lock(const Root *root, const char *uuid, GError **error)
{
    g_autofree char *path = lock_path(root, uuid);
    if (access(path, F_OK) < 0) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND, "vGPU %s is of no pool", uuid);
        return -1;
    }
    autofd int fd = take_lock(root, uuid);
    if (fd >= 0 && is_free(root, uuid))
        return steal_fd(&fd);
    g_autofree char *user = fd < 0 ? pool_describe_user(root, uuid) : NULL;
    error_set(error, VGPUCTL_ERROR_BUSY, "vGPU %s is taken%s%s", uuid, user != NULL ? ": " : "",
              user != NULL ? user : "");
    return -1;
}
