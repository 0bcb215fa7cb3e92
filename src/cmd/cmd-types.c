/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/json.h"
#include "cmd/mdev-parents.h"
#include "cmd/rows.h"
#include "cmd/types-text.h"

static char *parent_name, *what_if;

static const GOptionEntry types_options[] = {
    { "parent", 'p', 0, G_OPTION_ARG_STRING, &parent_name, "Only of this device", "BDF" },
    { "what-if", 0, 0, G_OPTION_ARG_STRING, &what_if,
      "Predict GVT-g with these sizes in the firmware", "aperture=MB,gtt=MB" },
    G_OPTION_ENTRY_NULL,
};

typedef struct {
    guint aperture_mb, gtt_mb; /* 0: as it is */
} Sizes;

static gboolean is_one_of(guint64 value, const guint *sizes)
{
    for (; *sizes != 0; sizes++)
        if (*sizes == value)
            return TRUE;
    return FALSE;
}

/* What the PCI BAR and the firmware's GTT can be (i915: BDW_GMCH_GGMS). */
static gboolean read_size(Sizes *sizes, const char *word, GError **error)
{
    static const guint apertures[] = { 64, 128, 256, 512, 1024, 2048, 4096, 0 };
    static const guint gtts[] = { 2, 4, 8, 0 };
    const char *equals = strchr(word, '=');
    guint64 value = 0;
    if (equals != NULL)
        g_ascii_string_to_unsigned(equals + 1, 10, 1, 4096, &value, NULL);
    if (g_str_has_prefix(word, "aperture=") && is_one_of(value, apertures))
        sizes->aperture_mb = (guint)value;
    else if (g_str_has_prefix(word, "gtt=") && is_one_of(value, gtts))
        sizes->gtt_mb = (guint)value;
    else
        return error_set(error, VGPUCTL_ERROR_USAGE,
                         "--what-if: '%s' is none of aperture=64|128|256|512|1024|2048|4096 and "
                         "gtt=2|4|8 (MB)",
                         word);
    return TRUE;
}

static gboolean read_sizes(Sizes *sizes, GError **error)
{
    g_auto(GStrv) words = g_strsplit(what_if, ",", -1);
    for (char **word = words; *word != NULL; word++)
        if (!read_size(sizes, *word, error))
            return FALSE;
    return words[0] != NULL || read_size(sizes, "", error);
}

static int print_what_if(const CmdContext *context, const HostFacts *facts, GError **error)
{
    Sizes sizes = { 0 };
    if (!read_sizes(&sizes, error))
        return 2;
    g_autoptr(GPtrArray) parents = capacity_what_if(facts, sizes.aperture_mb, sizes.gtt_mb);
    if (!mdev_parents_keep(parents, NULL, parent_name, error))
        return 1;
    if (parents->len == 0) {
        error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                  "--what-if calculates types of GVT-g, and no GPU of this machine has it; vgpuctl "
                  "types says what there is");
        return 1;
    }
    if (!context->json) {
        g_autofree char *text = types_what_if_text(parents);
        return cmd_print(text, error);
    }
    json_t *object = json_object();
    json_object_set_new(object, "parents", records_to_json(&capacity_parent_type, parents));
    return cmd_print_json(object, error);
}

static int print_types(const CmdContext *context, const HostFacts *facts, GError **error)
{
    g_autoptr(GPtrArray) parents = capacity_of(facts);
    g_autoptr(GPtrArray) absences = absences_of(facts);
    if (!mdev_parents_keep(parents, absences, parent_name, error))
        return 1;
    if (!context->json) {
        g_autofree char *text = types_text(parents, absences);
        return cmd_print(text, error);
    }
    json_t *object = json_object();
    json_object_set_new(object, "parents", records_to_json(&capacity_parent_type, parents));
    json_object_set_new(object, "absent", records_to_json(&absence_type, absences));
    return cmd_print_json(object, error);
}

static int run_types(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_types, arguments, 0, 0, error))
        return 2;
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV | FACTS_GVT };
    g_autoptr(HostFacts) facts =
        host_facts_read(context->root, context->facts_path, &request, error);
    if (facts == NULL)
        return 1;
    return what_if != NULL ? print_what_if(context, facts, error)
                           : print_types(context, facts, error);
}

const Command command_types = {
    .name = "types",
    .group = "vGPUs",
    .summary = "List the types of vGPUs, what is left of each, and why nothing is",
    .details = "For each device that offers mediated devices: its types, how many can be made now, "
               "how many\nlive, and how many an empty device has. A type that has none left or is "
               "not offered, and a\nGPU without types, is explained with what to change.",
    .example = "  vgpuctl types\n"
               "  vgpuctl types --what-if aperture=1024,gtt=8\n"
               "  vgpuctl types --json | jq '.parents[].types[] | {type, creatable, why}'",
    .options = types_options,
    .prints_json = TRUE,
    .run = run_types,
};
