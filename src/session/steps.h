/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The steps of a session; for session.c alone. */
#pragma once

#include "session/session.h"
#include "session/display-server.h"
#include "session/loan.h"
#include "session/plane-door.h"
#include "vm/rundir.h"
#include "vm/supervisor.h"

typedef struct {
    const Root *root;
    const SessionRequest *request;
    Prepared *prepared; /* owned by session_run() */
    int signal_fd;
    guint done; /* steps that were carried out */

    RunDir *rundir;
    Loan loan;            /* of the vGPU */
    guint64 started_at_s; /* since 1970 */
    char *credential;
    int tap_fd;
    gboolean gl_failed; /* QEMU did not start: it said because of OpenGL, or it crashed */
    gboolean vgpu_lost; /* somebody else was quicker in taking the vGPU */
    Supervisor *supervisor;
    PlaneDoor *door;
    DisplayServer *server; /* NULL: none of ours */
} Session;

typedef struct {
    const char *name;
    gboolean (*apply)(Session *session, GError **error);
    void (*undo)(Session *session); /* NULL: it leaves nothing */
} SessionStep;

extern const SessionStep session_steps[];
extern const guint session_n_steps;
