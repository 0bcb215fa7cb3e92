/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault-point.h"

#include <signal.h>

#include "base/error.h"
#include "config.h"

gboolean fault_point_pass(const char *step, GError **error)
{
#ifdef VGPUCTL_TEST_HOOKS
    if (g_strcmp0(g_getenv("VGPUCTL_TEST_KILL_AFTER"), step) == 0)
        raise(SIGKILL);
    if (g_strcmp0(g_getenv("VGPUCTL_TEST_FAIL_AFTER"), step) == 0)
        return error_set(error, VGPUCTL_ERROR_FAILED, "Injected failure after step %s", step);
#endif
    return TRUE;
}
