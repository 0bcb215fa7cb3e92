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

/* What GL would run on: the node of a headless display, or the screen of a window. */
static const GlPlatform *platform_in_use(const HostFacts *facts, const DisplayAnswer *answer)
{
    if (answer->render_node != NULL) {
        for (guint i = 0; facts->drm_nodes != NULL && i < facts->drm_nodes->len; i++) {
            const DrmNode *node = facts->drm_nodes->pdata[i];
            if (g_strcmp0(node->by_path, answer->render_node) == 0 ||
                g_strcmp0(node->path, answer->render_node) == 0)
                return gl_facts_node(facts->gl, node->path);
        }
        return NULL;
    }
    for (guint i = 0; facts->gl->platforms != NULL && i < facts->gl->platforms->len; i++) {
        const GlPlatform *platform = facts->gl->platforms->pdata[i];
        gboolean on_screen =
            platform->kind == GL_PLATFORM_X11 || platform->kind == GL_PLATFORM_WAYLAND;
        if (on_screen && platform->works)
            return platform;
    }
    return NULL;
}

static const char *parent_of(const HostFacts *facts, const DisplayAnswer *answer)
{
    for (guint i = 0; facts->drm_nodes != NULL && i < facts->drm_nodes->len; i++) {
        const DrmNode *node = facts->drm_nodes->pdata[i];
        if (answer->render_node != NULL && (g_strcmp0(node->by_path, answer->render_node) == 0 ||
                                            g_strcmp0(node->path, answer->render_node) == 0))
            return node->parent;
    }
    return NULL;
}

/* Completes a GL candidate from what the display it is for says. */
static void judge_gl(VgpuCandidate *candidate, const HostFacts *facts, const VgpuWish *wish)
{
    DisplayQuestion question = { .display = wish->display,
                                 .address = wish->address,
                                 .vgpu = candidate->device,
                                 .facts = facts };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    if (!answer->works) {
        candidate->obstacle = g_strdup(answer->refusal);
        return;
    }
    const GlPlatform *platform = platform_in_use(facts, answer);
    VgpuDevice *device = candidate->device;
    device->parent = g_strdup(parent_of(facts, answer));
    candidate->by_name_only = platform == NULL || platform->software;
    device->reason = platform == NULL
                         ? g_strdup("OpenGL of the host, not probed")
                         : g_strdup_printf("OpenGL of the host works: %s%s", platform->renderer,
                                           platform->software ? " (software)" : "");
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

const VgpuProvider provider_virtio = { "virtio-gpu", candidates };
