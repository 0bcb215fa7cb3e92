/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The row of every command; each is defined at the end of its cmd-*.c. */
#pragma once

#include "cmd/cmd.h"

extern const Command command_capacity;
extern const Command command_claim;
extern const Command command_claim_steps;
extern const Command command_command_table;
extern const Command command_create;
extern const Command command_define;
extern const Command command_destroy;
extern const Command command_gc;
extern const Command command_gpu;
extern const Command command_gpus;
extern const Command command_list;
extern const Command command_logs;
extern const Command command_modify;
extern const Command command_ps;
extern const Command command_qemu;
extern const Command command_release;
extern const Command command_run_vm;
extern const Command command_screenshot;
extern const Command command_serve;
extern const Command command_session_steps;
extern const Command command_start;
extern const Command command_start_parent_mdevs;
extern const Command command_stop;
extern const Command command_types;
extern const Command command_undefine;
extern const Command command_vgpu_access;
extern const Command command_view;
extern const Command command_vm_define;
extern const Command command_vm_edit;
extern const Command command_vm_list;
extern const Command command_vm_undefine;
extern const Command command_watch;
