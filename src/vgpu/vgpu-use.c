/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/vgpu-use.h"

#include <pwd.h>
#include <string.h>

#include "vgpu/claim.h"
#include "vgpu/holder.h"
#include "vgpu/mdev-sysfs.h"
#include "vgpu/pool.h"
#include "vgpu/vgpu-names.h"

#define NODES "/dev/vfio/"
#define DEVICE_NODES "/dev/vfio/devices/"
#define DELETED " (deleted)" /* what the kernel adds to the path of a node that is gone */

static const Field vgpu_use_fields[] = {
    FIELD_TEXT_(VgpuUse, uuid, "the vGPU"),
    FIELD_TEXT_(VgpuUse, name, "our name of it"),
    FIELD_TEXT_(VgpuUse, owner, "whose it is, by a claim or the lock of its pool; null: nobody's"),
    FIELD_TEXT_(VgpuUse, vm, "VM it is for"),
    FIELD_TEXT_(VgpuUse, user, "who may open it, besides root"),
    FIELD_TEXT_(VgpuUse, holder, "who has it open"),
    FIELD_END,
};
const RecordType vgpu_use_type = { "vgpu-use", sizeof(VgpuUse), vgpu_use_fields };

static void use_free(gpointer use)
{
    record_free(&vgpu_use_type, use);
}

/* That of @uuid, made when there is none yet; NULL when it is not asked for. */
static VgpuUse *use_of(GHashTable *uses, GHashTable *wanted, const char *uuid)
{
    if (uuid == NULL || !g_hash_table_contains(wanted, uuid))
        return NULL;
    VgpuUse *use = g_hash_table_lookup(uses, uuid);
    if (use == NULL) {
        use = record_new(&vgpu_use_type);
        use->uuid = g_strdup(uuid);
        g_hash_table_insert(uses, use->uuid, use);
    }
    return use;
}

static void set_user(VgpuUse *use, int uid)
{
    if (uid < 0)
        return;
    const struct passwd *user = getpwuid((uid_t)uid);
    g_free(use->user);
    use->user = user != NULL ? g_strdup(user->pw_name) : g_strdup_printf("%d", uid);
}

static void set_text(char **field, const char *text)
{
    if (*field == NULL)
        *field = g_strdup(text);
}

static void add_records(GHashTable *uses, GHashTable *wanted, const Root *root)
{
    g_autoptr(GPtrArray) records = vgpu_records(root);
    for (guint i = 0; i < records->len; i++) {
        const VgpuRecord *record = records->pdata[i];
        VgpuUse *use = use_of(uses, wanted, record->uuid);
        if (use == NULL)
            continue;
        set_text(&use->name, record->name);
        set_user(use, record->uid);
        use->owner = pool_describe_user(root, record->uuid);
    }
}

/* A claim of a dead owner is nobody's: it is taken back by whoever needs it next. */
static void add_claims(GHashTable *uses, GHashTable *wanted, const Root *root)
{
    g_autoptr(GPtrArray) claims = claims_list(root);
    for (guint i = 0; i < claims->len; i++) {
        const Claim *claim = claims->pdata[i];
        VgpuUse *use = use_of(uses, wanted, claim->uuid);
        if (use == NULL || claim->owner == NULL || claim_is_dead(root, claim))
            continue;
        g_free(use->owner);
        use->owner = owner_describe(claim->owner);
        set_text(&use->name, claim->name);
        set_text(&use->vm, claim->vm);
        set_user(use, claim->uid);
    }
}

/* Paths of nodes of vfio that a process has open, as far as we may look into processes. */
static GHashTable *open_nodes(const Root *root)
{
    GHashTable *nodes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) processes = root_list(root, "/proc");
    for (char **process = processes; *process != NULL; process++) {
        if (!g_ascii_isdigit(**process))
            continue;
        g_autofree char *directory = g_build_filename("/proc", *process, "fd", NULL);
        g_auto(GStrv) numbers = root_list(root, directory);
        for (char **number = numbers; *number != NULL; number++) {
            g_autofree char *link = g_build_filename(directory, *number, NULL);
            char *target = root_read_link(root, link, NULL);
            if (target != NULL && g_str_has_suffix(target, DELETED))
                target[strlen(target) - strlen(DELETED)] = '\0';
            if (target != NULL && g_str_has_prefix(target, NODES))
                g_hash_table_add(nodes, target);
            else
                g_free(target);
        }
    }
    return nodes;
}

/* A node of a device has no group in its name: where one is open each device is looked at. */
static gboolean any_device_node(GHashTable *nodes)
{
    GHashTableIter iterator;
    gpointer path;
    g_hash_table_iter_init(&iterator, nodes);
    while (g_hash_table_iter_next(&iterator, &path, NULL))
        if (g_str_has_prefix(path, DEVICE_NODES))
            return TRUE;
    return FALSE;
}

/* The VM of QEMU's -name of the first holder that has one. Owned, or NULL. */
static char *vm_of(const GPtrArray *holders)
{
    for (guint i = 0; i < holders->len; i++) {
        const Holder *holder = holders->pdata[i];
        if (holder->vm != NULL)
            return g_strdup(holder->vm);
    }
    return NULL;
}

static void add_holders(GHashTable *uses, GHashTable *wanted, const Root *root)
{
    g_autoptr(GHashTable) nodes = open_nodes(root);
    gboolean all = any_device_node(nodes);
    GHashTableIter iterator;
    gpointer uuid;
    g_hash_table_iter_init(&iterator, wanted);
    while (g_hash_table_size(nodes) > 0 && g_hash_table_iter_next(&iterator, &uuid, NULL)) {
        g_autofree char *node = mdev_group_node(root, uuid, NULL);
        if (node == NULL || !(all || g_hash_table_contains(nodes, node)))
            continue;
        g_autoptr(GPtrArray) holders = mdev_holders(root, uuid);
        if (holders->len == 0)
            continue;
        VgpuUse *use = use_of(uses, wanted, uuid);
        use->holder = holders_describe(holders);
        if (use->vm == NULL)
            use->vm = vm_of(holders);
    }
}

GHashTable *vgpu_uses(const Root *root, const GPtrArray *uuids)
{
    GHashTable *uses = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, use_free);
    g_autoptr(GHashTable) wanted = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < uuids->len; i++)
        g_hash_table_add(wanted, uuids->pdata[i]);
    if (uuids->len == 0)
        return uses;
    add_records(uses, wanted, root);
    add_claims(uses, wanted, root);
    add_holders(uses, wanted, root);
    return uses;
}
