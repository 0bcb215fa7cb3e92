/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hosts for the tests of the rules, put together from named parts: QEMU release (recorded), screen
 * and DRM nodes (written here). Whole machines are in tests/fixtures.
 */
#pragma once

#include "base/json.h"
#include "host/facts.h"

typedef enum { SAMPLE_QEMU_7_2, SAMPLE_QEMU_9_0, SAMPLE_QEMU_10_0, SAMPLE_QEMU_11 } SampleQemu;
typedef enum {
    SAMPLE_NODES_HARDWARE,
    SAMPLE_NODES_NONE,
    SAMPLE_NODES_VGEM,
    SAMPLE_NODES_TWO,
    SAMPLE_NODES_NO_DEVICE, /* no node either, but a Mesa that draws on GL_NO_DEVICE */
} SampleNodes;

#define SAMPLE_QEMUS 4
#define SAMPLE_SCREENS 4
#define SAMPLE_NODE_SETS 5
static const char *const sample_qemu_words[] = { "7.2", "9.0", "10.0", "11", NULL };
static const char *const sample_nodes_words[] = { "hardware", "none",      "vgem",
                                                  "two",      "no-device", NULL };

#define SAMPLE_GPU "0000:00:02.0"
#define SAMPLE_GPU_2 "0000:03:00.0"

typedef struct {
    HostFacts facts;
    QemuFacts *qemu; /* owned */
    GlFacts gl;
    ScreenFacts screen;
    KvmFacts kvm;
    LimitsFacts limits;
    DrmNode nodes[4];
    GlPlatform platforms[8];
    guint n_platforms;
} Sample;

/* The facts of a release, recorded from a QEMU with all its packages (tests/fixtures/qemu). */
static inline QemuFacts *sample_qemu(SampleQemu release)
{
    g_autofree char *name = g_strconcat(sample_qemu_words[release], ".json", NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) object = json_from_file(path, &error);
    g_assert_no_error(error);
    QemuFacts *facts = record_from_json(&qemu_facts_type, object, &error);
    g_assert_no_error(error);
    return facts;
}

static inline GlPlatform *sample_platform(Sample *sample, int kind, const char *node,
                                          gboolean software)
{
    GlPlatform *platform = &sample->platforms[sample->n_platforms++];
    *platform = (GlPlatform){
        .kind = kind,
        .node = (char *)node,
        .works = TRUE,
        .renderer = (char *)(software ? "llvmpipe (LLVM 15.0.6, 256 bits)"
                                      : "Mesa Intel(R) UHD Graphics 630 (CFL GT2)"),
        .software = software,
        .es = TRUE,
        .surfaceless_context = TRUE,
    };
    g_ptr_array_add(sample->gl.platforms, platform);
    return platform;
}

static inline void sample_node(Sample *sample, DrmNode node, gboolean software)
{
    guint index = sample->facts.drm_nodes->len;
    sample->nodes[index] = node;
    g_ptr_array_add(sample->facts.drm_nodes, &sample->nodes[index]);
    GlPlatform *gl = sample_platform(sample, GL_PLATFORM_GBM, node.path, software);
    gl->dmabuf_export = gl->dmabuf_import = gl->dmabuf_import_modifiers = TRUE;
    gl->dmabuf_export_works = !software;
}

