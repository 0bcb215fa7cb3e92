/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/vm-state.h"

const char *const vm_phase_words[] = { "starting", "running", "stopping", NULL };

static const Field vm_state_fields[] = {
    FIELD_TEXT_(VmState, name, "name of the VM"),
    FIELD_INT_(VmState, pid, "process id of its supervisor"),
    FIELD_U64_(VmState, supervisor_started_ticks,
               "start of that supervisor in clock ticks since boot"),
    FIELD_INT_(VmState, qemu_pid, "process id of its QEMU; 0: not started yet"),
    FIELD_U64_(VmState, qemu_started_ticks, "start of that QEMU in clock ticks since boot"),
    FIELD_U64_(VmState, started_at_s, "start of the VM in seconds since 1970"),
    FIELD_TEXT_(VmState, display, "kind of display"),
    FIELD_TEXT_(VmState, watch, "command line that shows the screen; null: nothing does"),
    FIELD_FLAG_(VmState, display_ended, "its display server has ended and is not started again"),
    FIELD_TEXT_(VmState, vgpu, "the vGPU the guest has"),
    FIELD_TEXT_(VmState, vgpu_uuid, "uuid of that, where it is a mediated device"),
    FIELD_TEXT_(VmState, render_node, "DRM node of its GPU"),
    FIELD_TEXT_(VmState, screenshot_way, "how its picture can be read"),
    FIELD_CHOICE_(VmState, phase, vm_phase_words, "where it stands in its life"),
    FIELD_END,
};
const RecordType vm_state_type = { "vm_state", sizeof(VmState), vm_state_fields };

void vm_state_free(VmState *state)
{
    record_free(&vm_state_type, state);
}
