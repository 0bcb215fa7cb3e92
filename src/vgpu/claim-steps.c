/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of claims as steps, so that a test can end us behind each of them. */
#include <signal.h>

#include "base/error.h"
#include "config.h"
#include "vgpu/claim-base.h"

static gboolean pass_fault_point(const char *step, GError **error)
{
#ifdef VGPUCTL_TEST_HOOKS
    if (g_strcmp0(g_getenv("VGPUCTL_TEST_KILL_AFTER"), step) == 0)
        raise(SIGKILL);
    if (g_strcmp0(g_getenv("VGPUCTL_TEST_FAIL_AFTER"), step) == 0)
        return error_set(error, VGPUCTL_ERROR_FAILED, "Injected failure after step %s", step);
#endif
    return TRUE;
}

gboolean claim_apply(const ClaimStep *steps, ClaimWork *work, GError **error)
{
    for (const ClaimStep *step = steps; step->name != NULL; step++)
        if (!step->apply(work, error) || !pass_fault_point(step->name, error))
            return FALSE;
    return TRUE;
}

const char *const *claim_step_names(void)
{
    static GPtrArray *names;
    if (names != NULL)
        return (const char *const *)names->pdata;
    const ClaimStep *const tables[] = { claim_take_steps, claim_create_steps, claim_end_steps };
    names = g_ptr_array_new();
    for (guint i = 0; i < G_N_ELEMENTS(tables); i++)
        for (const ClaimStep *step = tables[i]; step->name != NULL; step++)
            g_ptr_array_add(names, (gpointer)step->name);
    g_ptr_array_add(names, NULL);
    return (const char *const *)names->pdata;
}
