/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "cmd/capacity-text.h"
#include "cmd/mdev-parents.h"
#include "cmd/rows.h"
#include "vgpu/vgpu-use.h"

static char *parent_name, *fit_text;

static const GOptionEntry capacity_options[] = {
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_name, "Only of this device", "BDF" },
    { "fit", 0, 0, G_OPTION_ARG_STRING, &fit_text,
      "Say whether these vGPUs can be made now, all of them", "TYPE=NUMBER,..." },
    G_OPTION_ENTRY_NULL,
};

static HostFacts *read_facts(const CmdContext *context, GError **error)
{
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    return host_facts_read(context->root, context->facts_path, &request, error);
}

/* Of the devices of this host: a facts file says nothing of owners, and ours are not its. */
static GHashTable *uses_of(const CmdContext *context, const HostFacts *facts)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    const GPtrArray *devices = context->facts_path == NULL ? facts->mdev->devices : NULL;
    for (guint i = 0; devices != NULL && i < devices->len; i++)
        g_ptr_array_add(uuids, ((const MdevDevice *)devices->pdata[i])->uuid);
    return vgpu_uses(context->root, uuids);
}

static int print_fit(const CmdContext *context, const HostFacts *facts, const GPtrArray *parents,
                     GError **error)
{
    g_autoptr(GPtrArray) mix = mix_parse(fit_text, error);
    if (mix == NULL)
        return 2;
    MixFit *fit = mix_fit(facts, parents, mix);
    int status = fit->fits ? 0 : 1, printed;
    if (context->json) {
        printed = cmd_print_json(record_to_json(&mix_fit_type, fit), error);
    } else {
        g_autofree char *text = capacity_fit_text(fit);
        printed = cmd_print(text, error);
    }
    record_free(&mix_fit_type, fit);
    return printed != 0 ? printed : status;
}

static int run_capacity(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_capacity, arguments, 0, 0, error))
        return 2;
    g_autoptr(HostFacts) facts = read_facts(context, error);
    if (facts == NULL)
        return 1;
    g_autoptr(GPtrArray) parents = capacity_of(facts);
    if (!mdev_parents_keep(parents, NULL, parent_name, error))
        return 1;
    if (fit_text != NULL)
        return print_fit(context, facts, parents, error);
    g_autoptr(GHashTable) uses = uses_of(context, facts);
    if (context->json)
        return cmd_print_json(capacity_json(facts, parents, uses), error);
    g_autofree char *text = capacity_text(facts, parents, uses);
    return cmd_print(text, error);
}

const Command command_capacity = {
    .name = "capacity",
    .group = "vGPUs",
    .summary = "Say how many vGPUs of each type there are, are free, and whose they are",
    .details = "For people and for what places VMs on hosts. --fit answers with its exit status: 0 "
               "the whole\nmix can be made now, 1 it cannot; it says what binds, and the nearest "
               "mixes that can.",
    .example = "  vgpuctl capacity --json\n"
               "  vgpuctl capacity --fit V5_4=1,V5_8=2 && echo room",
    .options = capacity_options,
    .prints_json = TRUE,
    .run = run_capacity,
};
