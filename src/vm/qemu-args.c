/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qemu-args.h"

#include <string.h>

#include "base/error.h"
#include "rules/kvm-obstacle.h"
#include "vm/qemu-args-parts.h"

#define MIB ((guint64)1 << 20)
#define GIB ((guint64)1 << 30)
#define DEFAULT_MEMORY (2 * GIB)
#define LEAST_MEMORY (256 * MIB)
#define DEFAULT_CPUS_KVM 4
#define DEFAULT_CPUS_TCG 2 /* translated code gains little from more, and the host loses them */

gboolean plan_refuse(GError **error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    return error_set(error, VGPUCTL_ERROR_REFUSED, "%s", text);
}

/* What is settled before options are written. */
typedef struct {
    gboolean kvm;
    guint64 memory_bytes;
    int cpus;
} Choice;

static gboolean choose_accel(Plan *plan, const PlanRequest *request, Choice *choice, GError **error)
{
    g_autofree char *why = kvm_obstacle(request->facts);
    if (request->config->accel == ACCEL_KVM && why != NULL)
        return plan_refuse(error, "Acceleration 'kvm' cannot be had: %s; use --accel tcg", why);
    choice->kvm = why == NULL && request->config->accel != ACCEL_TCG;
    if (!choice->kvm && !qemu_has(request->facts->qemu->accelerators, "tcg"))
        return plan_refuse(error, "%s was built without TCG, and %s", request->facts->qemu->binary,
                           why != NULL ? why : "KVM is not wanted");
    if (!choice->kvm)
        plan_note(plan, "software emulation (TCG), many times slower than KVM: %s",
                  request->config->accel == ACCEL_TCG ? "as asked" : why);
    return TRUE;
}

static gboolean choose_memory(Plan *plan, const PlanRequest *request, Choice *choice,
                              GError **error)
{
    const LimitsFacts *limits = request->facts->limits;
    guint64 total = limits != NULL ? limits->memory_total_bytes : 0;
    guint64 available = limits != NULL ? limits->memory_available_bytes : 0;
    choice->memory_bytes = request->config->memory_bytes / MIB * MIB;
    if (choice->memory_bytes == 0)
        choice->memory_bytes = available == 0
                                   ? LEAST_MEMORY
                                   : CLAMP(available / 4 / MIB * MIB, LEAST_MEMORY, DEFAULT_MEMORY);
    if (total > 0 && choice->memory_bytes > total)
        return plan_refuse(error,
                           "Memory %" G_GUINT64_FORMAT
                           " MiB is more than this host has (%" G_GUINT64_FORMAT
                           " MiB); use --memory %" G_GUINT64_FORMAT "M or less",
                           choice->memory_bytes / MIB, total / MIB, MAX(available / 2 / MIB, 1));
    if (available > 0 && choice->memory_bytes > available)
        plan_note(plan,
                  "the guest may use %" G_GUINT64_FORMAT " MiB, %" G_GUINT64_FORMAT
                  " MiB are available now: the host may swap",
                  choice->memory_bytes / MIB, available / MIB);
    return TRUE;
}

static void choose_cpus(Plan *plan, const PlanRequest *request, Choice *choice)
{
    int host = request->facts->limits != NULL ? MAX(request->facts->limits->cpus, 1) : 1;
    choice->cpus = request->config->cpus;
    if (choice->cpus == 0)
        choice->cpus = MIN(host, choice->kvm ? DEFAULT_CPUS_KVM : DEFAULT_CPUS_TCG);
    if (choice->cpus > host)
        plan_note(plan, "%d virtual processors share the %d of this host", choice->cpus, host);
}

/*
 * kvmgt pins the guest's pages as the guest's driver maps them, on the account of QEMU's user
 * (vfio_pin_pages()): the limit is met late, and the guest freezes.
 */
static void note_locked_memory(Plan *plan, const PlanRequest *request, const Choice *choice)
{
    const VgpuDevice *vgpu = request->vgpu;
    const LimitsFacts *limits = request->facts->limits;
    const ScreenFacts *screen = request->facts->screen;
    gboolean root = screen != NULL && screen->uid == 0; /* CAP_IPC_LOCK */
    if (vgpu == NULL || !g_str_has_prefix(vgpu->type, "i915-GVTg") || root || limits == NULL ||
        limits->memlock_bytes == 0 || limits->memlock_bytes >= choice->memory_bytes)
        return;
    plan_note(
        plan,
        "you may lock %" G_GUINT64_FORMAT
        " MiB of memory, and GVT-g locks what its guest draws with, up to all %" G_GUINT64_FORMAT
        " MiB: a guest that wants more freezes; raise 'memlock' for your user in "
        "/etc/security/limits.d",
        limits->memlock_bytes / MIB, choice->memory_bytes / MIB);
}

