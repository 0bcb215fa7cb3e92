/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions of the tests to the display matrix. */
#pragma once

#include "rules/display-matrix.h"
#include "tests/lib/sample-facts.h"

static inline DisplayAnswer *ask(const Sample *sample, int display, int console,
                                 const char *address)
{
    VgpuDevice vgpu = { .console = console };
    gboolean software = sample->facts.drm_nodes->len == 0 || sample->nodes[0].by_path == NULL;
    if (console == CONSOLE_DMABUF || console == CONSOLE_REGION ||
        (console == CONSOLE_TEXTURE && !software))
        vgpu.parent = (char *)SAMPLE_GPU;
    if (software)
        vgpu.parent = NULL; /* of a test kernel module: no GPU serves it */
    DisplayQuestion question = {
        .display = display, .address = address, .vgpu = &vgpu, .facts = &sample->facts
    };
    return display_matrix_ask(&question);
}

static inline char *options_text(const DisplayAnswer *answer)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < answer->options->len; i++) {
        const PlanOption *option = answer->options->pdata[i];
        g_string_append_printf(text, "%s%s %s", i > 0 ? " " : "", option->name, option->value);
    }
    return g_string_free(text, FALSE);
}
