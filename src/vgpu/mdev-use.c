/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-use.h"

#include "base/user.h"
#include "vgpu/access.h"
#include "vgpu/claim.h"
#include "vgpu/holder.h"
#include "vgpu/pool.h"

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

/* Who has claimed it: those of dead owners are taken back by whoever wants it. */
static char *describe_claim(const Claim *claim)
{
    g_autofree char *owner = owner_describe(claim->owner);
    return claim->vm != NULL ? g_strdup_printf("VM '%s' (%s)", claim->vm, owner)
                             : g_steal_pointer(&owner);
}

static MdevUseDevice *read_device(const Root *root, const char *uuid)
{
    MdevUseDevice *device = record_new(&mdev_use_device_type);
    device->uuid = g_strdup(uuid);
    device->open_errno = access_check(root, uuid);
    g_autoptr(VgpuRecord) record = vgpu_record_find(root, uuid);
    device->name = g_strdup(record != NULL ? record->name : NULL);
    g_autoptr(Claim) claim = claim_find(root, uuid);
    device->holder = claim != NULL ? describe_claim(claim) : pool_describe_user(root, uuid);
    if (device->holder == NULL)
        device->holder = mdev_describe_holders(root, uuid);
    return device;
}

MdevUse *mdev_use_read(const Root *root, const MdevFacts *facts, const Broker *broker)
{
    MdevUse *use = record_new(&mdev_use_type);
    use->pooled = !user_is_root();
    g_autoptr(GError) reason = NULL;
    if (!user_is_root() && broker->fd < 0 && !broker_available(root, &reason))
        use->make_obstacle = g_strdup(reason->message);
    use->devices = g_ptr_array_new();
    for (guint i = 0; facts != NULL && facts->devices != NULL && i < facts->devices->len; i++) {
        const MdevDevice *device = facts->devices->pdata[i];
        g_ptr_array_add(use->devices, read_device(root, device->uuid));
    }
    return use;
}