static void plan_identity(Plan *plan, const VmConfig *config)
{
    if (config->name != NULL) {
        g_autofree char *name = plan_quote(config->name);
        plan_add_format(plan, "-name", "shown in window titles and by ps",
                        "guest=%s,debug-threads=on", name);
    }
    plan_add(plan, "-no-user-config", NULL, "no options from elsewhere");
    plan_add(plan, "-nodefaults", NULL, "no devices but those named here");
}

/* Why QEMU must be let start programs; NULL: it must not. */
static const char *spawns(const PlanRequest *request, const DisplayAnswer *answer)
{
    if (answer->display == DISPLAY_SPICE_APP)
        return "it starts the viewer";
    if (qemu_plan_shares_memory(request))
        return "virglrenderer starts a process of its own for Vulkan";
    return NULL;
}

static void plan_sandbox(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer)
{
    const QemuFacts *qemu = request->facts->qemu;
    if (!qemu->sandbox) {
        plan_note(plan, "%s has no -sandbox: a guest that breaks out of QEMU meets no filter",
                  qemu->binary);
        return;
    }
    const char *why = spawns(request, answer);
    g_autofree char *reason =
        g_strdup_printf("system calls QEMU never needs are refused to it%s%s%s",
                        why != NULL ? " (all but starting programs: " : "", why != NULL ? why : "",
                        why != NULL ? ")" : "");
    plan_add_format(plan, "-sandbox", reason,
                    "on,obsolete=deny,elevateprivileges=deny,spawn=%s,resourcecontrol=deny",
                    why != NULL ? "allow" : "deny");
}

static void plan_machine(Plan *plan, const PlanRequest *request, const Choice *choice)
{
    gboolean shared = qemu_plan_shares_memory(request);
    plan_add_format(plan, "-machine", "a PC with PCI Express", "q35,vmport=off%s%s",
                    shared ? ",memory-backend=ram" : "",
                    request->firmware != NULL ? ",pflash0=uefi-code,pflash1=uefi-vars" : "");
    plan_add(plan, "-accel", choice->kvm ? "kvm" : "tcg",
             choice->kvm ? "guest code runs on the processor itself" : "guest code is translated");
    plan_add(plan, "-cpu", choice->kvm ? "host" : "max",
             choice->kvm ? "all that this processor has" : "all that QEMU can emulate");
    plan_add_format(plan, "-smp", request->config->cpus > 0 ? "as asked" : "the default here", "%d",
                    choice->cpus);
    if (shared)
        plan_add_format(plan, "-object", "memory the vGPU can map: blob resources need a memfd",
                        "memory-backend-memfd,id=ram,size=%" G_GUINT64_FORMAT "M,share=on",
                        choice->memory_bytes / MIB);
    plan_add_format(plan, "-m",
                    request->config->memory_bytes > 0 ? "as asked"
                                                      : "a quarter of what is free, at most 2 GiB",
                    "%" G_GUINT64_FORMAT "M", choice->memory_bytes / MIB);
}

static void plan_firmware(Plan *plan, const PlanRequest *request)
{
    const Firmware *firmware = request->firmware;
    if (firmware == NULL)
        return;
    g_autofree char *code = plan_quote(firmware->code);
    plan_add_format(plan, "-blockdev", "UEFI firmware",
                    "driver=%s,node-name=uefi-code,read-only=on,file.driver=file,file.filename=%s",
                    firmware->code_format, code);
    plan_add_format(plan, "-blockdev", "this VM's own UEFI variables",
                    "driver=%s,node-name=uefi-vars,file.driver=file,file.filename=@run@/vars.fd",
                    firmware->vars_format);
}

/* Adds an option whose value, the user's, is no list: its commas stand for themselves. */
static void add_whole(Plan *plan, const char *name, const char *value, const char *reason)
{
    g_autofree char *escaped = value != NULL ? plan_escape(value) : NULL;
    plan_add(plan, name, escaped, reason);
}

static gboolean plan_kernel(Plan *plan, const VmConfig *config, GError **error)
{
    if (config->kernel == NULL && (config->initrd != NULL || config->append != NULL))
        return plan_refuse(error, "--%s needs --kernel",
                           config->initrd != NULL ? "initrd" : "append");
    if (config->kernel != NULL)
        add_whole(plan, "-kernel", config->kernel, "booted directly, without a boot loader");
    if (config->initrd != NULL)
        add_whole(plan, "-initrd", config->initrd, "its initial file system");
    if (config->append != NULL)
        add_whole(plan, "-append", config->append, "its command line");
    return TRUE;
}

