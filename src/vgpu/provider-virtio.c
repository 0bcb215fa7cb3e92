/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * virtio-gpu: a GPU that QEMU itself makes. 2D on any host; virgl (OpenGL by virglrenderer) where
 * QEMU has a display with OpenGL; venus (Vulkan) where QEMU has the option too. No slice of a GPU
 * is set aside: guests share the host's as its programs do.
 */
#include "rules/display-matrix.h"
#include "vgpu/provider.h"

/* QEMU's window for memory that guest and host share (docs/system/devices/virtio-gpu.rst). */
#define VENUS_HOSTMEM_BYTES (G_GUINT64_CONSTANT(4) << 30)

static VgpuCandidate *new_candidate(const char *type, int console, const VgpuWish *wish)
{
    VgpuCandidate *candidate = g_new0(VgpuCandidate, 1);
    VgpuDevice *device = candidate->device = record_new(&vgpu_device_type);
    device->provider = g_strdup(provider_virtio.name);
    device->type = g_strdup(type);
    device->console = console;
    device->width = wish->width;
    device->height = wish->height;
    return candidate;
}

static const DrmNode *find_node(const HostFacts *facts, const char *name)
{
    for (guint i = 0; facts->drm_nodes != NULL && i < facts->drm_nodes->len; i++) {
        const DrmNode *node = facts->drm_nodes->pdata[i];
        if (g_strcmp0(node->by_path, name) == 0 || g_strcmp0(node->path, name) == 0)
            return node;
    }
    return NULL;
}

/* What a window would draw by; borrowed. */
static const GlPlatform *find_screen(const HostFacts *facts)
{
    for (guint i = 0; facts->gl->platforms != NULL && i < facts->gl->platforms->len; i++) {
        const GlPlatform *platform = facts->gl->platforms->pdata[i];
        gboolean on_screen = platform->kind == GL_PLATFORM_X11 ||
                             platform->kind == GL_PLATFORM_GLX ||
                             platform->kind == GL_PLATFORM_WAYLAND;
        if (on_screen && platform->works)
            return platform;
    }
    return NULL;
}

/* The GPU of this host when it has but one that draws: then windows draw on it. Borrowed. */
static const char *only_gpu(const HostFacts *facts)
{
    const char *found = NULL;
    for (guint i = 0; facts->drm_nodes != NULL && i < facts->drm_nodes->len; i++) {
        const DrmNode *node = facts->drm_nodes->pdata[i];
        const GlPlatform *gl = gl_facts_node(facts->gl, node->path);
        if (gl == NULL || !gl->works || gl->software)
            continue;
        if (found != NULL && g_strcmp0(found, node->parent) != 0)
            return NULL;
        found = node->parent;
    }
    return found;
}

/* Which OpenGL the display of @answer would use, and of which GPU. */
static const GlPlatform *find_platform(const HostFacts *facts, const DisplayAnswer *answer,
                                       const char **ret_gpu)
{
    const char *name = answer->render_node;
    const DrmNode *node = name != NULL ? find_node(facts, name) : NULL;
    const GlPlatform *platform = name == NULL
                                     ? find_screen(facts)
                                     : gl_facts_node(facts->gl, node != NULL ? node->path : name);
    gboolean hardware = platform != NULL && !platform->software;
    *ret_gpu = !hardware ? NULL : node != NULL ? node->parent : only_gpu(facts);
    return platform;
}

static void describe_gl(VgpuCandidate *candidate, const GlPlatform *platform)
{
    const char *renderer = platform != NULL ? platform->renderer : NULL;
    candidate->device->reason =
        g_strdup_printf("OpenGL of this host works: %s", renderer != NULL ? renderer : "unnamed");
    if (platform == NULL || platform->software)
        candidate->drawback = g_strdup_printf("its OpenGL would be computed on the processor (%s)",
                                              renderer != NULL ? renderer : "unnamed");
}

/* Completes a GL candidate from what the display it is for says. */
static void judge_gl(VgpuCandidate *candidate, const HostFacts *facts, const VgpuWish *wish)
{
    VgpuDevice *device = candidate->device;
    device->parent = g_strdup(wish->parent);
    DisplayQuestion question = { .display = wish->display,
                                 .address = wish->address,
                                 .vgpu = device,
                                 .facts = facts,
                                 .usb_redir = wish->usb_redir };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    if (!answer->works) {
        candidate->obstacle = g_strdup(answer->refusal);
        return;
    }
    const char *gpu = NULL;
    const GlPlatform *platform = find_platform(facts, answer, &gpu);
    if (wish->parent != NULL && g_strcmp0(gpu, wish->parent) != 0) {
        candidate->obstacle = g_strdup_printf(
            "a %s draws on the GPU of its screen, which need not be %s; --display vnc draws there",
            answer->name, wish->parent);
        return;
    }
    g_free(device->parent);
    device->parent = g_strdup(gpu);
    describe_gl(candidate, platform);
}

static VgpuCandidate *candidate_gl(const char *type, const HostFacts *facts, const VgpuWish *wish)
{
    VgpuCandidate *candidate = new_candidate(type, CONSOLE_TEXTURE, wish);
    const QemuFacts *qemu = facts->qemu;
    if (!qemu_has(qemu->devices, "virtio-vga-gl"))
        candidate->obstacle =
            g_strdup_printf("%s has no virtio-vga-gl (see vgpuctl qemu)", qemu->binary);
    return candidate;
}

static VgpuCandidate *candidate_venus(const HostFacts *facts, const VgpuWish *wish)
{
    VgpuCandidate *candidate = candidate_gl("venus", facts, wish);
    const QemuFacts *qemu = facts->qemu;
    candidate->device->hostmem_bytes = VENUS_HOSTMEM_BYTES;
    if (candidate->obstacle == NULL && (!qemu->venus || !qemu->hostmem || !qemu->blob))
        candidate->obstacle = g_strdup_printf(
            "%s cannot do Vulkan (its virtio-gpu has no venus, hostmem or blob)", qemu->binary);
    if (candidate->obstacle == NULL)
        judge_gl(candidate, facts, wish);
    return candidate;
}

static VgpuCandidate *candidate_virgl(const HostFacts *facts, const VgpuWish *wish)
{
    VgpuCandidate *candidate = candidate_gl("virgl", facts, wish);
    if (candidate->obstacle == NULL)
        judge_gl(candidate, facts, wish);
    return candidate;
}

static VgpuCandidate *candidate_2d(const HostFacts *facts, const VgpuWish *wish)
{
    VgpuCandidate *candidate = new_candidate("2d", CONSOLE_2D, wish);
    if (!qemu_has(facts->qemu->devices, "virtio-vga"))
        candidate->obstacle = g_strdup_printf("%s has no virtio-vga", facts->qemu->binary);
    candidate->device->reason = g_strdup("a virtual screen that needs no GPU");
    return candidate;
}

static GPtrArray *candidates(const HostFacts *facts, const VgpuWish *wish)
{
    GPtrArray *list = g_ptr_array_new_with_free_func((GDestroyNotify)vgpu_candidate_free);
    g_ptr_array_add(list, candidate_venus(facts, wish));
    g_ptr_array_add(list, candidate_virgl(facts, wish));
    g_ptr_array_add(list, candidate_2d(facts, wish));
    return list;
}

const VgpuProvider provider_virtio = { "virtio-gpu", candidates, /* means= */ NULL };
