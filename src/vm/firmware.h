/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * UEFI firmware by QEMU's own descriptors (docs/interop/firmware.json in /usr/share/qemu/firmware,
 * /etc/qemu/firmware, $XDG_CONFIG_HOME/qemu/firmware; first by name wins).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef struct {
    char *descriptor;    /* file it came from */
    char *code;          /* read-only image */
    char *code_format;   /* "raw", "qcow2" */
    char *vars_template; /* to copy for each VM */
    char *vars_format;
    gboolean secure_boot;
} Firmware;
extern const RecordType firmware_type;

/* The best x86_64 pc/q35 UEFI flash firmware without enforced Secure Boot; NULL with @error saying
 * what to install ("apt install ovmf"). */
Firmware *firmware_find(const Root *root, GError **error);
