/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Files of a VM that must be there before QEMU starts. */
#pragma once

#include "base/root.h"
#include "vm/firmware.h"
#include "vm/vm-config.h"

/*
 * Makes missing disks that have a size, checks that no other VM has the others, and lays the UEFI
 * variables of this VM into @run_directory (a link to its own file, made from the template at first
 * use; a throw-away copy with --snapshot). A disk made here stays: it is what the user asked for.
 */
gboolean storage_prepare(const Root *root, const VmConfig *config, const GPtrArray *disks,
                         const Firmware *firmware, const char *run_directory, GError **error);

/* The UEFI variables' name in the run directory. */
#define STORAGE_VARS_FILE "vars.fd"

/* Where the words of QEMU (or of the guest's serial port) of VM @name are kept. Owned. */
char *session_log_path(const Root *root, const char *name, gboolean serial);

/*
 * Where the first serial port of a VM is to be written: its log, or the file that the configuration
 * names; then the log is a link to it, so that `vgpuctl logs` finds it. Makes the log directory.
 * Owned; NULL with @error set.
 */
char *storage_lay_serial_log(const Root *root, const VmConfig *config, GError **error);
