/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Changes of claims as steps, so that a test can end us behind each of them. */
#include "base/fault-point.h"
#include "vgpu/claim-base.h"

gboolean claim_apply(const ClaimStep *steps, ClaimWork *work, GError **error)
{
    for (const ClaimStep *step = steps; step->name != NULL; step++)
        if (!step->apply(work, error) || !fault_point_pass(step->name, error))
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
