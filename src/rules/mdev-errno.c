/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mdev-errno.h"

#include <errno.h>
#include <string.h>

#include "base/error.h"

/* The words behind "DOING: "; {uuid}, {parent}, {type}, {driver} and {why} are filled in. @known is
 * used where there is a {why}. */
typedef struct {
    MdevAction action;
    int number;
    const char *driver; /* NULL: any */
    const char *text;
    const char *known;
} Row;

/* Of several that match the first. */
static const Row rows[] = {
    { MDEV_ACTION_CREATE, EINVAL, NULL,
      "the driver ({driver}) refuses it as invalid; the kernel log (dmesg) may say why", NULL },
    { MDEV_ACTION_CREATE, EEXIST, NULL, "the UUID is in use on this host; choose another UUID",
      "the UUID is in use by {why}; choose another UUID" },
    { MDEV_ACTION_CREATE, ENOSPC, "i915",
      "GVT-g counts room for one more {type}, but the host's own pictures lie in it; make vGPUs "
      "before the display manager starts, or restart that",
      "no {type} is left: {why}" },
    { MDEV_ACTION_CREATE, ENOSPC, NULL,
      "no {type} is left; remove a device of {parent} (vgpuctl list --parent {parent})",
      "no {type} is left: {why}" },
    { MDEV_ACTION_CREATE, EUSERS, NULL,
      "{parent} has as many devices as its driver ({driver}) allows; remove one (vgpuctl list "
      "--parent {parent})",
      NULL },
    { MDEV_ACTION_CREATE, ENODEV, NULL,
      "the driver of {parent} ({driver}) is being unloaded; load it again", NULL },
    { MDEV_ACTION_CREATE, ENOENT, NULL,
      "{parent} has no type {type} any more; vgpuctl types says what it has, and why not", NULL },
    { MDEV_ACTION_CREATE, ENOMEM, NULL,
      "the kernel has no memory for it; end programs, or make vGPUs right after the boot", NULL },
    { MDEV_ACTION_CREATE, EIO, "nvidia",
      "NVIDIA's vGPU Manager fails; journalctl -u nvidia-vgpu-mgr says why", NULL },
    { MDEV_ACTION_CREATE, EIO, NULL,
      "the driver ({driver}) fails; the kernel log (dmesg) may say why", NULL },
    { MDEV_ACTION_CREATE, EACCES, NULL,
      "only root may make one; use sudo, or let the administrator make it with vgpuctl create "
      "{type} --user NAME",
      NULL },

    { MDEV_ACTION_REMOVE, EINVAL, NULL, "the kernel takes no number but 1 there", NULL },
    { MDEV_ACTION_REMOVE, ENOENT, NULL, "it is gone already", NULL },
    { MDEV_ACTION_REMOVE, ENODEV, NULL, "it is gone already", NULL },
    { MDEV_ACTION_REMOVE, EAGAIN, NULL, "another program is removing it at this moment", NULL },
    { MDEV_ACTION_REMOVE, EBUSY, NULL, "it is in use; end its VM first (vgpuctl ps)",
      "it is held open by {why}; end that first" },
    { MDEV_ACTION_REMOVE, EIO, NULL, "its driver fails; the kernel log (dmesg) may say why", NULL },
    { MDEV_ACTION_REMOVE, EACCES, NULL, "only root may remove one; use sudo", NULL },

    { MDEV_ACTION_OPEN, ESRCH, NULL,
      "GVT-g needs KVM, and QEMU runs without it; run the VM with --accel kvm, which wants "
      "virtualisation on in the firmware and access to /dev/kvm",
      NULL },
    { MDEV_ACTION_OPEN, EEXIST, NULL,
      "the VM has another vGPU of GVT-g, and a VM can have only one; leave one out", NULL },
    { MDEV_ACTION_OPEN, EBUSY, NULL, "another program has it open; end that first",
      "{why} has it open; end that first" },
    { MDEV_ACTION_OPEN, EIO, "nvidia",
      "NVIDIA's vGPU Manager refuses to start it; the VM needs a UUID (QEMU's -uuid), and "
      "journalctl -u nvidia-vgpu-mgr says more",
      NULL },
    { MDEV_ACTION_OPEN, EIO, NULL,
      "the driver ({driver}) fails to start it; the kernel log (dmesg) may say why", NULL },
    { MDEV_ACTION_OPEN, ENODEV, NULL, "it is gone, or its driver is being unloaded", NULL },
    { MDEV_ACTION_OPEN, ENOMEM, NULL,
      "the memory of the VM cannot be locked; raise RLIMIT_MEMLOCK (ulimit -l) above the memory of "
      "the VM",
      NULL },

    { MDEV_ACTION_ACCESS, EACCES, NULL,
      "it belongs to another user; the administrator gives one to a user with vgpuctl create "
      "{type} --user NAME",
      NULL },
    { MDEV_ACTION_ACCESS, EBUSY, NULL, "another program has it open; end that first",
      "{why} has it open; end that first" },
    { MDEV_ACTION_ACCESS, ENOENT, NULL,
      "it has no node below /dev/vfio; modprobe vfio, and see that udev or devtmpfs makes nodes",
      NULL },
    { MDEV_ACTION_ACCESS, ENODEV, NULL, "it is gone, or its driver is being unloaded", NULL },
};

