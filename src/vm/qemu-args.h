/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The planner: (configuration, facts, vGPU, what the disks are) -> argv with reasons, or a precise
 * refusal. Pure: it opens nothing. Golden files in tests/golden/plan hold its answers.
 */
#pragma once

#include "host/facts.h"
#include "rules/plan.h"
#include "rules/vgpu-device.h"
#include "vm/disk.h"
#include "vm/firmware.h"
#include "vm/vm-config.h"

typedef struct {
    const VmConfig *config; /* complete: no auto left but those this planner resolves */
    const HostFacts *facts;
    const VgpuDevice *vgpu;   /* NULL: no vGPU (--vgpu none) */
    const GPtrArray *disks;   /* DiskInfo, one for each of config->disks, then one for the cdrom */
    const Firmware *firmware; /* NULL for bios */
} PlanRequest;

/*
 * The plan, owned, or NULL with @error (VGPUCTL_ERROR_REFUSED for what is known not to work; the
 * message says what does). It expects of who carries it out:
 *   file descriptors "qmp" (the supervisor's monitor), "serial" (what the guest prints) and
 *   "tap" (bridge networking);
 *   @run@/vars.fd, a copy of the firmware's variables;
 *   @run@/display-secret with a password when needs_credential (VNC uses 8 characters of it).
 * It always has: -sandbox where supported, -nodefaults, -no-user-config, a second monitor on
 * @run@/qmp.sock.
 */
Plan *qemu_plan(const PlanRequest *request, GError **error);