static void plan_monitors(Plan *plan)
{
    plan_add(plan, "-chardev", "socket,id=supervisor,fd=@fd:qmp@", "the supervisor's own line");
    plan_add(plan, "-mon", "chardev=supervisor,mode=control", "and the monitor on it");
    plan_add(plan, "-chardev", "socket,id=control,path=@run@/qmp.sock,server=on,wait=off",
             "a line for the other commands");
    plan_add(plan, "-mon", "chardev=control,mode=control", "and the monitor on it");
    plan_add(plan, "-chardev", "socket,id=serial0,fd=@fd:serial@",
             "what the guest prints goes to the supervisor, which keeps it in a bounded log");
    plan_add(plan, "-serial", "chardev:serial0", "the first serial port");
}

/*
 * Words of the user are kept as they are; an option and its value share a line. The supervisor
 * waits for its child: one that goes into the background has ended for it. QEMU takes options with
 * one dash and with two (system/vl.c:lookup_opt).
 */
static gboolean plan_user_args(Plan *plan, GStrv args, GError **error)
{
    for (guint i = 0; args != NULL && args[i] != NULL; i++) {
        if (g_str_equal(args[i], "-daemonize") || g_str_equal(args[i], "--daemonize"))
            return plan_refuse(error,
                               "QEMU option %s would take QEMU out of vgpuctl's hands; for a VM in "
                               "the background leave it out and use 'vgpuctl run --detach'",
                               args[i]);
        gboolean paired = args[i][0] == '-' && args[i + 1] != NULL && args[i + 1][0] != '-';
        add_whole(plan, args[i], paired ? args[i + 1] : NULL, "given by the user");
        i += paired;
    }
    return TRUE;
}

static DisplayAnswer *choose_display(const PlanRequest *request, GError **error)
{
    DisplayQuestion question = {
        .display = request->config->display,
        .address = request->config->display_address,
        .vgpu = request->vgpu,
        .facts = request->facts,
        .usb_redir = request->config->usb_redir,
    };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    if (answer->works)
        return g_steal_pointer(&answer);
    plan_refuse(error, "Display '%s' with vGPU '%s' cannot be had: %s%s%s",
                display_words[question.display],
                request->vgpu != NULL ? request->vgpu->type : "none", answer->refusal,
                answer->instead != NULL ? "; what works here: " : "",
                answer->instead != NULL ? answer->instead : "");
    return NULL;
}

/* What to try when OpenGL fails at start although it was found to work: where the choice was ours,
 * for who names a type wants that or to know why not. */
static const char *lower_type(const VmConfig *config, const VgpuDevice *vgpu)
{
    gboolean automatic = config->vgpu == NULL || g_str_equal(config->vgpu, "auto");
    if (!automatic || vgpu == NULL || vgpu->console != CONSOLE_TEXTURE)
        return NULL;
    return g_strcmp0(vgpu->type, "venus") == 0 ? "virgl" : "2d";
}

static gboolean plan_devices(Plan *plan, const PlanRequest *request, const DisplayAnswer *answer,
                             GError **error)
{
    if (!qemu_plan_disks(plan, request, error) || !qemu_plan_network(plan, request, error) ||
        !qemu_plan_vgpu(plan, request, answer, error))
        return FALSE;
    qemu_plan_display(plan, request, answer);
    qemu_plan_usb(plan, request);
    plan_add(plan, "-device", "virtio-rng-pci", "randomness for the guest's early boot");
    return TRUE;
}

Plan *qemu_plan(const PlanRequest *request, GError **error)
{
    const HostFacts *facts = request->facts;
    if (facts->qemu == NULL) {
        plan_refuse(error, "%s",
                    facts->qemu_failure != NULL ? facts->qemu_failure : "no QEMU was found");
        return NULL;
    }
    g_autoptr(Plan) plan = plan_new();
    g_autoptr(DisplayAnswer) answer = choose_display(request, error);
    Choice choice = { 0 };
    if (answer == NULL || !choose_accel(plan, request, &choice, error) ||
        !choose_memory(plan, request, &choice, error))
        return NULL;
    choose_cpus(plan, request, &choice);

    plan->binary = g_strdup(facts->qemu->binary);
    plan->fallback_type = g_strdup(lower_type(request->config, request->vgpu));
    plan_identity(plan, request->config);
    plan_sandbox(plan, request, answer);
    plan_machine(plan, request, &choice);
    plan_firmware(plan, request);
    if (!plan_kernel(plan, request->config, error) || !plan_devices(plan, request, answer, error))
        return NULL;
    note_locked_memory(plan, request, &choice);
    plan_monitors(plan);
    if (!plan_user_args(plan, request->config->qemu_args, error))
        return NULL;
    return g_steal_pointer(&plan);
}