static inline void sample_drm(Sample *sample, SampleNodes nodes)
{
    static const DrmNode intel = {
        .path = (char *)"/dev/dri/renderD128",
        .by_path = (char *)"/dev/dri/by-path/pci-0000:00:02.0-render",
        .parent = (char *)SAMPLE_GPU,
        .driver = (char *)"i915",
        .render = TRUE,
        .usable = TRUE,
    };
    static const DrmNode amd = {
        .path = (char *)"/dev/dri/renderD129",
        .by_path = (char *)"/dev/dri/by-path/pci-0000:03:00.0-render",
        .parent = (char *)SAMPLE_GPU_2,
        .driver = (char *)"amdgpu",
        .render = TRUE,
        .usable = TRUE,
    };
    static const DrmNode vgem[] = {
        { .path = (char *)"/dev/dri/card0",
          .parent = (char *)"vgem",
          .driver = (char *)"vgem",
          .usable = TRUE },
        { .path = (char *)"/dev/dri/renderD128",
          .parent = (char *)"vgem",
          .driver = (char *)"vgem",
          .render = TRUE,
          .usable = TRUE },
    };
    if (nodes == SAMPLE_NODES_HARDWARE || nodes == SAMPLE_NODES_TWO)
        sample_node(sample, intel, FALSE);
    if (nodes == SAMPLE_NODES_TWO)
        sample_node(sample, amd, FALSE);
    for (guint i = 0; nodes == SAMPLE_NODES_VGEM && i < G_N_ELEMENTS(vgem); i++)
        sample_node(sample, vgem[i], TRUE);
    if (nodes == SAMPLE_NODES_NO_DEVICE) /* measured with Mesa 22.3 */
        sample_platform(sample, GL_PLATFORM_GBM, GL_NO_DEVICE, TRUE)->dmabuf_export = TRUE;
}

/* A screen draws by hardware where there is some, a forwarded one never. */
static inline void sample_screen(Sample *sample, int kind, gboolean hardware)
{
    gboolean wayland = kind == SCREEN_WAYLAND, forwarded = kind == SCREEN_X11_FORWARDED;
    sample->screen = (ScreenFacts){
        .kind = kind,
        .display =
            kind == SCREEN_NONE || wayland ? NULL : (char *)(forwarded ? "localhost:10.0" : ":0"),
        .wayland_display = wayland ? (char *)"/run/user/1000/wayland-0" : NULL,
        .why = kind == SCREEN_NONE ? (char *)"neither DISPLAY nor WAYLAND_DISPLAY is set" : NULL,
        .runtime_dir = (char *)"/run/user/1000",
        .session_bus = wayland,
        .uid = 1000,
    };
    if (kind == SCREEN_NONE)
        return;
    gboolean software = forwarded || !hardware;
    const char *name = wayland ? sample->screen.wayland_display : sample->screen.display;
    GlPlatform *gl =
        sample_platform(sample, wayland ? GL_PLATFORM_WAYLAND : GL_PLATFORM_X11, name, software);
    gl->dmabuf_import = !software;
    if (!wayland)
        sample_platform(sample, GL_PLATFORM_GLX, name, software);
}

/* Fills @sample, whose parts refer to each other: it must not be moved. */
static inline void sample_init(Sample *sample, SampleQemu qemu, int screen, SampleNodes nodes)
{
    *sample = (Sample){ 0 };
    sample->facts.version = HOST_FACTS_VERSION;
    sample->facts.architecture = (char *)"x86_64";
    sample->facts.drm_nodes = g_ptr_array_new();
    sample->gl.platforms = g_ptr_array_new();
    sample->gl.probed = TRUE;
    sample->facts.gl = &sample->gl;
    sample->facts.screen = &sample->screen;
    sample->kvm = (KvmFacts){ .present = TRUE, .usable = TRUE, .executes = TRUTH_YES };
    sample->facts.kvm = &sample->kvm;
    sample->limits = (LimitsFacts){ .memory_total_bytes = (guint64)16 << 30,
                                    .memory_available_bytes = (guint64)12 << 30,
                                    .cpus = 8,
                                    .memlock_bytes = 8 << 20,
                                    .nofile = 1024,
                                    .runtime_free_bytes = (guint64)1 << 30 };
    sample->facts.limits = &sample->limits;
    sample->qemu = sample->facts.qemu = sample_qemu(qemu);
    sample_drm(sample, nodes);
    sample_screen(sample, screen, nodes == SAMPLE_NODES_HARDWARE || nodes == SAMPLE_NODES_TWO);
}

static inline void sample_clear(Sample *sample)
{
    record_free(&qemu_facts_type, sample->qemu);
    g_clear_pointer(&sample->facts.drm_nodes, g_ptr_array_unref);
    g_clear_pointer(&sample->gl.platforms, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Sample, sample_clear)
