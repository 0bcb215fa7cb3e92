/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the planner, one for each kind of device. Each adds its options or refuses. */
#pragma once

#include "rules/display-matrix.h"
#include "vm/qemu-args.h"

/* FALSE, with @error set to VGPUCTL_ERROR_REFUSED. */
gboolean plan_refuse(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

gboolean qemu_plan_disks(Plan *plan, const PlanRequest *request, GError **error);
gboolean qemu_plan_network(Plan *plan, const PlanRequest *request, GError **error);

/* The vGPU's -device, the display, pointer and USB channels. @answer is the matrix's, and works. */
gboolean qemu_plan_vgpu(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer,
                        GError **error);
void qemu_plan_display(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer);
void qemu_plan_usb(Plan *plan, const PlanRequest *request);

/* Whether the vGPU's memory must be shared with it (blob resources): -m needs a memfd. */
gboolean qemu_plan_shares_memory(const PlanRequest *request);
