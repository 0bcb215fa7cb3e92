/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where programs of this user get at the vGPU of a running VM, to read its picture
 * (display/vfio-device.h): a socket in the run directory. Only an ancestor of QEMU may take
 * descriptors from it (pidfd_getfd(2), with the usual kernel.yama.ptrace_scope 1), so the
 * supervisor does, anew for each who asks, and keeps none: one that stayed open would keep the
 * vGPU from being removed.
 *
 * Who connects gets one packet (base/pass-fds.h): the uuid of the vGPU with its group and a pidfd
 * of QEMU; or why not, without descriptors.
 */
#pragma once

#include <sys/types.h>

#include "base/root.h"

#define PLANE_DOOR_SOCKET "vgpu.sock"

typedef struct PlaneDoor PlaneDoor;

/* Opens it; it answers while the main loop runs. @qemu_pidfd is borrowed and must stay open. */
PlaneDoor *plane_door_open(const Root *root, const char *run_directory, const char *uuid,
                           pid_t qemu, int qemu_pidfd, GError **error);
void plane_door_close(PlaneDoor *door);
