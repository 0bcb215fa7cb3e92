/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A vGPU as a VM consumes it: a plain value that providers yield and the planner turns into one
 * -device. It says what the device shows and how, not where it came from.
 */
#pragma once

#include "base/record.h"

/* What the vGPU's console offers to QEMU's displays (ui/console.c:console_compatible_with). */
typedef enum {
    CONSOLE_NONE,    /* no display: compute types, SR-IOV virtual functions */
    CONSOLE_2D,      /* a plain surface: virtio-gpu 2D, VGA, ramfb */
    CONSOLE_TEXTURE, /* a GL texture of QEMU's: virtio-gpu-gl (virgl, venus) */
    CONSOLE_DMABUF,  /* a dma-buf of the device: GVT-g, mbochs (hw/vfio/display.c) */
    CONSOLE_REGION,  /* a mapped region of the device: mdpy, NVIDIA vGPU */
} ConsoleKind;
extern const char *const console_words[]; /* "none", "2d", "texture", "dmabuf", "region" */

typedef struct {
    char *provider; /* "virtio-gpu", "mdev", ... */
    char *type;     /* "venus", "virgl", "2d", "i915-GVTg_V5_4" */
    int console;    /* ConsoleKind */
    char *parent;   /* address of the GPU that serves it: "0000:00:02.0", NULL for software */
    char *uuid;     /* mediated device; NULL otherwise */
    char *sysfs;    /* /sys/bus/mdev/devices/UUID or a PCI device, for vfio-pci; NULL otherwise */
    gboolean make;  /* the mediated device is yet to be made, with that uuid */
    guint64 hostmem_bytes; /* venus: host-visible memory window */
    int width, height;     /* preferred mode for its EDID; 0: the device's default */
    char *reason;          /* why this one was chosen, one sentence */
} VgpuDevice;
extern const RecordType vgpu_device_type;

void vgpu_device_free(VgpuDevice *device);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VgpuDevice, vgpu_device_free)
