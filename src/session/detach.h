/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Running a session without the terminal it was started from. The caller learns how the start
 * went: it waits until the VM runs or has failed.
 */
#pragma once

#include "session/session.h"

/*
 * Starts @request apart from this terminal and waits for its report: as a transient systemd unit
 * vgpuctl-NAME.service where systemd runs (so it survives the login session, and systemd reclaims
 * what a crash leaves), else as a process of its own session. On success request->running is called
 * here, in the caller. FALSE with @error set when the VM did not start; nothing is left behind
 * then.
 */
gboolean session_detach(const Root *root, const SessionRequest *request, GError **error);

/*
 * The other side: what `vgpuctl run` does when $VGPUCTL_REPORT_FD names the descriptor of a waiting
 * session_detach(). Runs @request and reports there; the outcome is that of session_run().
 */
#define SESSION_REPORT_VARIABLE "VGPUCTL_REPORT_FD"
gboolean session_run_reporting(const Root *root, const SessionRequest *request, int report_fd,
                               GError **error);
