/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/json.h"
#include "base/user.h"
#include "cmd/qemu-text.h"
#include "cmd/rows.h"
#include "host/facts.h"

static char *binary;
static gboolean refresh;

static const GOptionEntry options[] = {
    { "binary", 0, 0, G_OPTION_ARG_FILENAME, &binary, "Ask this QEMU, not the one on PATH",
      "PATH" },
    { "refresh", 0, 0, G_OPTION_ARG_NONE, &refresh, "Ask again what was kept from the last time",
      NULL },
    G_OPTION_ENTRY_NULL,
};

/* The facts with what follows from them, so that a script need not repeat the judgement. */
static json_t *to_json(const HostFacts *facts)
{
    g_auto(GStrv) working = qemu_working_accelerators(facts->qemu, facts->kvm);
    json_t *object = record_to_json(&qemu_facts_type, facts->qemu);
    json_object_set_new(object, "working_accelerators", json_texts((const char *const *)working));
    json_object_set_new(object, "kvm",
                        facts->kvm != NULL ? record_to_json(&kvm_facts_type, facts->kvm)
                                           : json_null());
    return object;
}

static int run_qemu(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    g_autofree char *named = g_steal_pointer(&binary);
    if (!cmd_check_operands(&command_qemu, arguments, 0, 0, error))
        return 2;
    if (context->facts_path != NULL && named != NULL) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "--binary asks a QEMU of this machine, --facts reads a file; use one of them");
        return 2;
    }
    /* it starts QEMU, which nobody meant to trust with root's rights */
    if (!user_leave_sudo(error))
        return 1;
    FactsRequest request = { .parts = FACTS_KVM, .qemu_binary = named, .refresh = refresh };
    g_autoptr(HostFacts) facts =
        host_facts_read(context->root, context->facts_path, &request, error);
    if (facts == NULL)
        return 1;
    if (facts->qemu == NULL) {
        error_set(error, VGPUCTL_ERROR_FAILED, "%s", facts->qemu_failure);
        return 1;
    }
    if (context->json)
        return cmd_print_json(to_json(facts), error);
    g_autofree char *text = qemu_facts_text(facts->qemu, facts->kvm);
    return cmd_print(text, error);
}

const Command command_qemu = {
    .name = "qemu",
    .group = "Host",
    .summary = "Show what a QEMU binary can do",
    .details =
        "Starts the binary to learn which accelerators, displays and devices it really has,\n"
        "and says what would bring what is missing.",
    .example = "  vgpuctl qemu\n"
               "  vgpuctl qemu --binary /opt/qemu/bin/qemu-system-x86_64 --json",
    .options = options,
    .prints_json = TRUE,
    .run = run_qemu,
};
