/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A session as a transient systemd unit. */
#pragma once

#include "session/session.h"

typedef enum {
    UNIT_START_DONE,        /* the unit runs; its report comes through the descriptor */
    UNIT_START_UNAVAILABLE, /* no systemd, or no manager that this user can reach */
    UNIT_START_FAILED,      /* @error is set */
} UnitStart;

/*
 * Starts this very command line again as vgpuctl-NAME.service of the user's manager (root: the
 * system's), with @report_fd as its standard output. When it ends, however it does,
 * `vgpuctl gc` runs (ExecStopPost).
 */
UnitStart unit_start(const Root *root, const SessionRequest *request, int report_fd,
                     GError **error);

/* Where the words of VM @name's unit are read that it said without a report. Owned. */
char *unit_log_hint(const char *name);

/*
 * What the user should know who started a unit: a user's manager ends with the last login session,
 * unless the user lingers (user@.service(5), loginctl(1)). NULL: nothing. Owned.
 */
char *unit_linger_note(const Root *root);
