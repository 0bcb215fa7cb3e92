/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mediated devices of recorded hosts: which is chosen for which wish, and each refusal. */
#include <string.h>

#include "base/error.h"
#include "rules/display-matrix.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/sample-facts.h"
#include "vgpu/provider.h"

#define LIVE_1 "c0ffee00-0000-4000-8000-000000000001"
#define LIVE_2 "c0ffee00-0000-4000-8000-000000000002"

typedef enum {
    USE_UNKNOWN, /* as with --facts */
    USE_ROOT,    /* the first live one is claimed */
    USE_POOL,    /* a user, whom the second live one is for; nothing can be made */
    USE_TAKEN,   /* the same, and somebody has it */
    USE_BROKER,  /* a user whom a broker serves */
} Use;

static MdevUseDevice *use_device(const char *uuid, const char *name, const char *holder, int errno_)
{
    MdevUseDevice *device = record_new(&mdev_use_device_type);
    device->uuid = g_strdup(uuid);
    device->name = g_strdup(name);
    device->holder = g_strdup(holder);
    device->open_errno = errno_;
    return device;
}

static MdevUse *make_use(Use kind)
{
    if (kind == USE_UNKNOWN)
        return NULL;
    gboolean user = kind != USE_ROOT;
    MdevUse *use = record_new(&mdev_use_type);
    use->pooled = user;
    if (kind == USE_POOL || kind == USE_TAKEN)
        use->make_obstacle = g_strdup("This user may not make a vGPU, and no broker runs that "
                                      "would; the administrator makes one for them with: sudo "
                                      "vgpuctl create TYPE --user ann");
    use->devices = g_ptr_array_new();
    g_ptr_array_add(use->devices, use_device(LIVE_1, NULL, "process 812 (vgpuctl), for 'win'",
                                             user ? EACCES : 0));
    g_ptr_array_add(use->devices, use_device(LIVE_2, "spare",
                                             kind == USE_TAKEN ? "process 9 (vgpuctl)" : NULL, 0));
    return use;
}

typedef struct {
    const char *host;
    Use use;
    const char *type;
    int display;
    int width;
    const char *chosen; /* type; NULL: refused */
    const char *uuid;   /* of the chosen; NULL: a new one */
    const char *text;   /* part of the reason or the refusal */
} Case;

#define GVT_8 "i915-GVTg_V5_8"
#define GVT_4 "i915-GVTg_V5_4"

