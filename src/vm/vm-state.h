/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of a VM that runs: written by its supervisor into the run directory, read by every
 * other command.
 */
#pragma once

#include "base/record.h"

typedef enum {
    VM_PHASE_STARTING, /* the supervisor prepares, QEMU is not there or not yet answering */
    VM_PHASE_RUNNING,  /* QEMU answered and the guest may run */
    VM_PHASE_STOPPING, /* the guest was asked to power off, or QEMU to end */
} VmPhase;
extern const char *const vm_phase_words[]; /* "starting", "running", "stopping" */

typedef struct {
    char *name;
    int pid;                          /* of the supervisor */
    guint64 supervisor_started_ticks; /* base/pid.h: the process that is meant by pid */
    int qemu_pid;                     /* 0: not started yet */
    guint64 qemu_started_ticks;       /* likewise, by qemu_pid */
    guint64 started_at_s;             /* seconds since 1970 */
    char *display;                    /* "vnc", "gtk": word of a DisplayKind */
    char *watch;                      /* command line that shows it; NULL: nothing does */
    gboolean display_ended;           /* our server of it died too often: its log says why */
    char *vgpu;                       /* what the guest's picture is made with, for people */
    char *vgpu_uuid;                  /* of a mediated device; NULL: it is none */
    char *render_node;                /* of its GPU, where its picture can be drawn; NULL */
    char *screenshot_way;             /* word of a ScreenshotWay of rules/plan.h */
    int phase;                        /* VmPhase */
} VmState;
extern const RecordType vm_state_type;

void vm_state_free(VmState *state);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(VmState, vm_state_free)
