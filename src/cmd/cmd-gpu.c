/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "cmd/gpu-json.h"
#include "cmd/gpu-text.h"
#include "cmd/rows.h"
#include "host/facts.h"

static int run_gpu(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_gpu, arguments, 1, 1, error))
        return 2;
    const FactsRequest request = { .parts = FACTS_PCI };
    g_autoptr(HostFacts) facts =
        host_facts_read(context->root, context->facts_path, &request, error);
    const Gpu *gpu = facts != NULL ? gpus_find(facts->gpus, arguments[0], error) : NULL;
    if (gpu == NULL)
        return 1;
    if (context->json)
        return cmd_print_json(gpu_to_json(gpu), error);
    g_autofree char *text = gpu_text(gpu);
    return cmd_print(text, error);
}

const Command command_gpu = {
    .name = "gpu",
    .group = "Host",
    .arguments = "ADDRESS",
    .summary = "Show all there is to know of one GPU",
    .details = "ADDRESS is a PCI address as vgpuctl gpus and lspci print it. The first lines are "
               "in the\nnotation of lspci -nnvv. Root sees more: the PCI capabilities, and on "
               "Intel the size of\nthe GTT.",
    .example = "  vgpuctl gpu 00:02.0",
    .prints_json = TRUE,
    .run = run_gpu,
};