/* clang-format off */
static const Case cases[] = {
    /* the smallest that shows what is wished for */
    { "gvt-g", USE_ROOT, "auto", DISPLAY_AUTO, 0, GVT_4, NULL, "a share of 0000:00:02.0 for this VM alone, with screens up to 1920x1200" },
    { "gvt-g", USE_ROOT, NULL, DISPLAY_AUTO, 1024, GVT_8, NULL, "up to 1024x768" },
    { "gvt-g", USE_UNKNOWN, "V5_8", DISPLAY_NONE, 0, GVT_8, NULL, "" },
    { "gvt-g", USE_ROOT, "GVTg_V5_4", DISPLAY_VNC, 0, GVT_4, NULL, "" },
    { "gvt-g", USE_BROKER, GVT_4, DISPLAY_VNC, 0, GVT_4, NULL, "" },
    /* a user to whom nobody lends */
    { "gvt-g", USE_POOL, "V5_8", DISPLAY_VNC, 0, NULL, NULL, "with: sudo vgpuctl create " GVT_8 " --user ann" },
    { "gvt-g", USE_POOL, "auto", DISPLAY_VNC, 0, "virgl", NULL, "OpenGL of this host works" },
    /* none is left: who has them, and why there is no more */
    { "gvt-g-live", USE_ROOT, "V5_8", DISPLAY_NONE, 0, NULL, NULL, "of 128 MB aperture for vGPUs 128 MB are taken" },
    { "gvt-g-live", USE_ROOT, "V5_8", DISPLAY_NONE, 0, NULL, NULL, "who has what: V5_8 " LIVE_1 ": process 812 (vgpuctl), for 'win', V5_8 " LIVE_2 ": nobody that is seen" },
    { "gvt-g-live", USE_ROOT, "auto", DISPLAY_VNC, 0, "virgl", NULL, "" },
    { "gvt-g-live", USE_ROOT, "V5_2", DISPLAY_VNC, 0, NULL, NULL, "an aperture of 256 MB has 128 MB for vGPUs" },
    /* one that lives */
    { "gvt-g-live", USE_POOL, "V5_8", DISPLAY_NONE, 0, GVT_8, LIVE_2, "was there already" },
    { "gvt-g-live", USE_POOL, "auto", DISPLAY_VNC, 0, GVT_8, LIVE_2, "was there already" },
    { "gvt-g-live", USE_TAKEN, "V5_8", DISPLAY_NONE, 0, NULL, NULL, LIVE_2 ": process 9 (vgpuctl)" },
    { "gvt-g-live", USE_ROOT, LIVE_2, DISPLAY_NONE, 0, GVT_8, LIVE_2, "was there already" },
    { "gvt-g-live", USE_ROOT, "spare", DISPLAY_NONE, 0, GVT_8, LIVE_2, "" },
    { "gvt-g-live", USE_TAKEN, "spare", DISPLAY_NONE, 0, NULL, NULL, LIVE_2 " is in use: process 9 (vgpuctl)" },
    { "gvt-g-live", USE_ROOT, LIVE_1, DISPLAY_NONE, 0, NULL, NULL, "for 'win'" },
    { "gvt-g-live", USE_ROOT, "00000000-0000-4000-8000-00000000000f", DISPLAY_NONE, 0, NULL, NULL, "no vGPU of that uuid lives" },
    /* the kernel's samples: what each shows, and to whom */
    { "mdev-samples", USE_ROOT, "mdpy-hd", DISPLAY_NONE, 0, "mdpy-hd", NULL, "up to 1920x1080" },
    { "mdev-samples", USE_ROOT, "mbochs-small", DISPLAY_NONE, 0, "mbochs-small", NULL, "" },
    { "mdev-samples", USE_ROOT, "mtty-1", DISPLAY_NONE, 0, "mtty-1", NULL, "" },
    { "mdev-samples", USE_ROOT, "mtty-1", DISPLAY_VNC, 0, NULL, NULL, "has no screen" },
    { "mdev-samples", USE_ROOT, "V5_8", DISPLAY_VNC, 0, NULL, NULL, "there is no such type" },
};
/* clang-format on */

/* A host with QEMU 7.2, a GPU that draws, KVM, and the mediated devices of a recorded one. */
typedef struct {
    Sample sample;
} Host;

/* What was read of the fixture @name, once for all tests. */
static const HostFacts *recorded(const char *name)
{
    static GHashTable *all;
    if (all == NULL)
        all = g_hash_table_new(g_str_hash, g_str_equal);
    HostFacts *facts = g_hash_table_lookup(all, name);
    if (facts != NULL)
        return facts;
    g_auto(FakeRoot) fake = fake_root_new(name);
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    g_autoptr(GError) error = NULL;
    facts = host_facts_read(fake.root, NULL, &request, &error);
    g_assert_no_error(error);
    g_hash_table_insert(all, (gpointer)name, facts);
    return facts;
}

static void host_init(Host *host, const char *name)
{
    const HostFacts *facts = recorded(name);
    sample_init(&host->sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_HARDWARE);
    host->sample.facts.gpus = facts->gpus;
    host->sample.facts.mdev = facts->mdev;
}

static void host_clear(Host *host)
{
    sample_clear(&host->sample);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Host, host_clear)

static void check_device(const VgpuDevice *device, const Case *c)
{
    if (!g_str_equal(device->provider, "mdev"))
        return;
    g_autofree char *sysfs = g_strconcat("/sys/bus/mdev/devices/", device->uuid, NULL);
    g_assert_cmpstr(device->sysfs, ==, sysfs);
    g_assert_cmpint(device->make, ==, c->uuid == NULL);
    if (c->uuid != NULL)
        g_assert_cmpstr(device->uuid, ==, c->uuid);
    else
        g_assert_true(g_uuid_string_is_valid(device->uuid));
}

