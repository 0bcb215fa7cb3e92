/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-use.h"

#include "base/user.h"
#include "vgpu/access.h"
#include "vgpu/pool.h"
#include "vgpu/vgpu-use.h"

static const Field mdev_use_device_fields[] = {
    FIELD_TEXT_(MdevUseDevice, uuid, "the device"),
    FIELD_TEXT_(MdevUseDevice, name, "its name; null: none"),
    FIELD_TEXT_(MdevUseDevice, holder, "who has it; null: nobody"),
    FIELD_INT_(MdevUseDevice, open_errno, "0: this user may open it; else the errno"),
    FIELD_END,
};
const RecordType mdev_use_device_type = { "mdev-use-device", sizeof(MdevUseDevice),
                                          mdev_use_device_fields };

static const Field mdev_use_fields[] = {
    FIELD_FLAG_(MdevUse, pooled, "devices this user may open are theirs to take"),
    FIELD_TEXT_(MdevUse, make_obstacle, "why this user cannot have one made; null: they can"),
    FIELD_RECORDS_(MdevUse, devices, &mdev_use_device_type, "those that live"),
    FIELD_END,
};
const RecordType mdev_use_type = { "mdev-use", sizeof(MdevUse), mdev_use_fields };

void mdev_use_free(MdevUse *use)
{
    record_free(&mdev_use_type, use);
}

const MdevUseDevice *mdev_use_find(const MdevUse *use, const char *uuid)
{
    for (guint i = 0; use != NULL && i < use->devices->len; i++) {
        const MdevUseDevice *device = use->devices->pdata[i];
        if (g_str_equal(device->uuid, uuid))
            return device;
    }
    return NULL;
}

/* Who has it, as far as we may see. Owned; NULL: nobody. */
static char *describe_holder(const Root *root, const char *uuid, const VgpuUse *use)
{
    if (use != NULL && use->owner != NULL)
        return use->vm != NULL ? g_strdup_printf("%s, for '%s'", use->owner, use->vm)
                               : g_strdup(use->owner);
    char *user = pool_describe_user(root, uuid);
    return user != NULL || use == NULL ? user : g_strdup(use->holder);
}

static MdevUseDevice *read_device(const Root *root, const char *uuid, const VgpuUse *use)
{
    MdevUseDevice *device = record_new(&mdev_use_device_type);
    device->uuid = g_strdup(uuid);
    device->name = use != NULL ? g_strdup(use->name) : NULL;
    device->open_errno = access_check(root, uuid);
    device->holder = describe_holder(root, uuid, use);
    return device;
}

static void read_devices(MdevUse *use, const Root *root, const GPtrArray *devices)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    for (guint i = 0; i < devices->len; i++)
        g_ptr_array_add(uuids, ((MdevDevice *)devices->pdata[i])->uuid);
    g_autoptr(GHashTable) known = vgpu_uses(root, uuids);
    for (guint i = 0; i < uuids->len; i++)
        g_ptr_array_add(use->devices, read_device(root, uuids->pdata[i],
                                                  g_hash_table_lookup(known, uuids->pdata[i])));
}

MdevUse *mdev_use_read(const Root *root, const MdevFacts *facts, const Broker *broker)
{
    MdevUse *use = record_new(&mdev_use_type);
    use->pooled = !user_is_root();
    g_autoptr(GError) reason = NULL;
    if (!user_is_root() && broker->fd < 0 && !broker_available(root, &reason))
        use->make_obstacle = g_strdup(reason->message);
    use->devices = g_ptr_array_new();
    if (facts != NULL && facts->devices != NULL)
        read_devices(use, root, facts->devices);
    return use;
}