static const Row bad_uuid = {
    .text = "the kernel takes a UUID of 36 characters there (8-4-4-4-12 hexadecimal digits), which "
            "this is not",
};

static const Row *find_row(const MdevFailure *failure)
{
    int number = failure->number == EPERM ? EACCES : failure->number;
    if (failure->action == MDEV_ACTION_CREATE && number == EINVAL && failure->uuid != NULL &&
        !g_uuid_string_is_valid(failure->uuid))
        return &bad_uuid;
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        if (rows[i].action == failure->action && rows[i].number == number &&
            (rows[i].driver == NULL || g_strcmp0(rows[i].driver, failure->driver) == 0))
            return &rows[i];
    return NULL;
}

static const char *value_of(const MdevFailure *failure, const char *name, gsize length)
{
    const struct {
        const char *name, *value, *unknown;
    } values[] = {
        { "uuid", failure->uuid, "without a UUID" },
        { "parent", failure->parent, "its parent" },
        { "type", failure->type, "of the type" },
        { "driver", failure->driver, "unknown" },
        { "why", failure->why, "" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(values); i++)
        if (strlen(values[i].name) == length && strncmp(values[i].name, name, length) == 0)
            return values[i].value != NULL ? values[i].value : values[i].unknown;
    return "";
}

static void append_filled(GString *words, const char *text, const MdevFailure *failure)
{
    for (const char *open; (open = strchr(text, '{')) != NULL;) {
        const char *close = strchr(open, '}');
        g_string_append_len(words, text, open - text);
        g_string_append(words, value_of(failure, open + 1, (gsize)(close - open - 1)));
        text = close + 1;
    }
    g_string_append(words, text);
}

static const char *doing(const MdevFailure *failure)
{
    switch (failure->action) {
    case MDEV_ACTION_CREATE:
        return failure->parent != NULL ? "Making vGPU {uuid} on {parent}: "
                                       : "Making vGPU {uuid}: ";
    case MDEV_ACTION_REMOVE:
        return "Removing vGPU {uuid}: ";
    case MDEV_ACTION_OPEN:
    case MDEV_ACTION_ACCESS:
        break;
    }
    return "Opening vGPU {uuid}: ";
}

char *mdev_errno_words(const MdevFailure *failure)
{
    const Row *row = find_row(failure);
    GString *words = g_string_new(NULL);
    append_filled(words, doing(failure), failure);
    if (row == NULL)
        g_string_append_printf(words, "%s; the kernel log (dmesg) may say why",
                               g_strerror(failure->number));
    else
        append_filled(words, row->known != NULL && failure->why != NULL ? row->known : row->text,
                      failure);
    return g_string_free(words, FALSE);
}

static VgpuctlError code_of(int number)
{
    static const struct {
        int number;
        VgpuctlError code;
    } codes[] = {
        { EEXIST, VGPUCTL_ERROR_EXISTS },    { ENOSPC, VGPUCTL_ERROR_BUSY },
        { EUSERS, VGPUCTL_ERROR_BUSY },      { EAGAIN, VGPUCTL_ERROR_BUSY },
        { EBUSY, VGPUCTL_ERROR_BUSY },       { ENODEV, VGPUCTL_ERROR_NOT_FOUND },
        { ENOENT, VGPUCTL_ERROR_NOT_FOUND }, { EACCES, VGPUCTL_ERROR_ACCESS },
        { EPERM, VGPUCTL_ERROR_ACCESS },     { EINVAL, VGPUCTL_ERROR_INVALID },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(codes); i++)
        if (codes[i].number == number)
            return codes[i].code;
    return VGPUCTL_ERROR_FAILED;
}

gboolean mdev_errno_set(GError **error, const MdevFailure *failure)
{
    g_autofree char *words = mdev_errno_words(failure);
    return error_set(error, code_of(failure->number), "%s", words);
}
