/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where the tests end us, or have us fail: right behind a step. Not in a package. */
#pragma once

#include <glib.h>

/*
 * With VGPUCTL_TEST_KILL_AFTER=@step in the environment this process gets SIGKILL here, with
 * VGPUCTL_TEST_FAIL_AFTER=@step it is FALSE with @error set. Otherwise, and always without the
 * build option test-hooks: TRUE.
 */
gboolean fault_point_pass(const char *step, GError **error);
