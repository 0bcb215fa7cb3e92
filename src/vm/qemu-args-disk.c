/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Disks and the CD drive. Drivers are always named: QEMU never guesses a format. */
#include "vm/qemu-args-parts.h"

#define BOOTINDEX_DISK 1
#define BOOTINDEX_CDROM 50

static gboolean check_disk(const VmConfig *config, const VmDisk *wish, const DiskInfo *disk,
                           GError **error)
{
    if (disk->encrypted)
        return plan_refuse(error,
                           "Disk %s is encrypted: QEMU needs its secret, which vgpuctl does not "
                           "keep; decrypt it with 'qemu-img convert'",
                           disk->path);
    if (!disk->writable && !wish->readonly && !config->snapshot)
        return plan_refuse(error,
                           "Disk %s: you may not write it; add ',readonly' or --snapshot, or "
                           "change its owner",
                           disk->path);
    return TRUE;
}

static const char *protocol(const DiskInfo *disk)
{
    return disk->block_device ? "host_device" : "file";
}

static void add_disk(Plan *plan, const DiskInfo *disk, guint index, gboolean readonly)
{
    g_autofree char *path = plan_quote(disk->path);
    plan_add_format(plan, "-blockdev", "the disk's content, with its format named",
                    "driver=%s,node-name=disk%u,read-only=%s,discard=unmap,file.driver=%s,"
                    "file.filename=%s",
                    disk->format, index, readonly ? "on" : "off", protocol(disk), path);
}

/* -blockdev has no temporary overlays; -drive makes one in $TMPDIR and forgets it. */
static void add_snapshot(Plan *plan, const DiskInfo *disk, guint index)
{
    g_autofree char *path = plan_quote(disk->path);
    plan_add_format(plan, "-drive", "the disk is not written: changes go to a temporary file",
                    "if=none,id=disk%u,snapshot=on,format=%s,file.driver=%s,file.filename=%s",
                    index, disk->format, protocol(disk), path);
}

static gboolean plan_disk(Plan *plan, const PlanRequest *request, guint index, GError **error)
{
    const VmConfig *config = request->config;
    const VmDisk *wish = config->disks->pdata[index];
    const DiskInfo *disk = request->disks->pdata[index];
    if (!check_disk(config, wish, disk, error))
        return FALSE;
    if (config->snapshot)
        add_snapshot(plan, disk, index);
    else
        add_disk(plan, disk, index, wish->readonly);
    plan_add_format(plan, "-device", "the disk as the guest sees it",
                    "virtio-blk-pci,drive=disk%u,bootindex=%u", index, BOOTINDEX_DISK + index);
    return TRUE;
}

static void plan_cdrom(Plan *plan, const DiskInfo *image, gboolean alone)
{
    g_autofree char *path = plan_quote(image->path);
    plan_add_format(plan, "-blockdev", "the disc's content, never written",
                    "driver=raw,node-name=cdrom0,read-only=on,file.driver=%s,file.filename=%s",
                    protocol(image), path);
    plan_add_format(plan, "-device",
                    alone ? "the CD drive the guest boots from"
                          : "the CD drive; an empty disk makes the firmware boot from it",
                    "ide-cd,drive=cdrom0,bootindex=%d", BOOTINDEX_CDROM);
}

gboolean qemu_plan_disks(Plan *plan, const PlanRequest *request, GError **error)
{
    const VmConfig *config = request->config;
    for (guint i = 0; i < config->disks->len; i++)
        if (!plan_disk(plan, request, i, error))
            return FALSE;
    if (config->cdrom != NULL)
        plan_cdrom(plan, request->disks->pdata[config->disks->len], config->disks->len == 0);
    return TRUE;
}