static void test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_auto(Host) host;
        host_init(&host, c->host);
        g_autoptr(MdevUse) use = make_use(c->use);
        VgpuWish wish = { .type = c->type,
                          .display = c->display,
                          .width = c->width,
                          .height = c->width * 3 / 4,
                          .use = use };
        g_autoptr(GError) error = NULL;
        g_autoptr(VgpuDevice) device = vgpu_choose(&host.sample.facts, &wish, &error);
        const char *words = device != NULL ? device->reason : error->message;
        g_test_message("%zu: %s: %s", i, device != NULL ? device->type : "refused", words);
        g_assert_cmpstr(device != NULL ? device->type : NULL, ==, c->chosen);
        g_assert_nonnull(strstr(words, c->text));
        g_assert_null(strchr(words, '\n'));
        if (device != NULL)
            check_device(device, c);
    }
}

static void test_consoles(void)
{
    static const struct {
        const char *host, *type;
        int console;
    } rows[] = { { "gvt-g", GVT_8, CONSOLE_DMABUF },
                 { "mdev-samples", "mbochs-large", CONSOLE_DMABUF },
                 { "mdev-samples", "mdpy-hd", CONSOLE_REGION },
                 { "mdev-samples", "mtty-2", CONSOLE_NONE } };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Host) host;
        host_init(&host, rows[i].host);
        VgpuWish wish = { .type = rows[i].type, .display = DISPLAY_NONE };
        g_autoptr(GError) error = NULL;
        g_autoptr(VgpuDevice) device = vgpu_choose(&host.sample.facts, &wish, &error);
        g_assert_no_error(error);
        g_assert_cmpint(device->console, ==, rows[i].console);
    }
}

/* GVT-g is nothing without KVM; the samples do not mind */
static void test_kvm(void)
{
    g_auto(Host) host;
    host_init(&host, "gvt-g");
    VgpuWish wish = { .type = "V5_8", .without_kvm = TRUE };
    g_autoptr(GError) asked = NULL;
    g_assert_null(vgpu_choose(&host.sample.facts, &wish, &asked));
    g_assert_nonnull(strstr(asked->message, "needs KVM, and --accel tcg was asked for"));
    wish.without_kvm = FALSE;
    host.sample.kvm.present = FALSE;
    g_autoptr(GError) absent = NULL;
    g_assert_null(vgpu_choose(&host.sample.facts, &wish, &absent));
    g_assert_nonnull(strstr(absent->message, "needs KVM, and this host has no /dev/kvm"));
    wish.type = "auto";
    g_autoptr(VgpuDevice) other = vgpu_choose(&host.sample.facts, &wish, NULL);
    g_assert_cmpstr(other->provider, ==, "virtio-gpu");
}

/* `auto` does not pick what nobody would see */
static void test_unseen(void)
{
    g_auto(Host) host;
    host_init(&host, "gvt-g");
    g_ptr_array_set_size(host.sample.facts.drm_nodes, 0);
    VgpuWish wish = { .type = "auto", .display = DISPLAY_AUTO };
    g_autoptr(VgpuDevice) seen = vgpu_choose(&host.sample.facts, &wish, NULL);
    g_assert_cmpstr(seen->type, ==, "2d");
    wish.type = "V5_8";
    g_autoptr(VgpuDevice) named = vgpu_choose(&host.sample.facts, &wish, NULL);
    g_assert_cmpstr(named->type, ==, GVT_8);
    wish = (VgpuWish){ .type = "auto", .display = DISPLAY_NONE };
    g_autoptr(VgpuDevice) unshown = vgpu_choose(&host.sample.facts, &wish, NULL);
    g_assert_cmpstr(unshown->type, ==, GVT_4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/provider-mdev/cases", test_cases);
    g_test_add_func("/provider-mdev/consoles", test_consoles);
    g_test_add_func("/provider-mdev/kvm", test_kvm);
    g_test_add_func("/provider-mdev/unseen", test_unseen);
    return g_test_run();
}
