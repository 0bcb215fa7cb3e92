/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/vgpu-device.h"

const char *const console_words[] = { "none", "2d", "texture", "dmabuf", "region", NULL };

static const Field vgpu_device_fields[] = {
    FIELD_TEXT_(VgpuDevice, provider, "what makes it"),
    FIELD_TEXT_(VgpuDevice, type, "its type"),
    FIELD_CHOICE_(VgpuDevice, console, console_words, "what its console offers to displays"),
    FIELD_TEXT_(VgpuDevice, parent, "address of the GPU that serves it; null: software"),
    FIELD_TEXT_(VgpuDevice, uuid, "of a mediated device"),
    FIELD_TEXT_(VgpuDevice, sysfs, "device directory for vfio-pci"),
    FIELD_FLAG_(VgpuDevice, make, "it is yet to be made, with that uuid"),
    FIELD_U64_(VgpuDevice, hostmem_bytes, "window for host memory (venus)"),
    FIELD_INT_(VgpuDevice, width, "preferred mode, pixels; 0: the device's default"),
    FIELD_INT_(VgpuDevice, height, "preferred mode, pixels; 0: the device's default"),
    FIELD_TEXT_(VgpuDevice, reason, "why this one"),
    FIELD_END,
};
const RecordType vgpu_device_type = { "vgpu-device", sizeof(VgpuDevice), vgpu_device_fields };

void vgpu_device_free(VgpuDevice *device)
{
    record_free(&vgpu_device_type, device);
}
