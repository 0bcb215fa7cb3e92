/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/cmd.h"

#include "cmd/rows.h"

/* one a line, as --help shows them */
/* clang-format off */
const Command *const commands[] = {
    &command_gpus,
    &command_gpu,
    &command_qemu,
    &command_types,
    &command_list,
    &command_capacity,
    &command_create,
    &command_destroy,
    &command_claim,
    &command_release,
    &command_define,
    &command_undefine,
    &command_modify,
    &command_start,
    &command_start_parent_mdevs,
    &command_watch,
    &command_run_vm,
    &command_ps,
    &command_stop,
    &command_view,
    &command_screenshot,
    &command_serve,
    &command_logs,
    &command_vm_define,
    &command_vm_edit,
    &command_vm_undefine,
    &command_vm_list,
    &command_gc,
    &command_command_table,
    &command_claim_steps,
    &command_session_steps,
    &command_vgpu_access,
    NULL,
};
/* clang-format on */
