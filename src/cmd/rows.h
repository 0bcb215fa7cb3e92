/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row of every command; each is defined at the end of its cmd-*.c. */
#pragma once

#include "cmd/cmd.h"

extern const Command command_command_table;
extern const Command command_gpu;
extern const Command command_gpus;
extern const Command command_qemu;
