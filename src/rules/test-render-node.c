/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Where OpenGL without a window renders. */
#include "rules/render-node.h"

#include <string.h>

#include "rules/display-matrix.h"
#include "tests/lib/sample-facts.h"

/* the vGPU's parent decides the node; hardware goes before software otherwise */
static void test_render_node(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_TWO);
    g_autofree char *why = NULL;
    g_assert_cmpstr(display_render_node(&sample.facts, SAMPLE_GPU_2, NULL)->path, ==,
                    "/dev/dri/renderD129");
    g_assert_cmpstr(display_render_node(&sample.facts, NULL, NULL)->path, ==,
                    "/dev/dri/renderD128");
    g_assert_null(display_render_node(&sample.facts, "0000:09:00.0", &why));
    g_assert_cmpstr(why, ==, "0000:09:00.0 has no DRM node");

    sample.platforms[0].software = TRUE;
    g_assert_cmpstr(display_render_node(&sample.facts, NULL, NULL)->path, ==,
                    "/dev/dri/renderD129");
    sample.nodes[1].usable = FALSE;
    sample.nodes[1].unusable_why = (char *)"Permission denied (root:render 0660)";
    g_free(why);
    g_assert_null(display_render_node(&sample.facts, SAMPLE_GPU_2, &why));
    g_assert_cmpstr(why, ==,
                    "/dev/dri/renderD129 is not yours to use: Permission denied (root:render "
                    "0660)");
}

/* what is nobody's node is only for what asks for no GPU, and only where no node works */
static void test_no_device(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NO_DEVICE);
    VgpuDevice vgpu = { .console = CONSOLE_TEXTURE };
    DisplayQuestion question = { .display = DISPLAY_VNC, .vgpu = &vgpu, .facts = &sample.facts };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    g_assert_cmpstr(answer->render_node, ==, GL_NO_DEVICE);
    g_assert_cmpstr(answer->note, ==,
                    "OpenGL is drawn by the processor of this host (llvmpipe (LLVM 15.0.6, 256 "
                    "bits)): this host has no DRM render node (/dev/dri is empty)");

    vgpu.parent = (char *)SAMPLE_GPU;
    g_autoptr(DisplayAnswer) of_gpu = display_matrix_ask(&question);
    g_assert_cmpstr(of_gpu->refusal, ==,
                    "OpenGL without a window needs a DRM node, and 0000:00:02.0 has no DRM node");
    vgpu.parent = NULL;
    sample.platforms[0].dmabuf_export = FALSE;
    g_autoptr(DisplayAnswer) lacking = display_matrix_ask(&question);
    g_assert_cmpstr(lacking->refusal, ==,
                    "OpenGL without a window needs a DRM node, and this host has no DRM render "
                    "node (/dev/dri is empty); nor can it be done without: OpenGL on /dev/null "
                    "lacks EGL_MESA_image_dma_buf_export, which this QEMU demands");
}

/* a node that its user may not open is as good as none */
static void test_node_of_others(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_HARDWARE);
    sample.nodes[0].usable = FALSE;
    sample.nodes[0].unusable_why = (char *)"Permission denied (root:render 0660)";
    sample_platform(&sample, GL_PLATFORM_GBM, GL_NO_DEVICE, TRUE)->dmabuf_export = TRUE;
    VgpuDevice vgpu = { .console = CONSOLE_TEXTURE };
    DisplayQuestion question = { .display = DISPLAY_VNC, .vgpu = &vgpu, .facts = &sample.facts };
    g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
    g_assert_cmpstr(answer->render_node, ==, GL_NO_DEVICE);
    g_assert_nonnull(strstr(answer->note, "is not yours to use: Permission denied"));
    sample.nodes[0].usable = TRUE;
    g_autoptr(DisplayAnswer) with_node = display_matrix_ask(&question);
    g_assert_cmpstr(with_node->render_node, ==, sample.nodes[0].by_path);
    g_assert_null(with_node->note);
}

/* what QEMU demands of a node grew in 10.1 */
static void test_import_modifiers(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_10_0, SCREEN_NONE, SAMPLE_NODES_HARDWARE);
    sample.platforms[0].dmabuf_import_modifiers = FALSE;
    g_assert_nonnull(display_render_node(&sample.facts, NULL, NULL));
    sample.qemu->minor = 1;
    g_autofree char *why = NULL;
    g_assert_null(display_render_node(&sample.facts, NULL, &why));
    g_assert_nonnull(strstr(why, "EGL_EXT_image_dma_buf_import_modifiers"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/render-node/choice", test_render_node);
    g_test_add_func("/render-node/no-device", test_no_device);
    g_test_add_func("/render-node/node-of-others", test_node_of_others);
    g_test_add_func("/render-node/import-modifiers", test_import_modifiers);
    return g_test_run();
}
