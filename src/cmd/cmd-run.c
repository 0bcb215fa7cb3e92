/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/rows.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "cmd/vm-options.h"
#include "session/detach.h"
#include "session/lender.h"
#include "session/session.h"

static struct {
    gboolean detach, dry_run, as_root, refresh;
    int grace_s, start_limit_s;
} given = { .grace_s = 30, .start_limit_s = 120 };

static const GOptionEntry run_options[] = {
    { "detach", 'd', 0, G_OPTION_ARG_NONE, &given.detach, "Return when the VM runs", NULL },
    { "dry-run", 'n', 0, G_OPTION_ARG_NONE, &given.dry_run,
      "Print QEMU's options and their reasons, start nothing", NULL },
    { "grace", 0, 0, G_OPTION_ARG_INT, &given.grace_s, "Time for the guest to power off (30)",
      "SECONDS" },
    { "start-limit", 0, 0, G_OPTION_ARG_INT, &given.start_limit_s, "Time for QEMU to start (120)",
      "SECONDS" },
    { "as-root", 0, 0, G_OPTION_ARG_NONE, &given.as_root, "Let QEMU run as root", NULL },
    { "refresh", 0, 0, G_OPTION_ARG_NONE, &given.refresh,
      "Ask QEMU, KVM and GL again what they can do", NULL },
    G_OPTION_ENTRY_NULL,
};

static void print_choice(const char *heading, const char *choice, const char *reason)
{
    printf("%s %s%s%s\n", heading, choice, reason != NULL ? ": " : "",
           reason != NULL ? reason : "");
}

static void print_running(const SessionInfo *info, void *userdata)
{
    const CmdContext *context = userdata;
    if (context->json) {
        g_autoptr(GError) ignored = NULL;
        cmd_print_json(record_to_json(&session_info_type, info), &ignored);
        return;
    }
    printf("VM:       %s (QEMU pid %d)\n", info->name, info->qemu_pid);
    print_choice("vGPU:    ", info->vgpu, info->vgpu_reason);
    print_choice("Display: ", info->display, info->display_reason);
    if (info->credential != NULL)
        printf("Password: %s\n", info->credential);
    if (info->fingerprint != NULL)
        printf("Certificate: %s\n", info->fingerprint);
    if (info->watch != NULL)
        printf("Watch:    %s\n", info->watch);
    for (char **note = info->notes; note != NULL && *note != NULL; note++)
        printf("Note:     %s\n", *note);
    printf("Stop:     %svgpuctl stop %s\n", given.detach ? "" : "Ctrl-C, or ", info->name);
    fflush(stdout);
}

static VmConfig *config_from(const CmdContext *context, const char *operand, char **passed,
                             GError **error)
{
    g_autoptr(VmConfig) config = operand != NULL
                                     ? session_config_from_operand(context->root, operand, error)
                                     : vm_config_new();
    if (config == NULL || !vm_options_apply(config, passed, error))
        return NULL;
    gboolean boots = config->kernel != NULL || config->cdrom != NULL ||
                     (config->disks != NULL && config->disks->len > 0);
    if (!boots) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "There is nothing to boot: name a VM, a disk image or an ISO, or give --disk, "
                  "--cdrom or --kernel");
        return NULL;
    }
    return g_steal_pointer(&config);
}

static int print_plan(const CmdContext *context, const PrepareRequest *request, GError **error)
{
    g_autoptr(Prepared) prepared = session_prepare(context->root, request, error);
    if (prepared == NULL)
        return 1;
    if (context->json)
        return cmd_print_json(record_to_json(&plan_type, prepared->plan), error);
    g_autofree char *text = plan_to_text(prepared->plan);
    return cmd_print(text, error);
}

static int run_run(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    if (!cmd_check_operands(&command_run_vm, arguments, 0, 1, error))
        return 2;
    if (context->facts_path != NULL && !given.dry_run) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "--facts describes another machine, on which nothing can be run; add --dry-run");
        return 2;
    }
    if (given.grace_s < 0 || given.start_limit_s < 1) {
        error_set(error, VGPUCTL_ERROR_USAGE,
                  "--grace and --start-limit are seconds, at least 0 "
                  "and 1");
        return 2;
    }
    Broker broker;
    /* what we lend ends with us: who detaches gets a vGPU from the host's broker, or of a pool */
    gboolean lends = !given.detach;
    if (!lender_leave_sudo(context->root, lends, &broker, error))
        return 1;
    g_autoptr(VmConfig) config = config_from(context, arguments[0], passed, error);
    if (config == NULL)
        return 1;
    session_complete_name(config);
    SessionRequest request = {
        .prepare = { .config = config,
                     .facts_path = context->facts_path,
                     .broker = &broker,
                     .refresh = given.refresh },
        .as_root = given.as_root,
        .grace_s = (guint)given.grace_s,
        .start_limit_s = (guint)given.start_limit_s,
        .running = print_running,
        .userdata = (void *)context,
    };
    if (given.dry_run)
        return print_plan(context, &request.prepare, error);
    const char *report_fd = g_getenv(SESSION_REPORT_VARIABLE);
    if (report_fd != NULL)
        return session_run_reporting(context->root, &request, atoi(report_fd), error) ? 0 : 1;
    if (!cmd_collect_stale(context->root, error))
        return 1;
    gboolean good = given.detach ? session_detach(context->root, &request, error)
                                 : session_run(context->root, &request, error);
    return good ? 0 : 1;
}

const Command command_run_vm = {
    .name = "run",
    .group = "Virtual machines",
    .arguments = "[NAME|DISK|ISO] [-- QEMU-OPTION...]",
    .summary = "Run a VM on the best vGPU of this host and show its screen",
    .details =
        "The operand is a defined VM, a disk image or an installer ISO. The VM runs in the\n"
        "foreground: Ctrl-C asks the guest to power off, a second Ctrl-C ends QEMU. Words behind\n"
        "-- are given to QEMU as they are.",
    .example = "  vgpuctl run debian.qcow2\n"
               "  vgpuctl run installer.iso --disk new.qcow2,size=20G --memory 4G\n"
               "  vgpuctl run debian.qcow2 --dry-run",
    .options = run_options,
    .shared_options = vm_options,
    .prints_json = TRUE,
    .run = run_run,
};

static int run_session_steps(const CmdContext *context, char **arguments, char **passed,
                             GError **error)
{
    g_autofree char *text = g_strjoinv("\n", (char **)session_step_names());
    g_autofree char *line = g_strconcat(text, "\n", NULL);
    return cmd_print(line, error);
}

const Command command_session_steps = {
    .name = "session-steps",
    .summary = "Print the steps of a running VM, in order",
    .run = run_session_steps,
};
