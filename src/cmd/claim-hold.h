/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Holding a claim for as long as somebody needs it. */
#pragma once

#include <glib.h>

#include "vgpu/claim.h"

/* Waits until our standard input ends, or a signal asks us to. */
gboolean claim_hold_input(GError **error);

/*
 * Runs @command as the person who called sudo, or else as we are, with VGPUCTL_UUID and
 * VGPUCTL_NODE in its environment, and waits for its end. It and what it starts inherit @lock_fd
 * (-1: none), so that the claim outlives us when we are killed and they are not. Returns its exit
 * status, 128 + N for signal N; 127 with @error set when it could not be started.
 */
int claim_hold_command(const Root *root, const Claim *claim, char **command, int lock_fd,
                       GError **error);
