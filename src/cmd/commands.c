/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/cmd.h"

#include "cmd/rows.h"

/* one row a line, so that two changes rarely meet */
/* clang-format off */
const Command *const commands[] = {
    &command_gpus,
    &command_gpu,
    &command_qemu,
    &command_command_table,
    NULL,
};
/* clang-format on */
