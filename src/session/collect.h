/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Taking back what dead supervisors left: their run directories, then the vGPUs of their VMs. */
#pragma once

#include "base/root.h"

/*
 * Does both. A user's vGPUs are given back by the broker, where there is one. What cannot be taken
 * back stays; why goes to *@ret_left, a line each, owned, NULL for none. FALSE with @error set when
 * the run directories cannot be looked at.
 */
gboolean session_collect(const Root *root, char ***ret_left, GError **error);
