/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "cmd/gpu-json.h"
#include "cmd/gpu-text.h"
#include "cmd/rows.h"
#include "host/facts.h"

static int run_gpus(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_gpus, arguments, 0, 0, error))
        return 2;
    const FactsRequest request = { .parts = FACTS_PCI };
    g_autoptr(HostFacts) facts =
        host_facts_read(context->root, context->facts_path, &request, error);
    if (facts == NULL)
        return 1;
    if (!context->json) {
        g_autofree char *text = gpus_text(facts->gpus);
        return cmd_print(text, error);
    }
    json_t *array = json_array();
    for (guint i = 0; i < facts->gpus->len; i++)
        json_array_append_new(array, gpu_to_json(facts->gpus->pdata[i]));
    return cmd_print_json(array, error);
}

const Command command_gpus = {
    .name = "gpus",
    .group = "Host",
    .summary = "List the GPUs of this machine and the vGPUs they could have",
    .example = "  vgpuctl gpus\n"
               "  vgpuctl --facts laptop.json gpus --json",
    .prints_json = TRUE,
    .run = run_gpus,
};
