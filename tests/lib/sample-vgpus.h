/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vGPUs for the tests of the planner, one of each kind. */
#pragma once

#include "rules/vgpu-device.h"
#include "tests/lib/sample-facts.h"

#define GVT_G "/sys/bus/mdev/devices/6e3e6aa9-5ff2-4d9a-a473-2b1a446dc1ce"
#define MDPY "/sys/bus/mdev/devices/11111111-5ff2-4d9a-a473-2b1a446dc1ce"

static const VgpuDevice sample_vgpus[] = {
    { .provider = (char *)"virtio-gpu",
      .type = (char *)"2d",
      .console = CONSOLE_2D,
      .reason = (char *)"a virtual screen that needs no GPU" },
    { .provider = (char *)"virtio-gpu",
      .type = (char *)"virgl",
      .console = CONSOLE_TEXTURE,
      .parent = (char *)SAMPLE_GPU,
      .reason = (char *)"OpenGL of the host works" },
    { .provider = (char *)"virtio-gpu",
      .type = (char *)"virgl",
      .console = CONSOLE_TEXTURE,
      .reason = (char *)"as asked" },
    { .provider = (char *)"virtio-gpu",
      .type = (char *)"venus",
      .console = CONSOLE_TEXTURE,
      .parent = (char *)SAMPLE_GPU,
      .hostmem_bytes = (guint64)4 << 30,
      .reason = (char *)"Vulkan of the host works" },
    { .provider = (char *)"mdev",
      .type = (char *)"i915-GVTg_V5_4",
      .console = CONSOLE_DMABUF,
      .parent = (char *)SAMPLE_GPU,
      .sysfs = (char *)GVT_G,
      .width = 1920,
      .height = 1080,
      .reason = (char *)"as asked" },
    { .provider = (char *)"mdev",
      .type = (char *)"i915-GVTg_V5_8",
      .console = CONSOLE_DMABUF,
      .sysfs = (char *)GVT_G,
      .width = 1024,
      .height = 768,
      .reason = (char *)"as asked" },
    { .provider = (char *)"mdev",
      .type = (char *)"mdpy-vga",
      .console = CONSOLE_REGION,
      .sysfs = (char *)MDPY,
      .width = 1920,
      .height = 1080,
      .reason = (char *)"as asked" },
};
