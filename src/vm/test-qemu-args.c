/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plans against golden files, and each refusal by its text. */
#include "vm/qemu-args.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "tests/lib/golden.h"
#include "tests/lib/sample-facts.h"
#include "tests/lib/sample-vgpus.h"

typedef struct {
    const char *name;
    SampleQemu qemu;
    int screen; /* ScreenKind */
    SampleNodes nodes;
    const char *vgpu; /* a row of sample_vgpus[]; NULL: none */
    const char *config;
} Case;

/* On a host without nodes no GPU serves it. */
static const VgpuDevice *find_vgpu(const char *type, SampleNodes nodes)
{
    gboolean software = nodes == SAMPLE_NODES_NO_DEVICE;
    for (gsize i = 0; type != NULL && i < G_N_ELEMENTS(sample_vgpus); i++)
        if (g_str_equal(sample_vgpus[i].type, type) &&
            (!software || sample_vgpus[i].parent == NULL))
            return &sample_vgpus[i];
    return NULL;
}

/* clang-format off */
static const Case cases[] = {
    { "disk-window", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[vgpu]\nmode=1280x800\n" },
    { "disk-server", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
    { "virgl-server", SAMPLE_QEMU_11, SCREEN_NONE, SAMPLE_NODES_TWO, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
    { "virgl-no-device", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NO_DEVICE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[vgpu]\ntype=virgl\n" },
    { "venus", SAMPLE_QEMU_10_0, SCREEN_WAYLAND, SAMPLE_NODES_HARDWARE, "venus",
      "[vm]\nname=work\nmemory=4G\ncpus=6\n[disk]\npath=/vm/work.qcow2\n" },
    { "installer", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=installer\n[cdrom]\npath=/vm/installer.iso\n" },
    { "installer-to-disk", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=installer\nfirmware=uefi\n[disk]\npath=/vm/new.qcow2\nsize=20G\n"
      "[cdrom]\npath=/vm/installer.iso\n" },
    { "kernel", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=demo\nkernel=/vm/vmlinux\ninitrd=/vm/initrd\nappend=console=ttyS0 quiet\n"
      "serial=/vm/a,b.log\n[network]\nmode=none\n" },
    { "bridge", SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[network]\nmode=bridge=virbr0\n"
      "mac=52:54:00:12:34:56\n" },
    { "snapshot", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\nsnapshot=true\n[disk]\npath=/vm/work.qcow2\n[disk.1]\npath=/dev/sdb\n" },
    { "many-disks", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/a,b.raw\n[disk.1]\npath=/dev/sdb\n"
      "[disk.2]\npath=/vm/c.qcow2\nreadonly=true\n" },
    { "spice-usb", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[usb]\nredirect=true\n" },
    { "spice-app", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[display]\nkind=spice-app\n" },
    { "vnc-tcp", SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_HARDWARE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[display]\nkind=vnc\naddress=0.0.0.0:5901\n" },
    { "qemu-vnc-tcp", SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_HARDWARE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[display]\nkind=qemu-vnc\n"
      "address=0.0.0.0:5901\n" },
    { "vnc-socket", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[display]\nkind=vnc\n"
      "address=unix:/vm/a@b,c.sock\n" },
    { "web", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_NO_DEVICE, "virgl",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[vgpu]\ntype=virgl\n"
      "[display]\nkind=web\n" },
    { "no-vgpu", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE, NULL,
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[vgpu]\ntype=none\n" },
    { "user-options", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[qemu]\nargs=-device;pci-testdev;-S\n" },
    { "tcg", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE, "2d",
      "[vm]\nname=work\naccel=tcg\nmemory=14G\ncpus=12\n[disk]\npath=/vm/work.qcow2\n" },
    { "gvt-g", SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE, "i915-GVTg_V5_4",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
    { "gvt-g-server", SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_HARDWARE, "i915-GVTg_V5_4",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
    { "gvt-g-read", SAMPLE_QEMU_11, SCREEN_NONE, SAMPLE_NODES_NO_DEVICE, "i915-GVTg_V5_8",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
    { "gvt-g-unseen", SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NO_DEVICE, "i915-GVTg_V5_8",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n[display]\nkind=none\n" },
    { "region", SAMPLE_QEMU_11, SCREEN_NONE, SAMPLE_NODES_NONE, "mdpy-vga",
      "[vm]\nname=work\n[disk]\npath=/vm/work.qcow2\n" },
};
/* clang-format on */

/* What a disk is, by its name: the planner looks at no file. */
static DiskInfo *disk_info(const char *path)
{
    DiskInfo *info = record_new(&disk_info_type);
    info->path = g_strdup(path);
    info->format = g_strdup(g_str_has_suffix(path, ".qcow2") ? "qcow2" : "raw");
    info->block_device = g_str_has_prefix(path, "/dev/");
    info->iso = g_str_has_suffix(path, ".iso");
    info->writable = !info->iso;
    return info;
}

typedef struct {
    Sample sample;
    VmConfig *config;
    GPtrArray *disks;
    PlanRequest request;
} Request;

static void request_init(Request *request, const Case *c)
{
    static const Firmware firmware = { .code = (char *)"/usr/share/OVMF/OVMF_CODE_4M.fd",
                                       .code_format = (char *)"raw",
                                       .vars_template = (char *)"/usr/share/OVMF/OVMF_VARS_4M.fd",
                                       .vars_format = (char *)"raw" };
    sample_init(&request->sample, c->qemu, c->screen, c->nodes);
    g_autoptr(GError) error = NULL;
    request->config = vm_config_from_text(c->config, strlen(c->config), c->name, &error);
    g_assert_no_error(error);
    request->disks = g_ptr_array_new();
    for (guint i = 0; i < request->config->disks->len; i++)
        g_ptr_array_add(request->disks,
                        disk_info(((VmDisk *)request->config->disks->pdata[i])->path));
    if (request->config->cdrom != NULL)
        g_ptr_array_add(request->disks, disk_info(request->config->cdrom));
    request->request = (PlanRequest){
        .config = request->config,
        .facts = &request->sample.facts,
        .vgpu = find_vgpu(c->vgpu, c->nodes),
        .disks = request->disks,
        .firmware = request->config->firmware == FIRMWARE_UEFI ? &firmware : NULL,
    };
}

static void request_clear(Request *request)
{
    for (guint i = 0; i < request->disks->len; i++)
        record_free(&disk_info_type, request->disks->pdata[i]);
    g_ptr_array_unref(request->disks);
    vm_config_free(request->config);
    sample_clear(&request->sample);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Request, request_clear)

static void test_golden(gconstpointer data)
{
    const Case *c = data;
    g_auto(Request) request;
    request_init(&request, c);
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = qemu_plan(&request.request, &error);
    g_assert_no_error(error);
    g_autofree char *text = plan_to_text(plan);
    g_autofree char *beside = g_strdup_printf(
        "\nvGPU: %s\ndisplay: %s\nwatch: %s\nscreenshot: %s\nfallback: %s\ncredential: %s\n",
        plan->vgpu, plan->display, plan->watch != NULL ? plan->watch : "-",
        screenshot_words[plan->screenshot], plan->fallback_type != NULL ? plan->fallback_type : "-",
        plan->needs_credential ? "yes" : "no");
    g_autofree char *name = g_strdup_printf("plan/%s.txt", c->name);
    g_autofree char *all = g_strconcat(text, beside, NULL);
    golden_check(name, all);
}

static const Case *find_case(const char *name)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
        if (g_str_equal(cases[i].name, name))
            return &cases[i];
    g_assert_not_reached();
}

/* every plan has what keeps a VM in hand */
static void test_always(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(Request) request;
        request_init(&request, &cases[i]);
        g_autoptr(Plan) plan = qemu_plan(&request.request, NULL);
        static const char *const needed[] = { "-name",    "-no-user-config", "-nodefaults",
                                              "-sandbox", "-machine",        "-accel",
                                              "-mon",     "-serial",         "-display",
                                              "-vga" };
        for (gsize j = 0; j < G_N_ELEMENTS(needed); j++)
            g_assert_nonnull(plan_find(plan, needed[j]));
        for (guint j = 0; j < plan->options->len; j++) {
            const PlanOption *option = plan->options->pdata[j];
            g_assert_true(option->reason != NULL && *option->reason != '\0');
        }
    }
}

/* the same name, the same address: and never a multicast one */
static void test_mac(void)
{
    const char *previous = NULL;
    g_autofree char *kept = NULL;
    for (int i = 0; i < 2; i++) {
        g_auto(Request) request;
        request_init(&request, find_case("disk-server"));
        g_autoptr(Plan) plan = qemu_plan(&request.request, NULL);
        g_autofree char *text = plan_to_text(plan);
        const char *mac = strstr(text, "mac=52:54:00:");
        g_assert_nonnull(mac);
        if (previous != NULL)
            g_assert_cmpmem(mac, 21, previous, 21);
        kept = kept == NULL ? g_strndup(mac, 21) : kept;
        previous = kept;
    }
}

typedef void (*Change)(Request *request);

static void too_much_memory(Request *request)
{
    request->config->memory_bytes = (guint64)64 << 30;
}

static void kvm_forbidden(Request *request)
{
    request->config->accel = ACCEL_KVM;
    request->sample.kvm.usable = FALSE;
    request->sample.kvm.unusable_why = (char *)"Permission denied (root:kvm 0660)";
}

static void kvm_broken(Request *request)
{
    request->config->accel = ACCEL_KVM;
    request->sample.kvm.executes = TRUTH_NO;
    request->sample.kvm.detail = (char *)"QEMU was killed by SIGABRT";
}

static void disk_readonly(Request *request)
{
    ((DiskInfo *)request->disks->pdata[0])->writable = FALSE;
}

static void disk_encrypted(Request *request)
{
    ((DiskInfo *)request->disks->pdata[0])->encrypted = TRUE;
}

static void no_slirp(Request *request)
{
    g_strfreev(request->sample.qemu->netdevs);
    request->sample.qemu->netdevs = g_strsplit("tap", ",", -1);
}

static void no_tap(Request *request)
{
    g_strfreev(request->sample.qemu->netdevs);
    request->sample.qemu->netdevs = g_strsplit("user", ",", -1);
    vm_config_set_network(request->config, "bridge=br0", NULL);
}

static void no_qemu(Request *request)
{
    request->sample.facts.qemu = NULL;
    request->sample.facts.qemu_failure = (char *)"there is no QEMU; apt install qemu-system-x86";
}

static void initrd_alone(Request *request)
{
    request->config->initrd = g_strdup("/vm/initrd");
}

static void daemonize(Request *request)
{
    request->config->qemu_args = g_strsplit("-S,-daemonize", ",", -1);
}

static void sdl_dmabuf(Request *request)
{
    request->request.vgpu = find_vgpu("i915-GVTg_V5_4", SAMPLE_NODES_HARDWARE);
    vm_config_set_display(request->config, "sdl", NULL);
}

static void window_without_vgpu(Request *request)
{
    request->request.vgpu = NULL;
    vm_config_set_display(request->config, "gtk", NULL);
}

static void no_device(Request *request)
{
    g_strfreev(request->sample.qemu->devices);
    request->sample.qemu->devices = g_strsplit("VGA", ",", -1);
}

static void test_refusals(void)
{
    static const struct {
        Change change;
        const char *part;
    } refusals[] = {
        { too_much_memory, "Memory 65536 MiB is more than this host has (16384 MiB)" },
        { kvm_forbidden, "/dev/kvm is not yours to use: Permission denied (root:kvm 0660); use "
                         "--accel tcg" },
        { kvm_broken, "KVM does not run guests here: QEMU was killed by SIGABRT" },
        { disk_readonly, "Disk /vm/work.qcow2: you may not write it; add ',readonly'" },
        { disk_encrypted, "Disk /vm/work.qcow2 is encrypted" },
        { no_slirp, "has no user networking" },
        { no_tap, "has no tap networking" },
        { no_qemu, "there is no QEMU; apt install qemu-system-x86" },
        { initrd_alone, "--initrd needs --kernel" },
        { daemonize, "QEMU option -daemonize would take QEMU out of vgpuctl's hands; for a VM in "
                     "the background leave it out and use 'vgpuctl run --detach'" },
        { sdl_dmabuf, "what works here: --display gtk" },
        { window_without_vgpu, "what works here: --vgpu 2d --display gtk" },
        { no_device, "has no device virtio-vga" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
        g_auto(Request) request;
        request_init(&request, find_case("disk-server"));
        sample_clear(&request.sample);
        sample_init(&request.sample, SAMPLE_QEMU_7_2, SCREEN_X11, SAMPLE_NODES_HARDWARE);
        refusals[i].change(&request);
        g_autoptr(GError) error = NULL;
        g_assert_null(qemu_plan(&request.request, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
        g_test_message("%s", error->message);
        g_assert_nonnull(strstr(error->message, refusals[i].part));
        g_assert_null(strchr(error->message, '\n'));
    }
}

/* memory nobody asked for is a quarter of what is free, within bounds */
static void test_default_memory(void)
{
    static const struct {
        guint64 available_mib;
        const char *value;
    } hosts[] = { { 64 << 10, "2048M" }, { 4096, "1024M" }, { 300, "256M" }, { 0, "256M" } };
    for (gsize i = 0; i < G_N_ELEMENTS(hosts); i++) {
        g_auto(Request) request;
        request_init(&request, find_case("disk-server"));
        request.sample.limits.memory_available_bytes = hosts[i].available_mib << 20;
        g_autoptr(Plan) plan = qemu_plan(&request.request, NULL);
        g_assert_cmpstr(plan_find(plan, "-m")->value, ==, hosts[i].value);
    }
}

/* why there is no KVM is said, whatever the reason */
static void test_tcg_note(void)
{
    g_auto(Request) request;
    request_init(&request, find_case("disk-server"));
    request.sample.kvm = (KvmFacts){ .present = FALSE };
    g_autoptr(Plan) plan = qemu_plan(&request.request, NULL);
    g_assert_cmpstr(plan_find(plan, "-accel")->value, ==, "tcg");
    g_assert_cmpstr(plan_find(plan, "-cpu")->value, ==, "max");
    g_assert_nonnull(strstr(plan->notes[0], "no /dev/kvm"));

    /* who asks for TCG is told nothing of KVM, which nobody looked at then */
    request.sample.facts.kvm = NULL;
    request.config->accel = ACCEL_TCG;
    g_autoptr(Plan) asked = qemu_plan(&request.request, NULL);
    g_assert_true(g_str_has_suffix(asked->notes[0], ": as asked"));
}

static gboolean has_note(const Plan *plan, const char *part)
{
    for (char **note = plan->notes; note != NULL && *note != NULL; note++)
        if (strstr(*note, part) != NULL)
            return TRUE;
    return FALSE;
}

/* a wish that a gtk window does not grant is answered */
static void test_mode_note(void)
{
    g_auto(Request) request;
    request_init(&request, find_case("disk-window"));
    VgpuDevice vgpu = *request.request.vgpu;
    request.request.vgpu = &vgpu;
    g_autoptr(Plan) no_wish = qemu_plan(&request.request, NULL);
    g_assert_false(has_note(no_wish, "for its own size"));
    vgpu.width = 1280;
    vgpu.height = 800;
    g_autoptr(Plan) gtk = qemu_plan(&request.request, NULL);
    g_assert_true(has_note(gtk, "not for 1280x800; --display sdl"));
    vm_config_set_display(request.config, "sdl", NULL);
    g_autoptr(Plan) sdl = qemu_plan(&request.request, NULL);
    g_assert_false(has_note(sdl, "for its own size"));
}

static const char *argument_of(GStrv argv, const char *name, const char *part)
{
    for (guint i = 0; argv[i] != NULL && argv[i + 1] != NULL; i++)
        if (g_str_equal(argv[i], name) && strstr(argv[i + 1], part) != NULL)
            return argv[i + 1];
    g_assert_not_reached();
}

/* what looks like a placeholder of ours in the user's words reaches QEMU as it was written */
static void test_user_placeholders(void)
{
    static const Case odd = {
        "odd",
        SAMPLE_QEMU_7_2,
        SCREEN_NONE,
        SAMPLE_NODES_NONE,
        "2d",
        "[vm]\nname=work\nkernel=/vm/@run@\ninitrd=/vm/@fd:qmp@\nappend=a=@@,@run@\n"
        "[disk]\npath=/vm/@run@,@fd:qmp@,@@.raw\n[display]\nkind=qemu-vnc\n"
        "address=unix:/vm/@run@.sock\n[qemu]\nargs=-fw_cfg;file=@run@;-S\n"
    };
    g_auto(Request) request;
    request_init(&request, &odd);
    g_autoptr(GError) error = NULL;
    g_autoptr(Plan) plan = qemu_plan(&request.request, &error);
    g_assert_no_error(error);
    g_autoptr(GHashTable) fds = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(fds, (gpointer) "qmp", GINT_TO_POINTER(7));
    g_hash_table_insert(fds, (gpointer) "serial", GINT_TO_POINTER(8));
    g_auto(GStrv) argv = plan_argv(plan, "/run/x", fds, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(argument_of(argv, "-kernel", ""), ==, "/vm/@run@");
    g_assert_cmpstr(argument_of(argv, "-initrd", ""), ==, "/vm/@fd:qmp@");
    g_assert_cmpstr(argument_of(argv, "-append", ""), ==, "a=@@,@run@");
    g_assert_cmpstr(argument_of(argv, "-fw_cfg", ""), ==, "file=@run@");
    g_assert_true(g_str_has_suffix(argument_of(argv, "-blockdev", "disk0"),
                                   "filename=/vm/@run@,,@fd:qmp@,,@@.raw"));
    argument_of(argv, "-vnc", "unix:/vm/@run@.sock");
    argument_of(argv, "-chardev", "path=/run/x/qmp.sock");
    g_autofree char *watch = plan_place(plan->watch, "/run/x");
    g_assert_nonnull(strstr(watch, "/vm/@run@.sock"));
}

static void test_no_sandbox(void)
{
    g_auto(Request) request;
    request_init(&request, find_case("disk-server"));
    request.sample.qemu->sandbox = FALSE;
    g_autoptr(Plan) plan = qemu_plan(&request.request, NULL);
    g_assert_null(plan_find(plan, "-sandbox"));
    g_assert_nonnull(strstr(plan->notes[0], "has no -sandbox"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *path = g_strconcat("/qemu-args/golden/", cases[i].name, NULL);
        g_test_add_data_func(path, &cases[i], test_golden);
    }
    g_test_add_func("/qemu-args/always", test_always);
    g_test_add_func("/qemu-args/mac", test_mac);
    g_test_add_func("/qemu-args/refusals", test_refusals);
    g_test_add_func("/qemu-args/default-memory", test_default_memory);
    g_test_add_func("/qemu-args/tcg-note", test_tcg_note);
    g_test_add_func("/qemu-args/mode-note", test_mode_note);
    g_test_add_func("/qemu-args/user-placeholders", test_user_placeholders);
    g_test_add_func("/qemu-args/no-sandbox", test_no_sandbox);
    return g_test_run();
}
