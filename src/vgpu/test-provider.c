/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/provider.h"

#include <string.h>

#include "base/error.h"
#include "rules/display-matrix.h"
#include "tests/lib/sample-facts.h"

typedef struct {
    int qemu;
    int screen, nodes;
    const char *type, *parent; /* the wish */
    int display;
    const char *chosen; /* type; NULL: refused */
    const char *on;     /* parent of the chosen one */
    const char *text;   /* part of the reason or refusal */
} Case;

enum { Q7 = SAMPLE_QEMU_7_2, Q9 = SAMPLE_QEMU_9_0, Q10 = SAMPLE_QEMU_10_0, Q11 = SAMPLE_QEMU_11 };
enum {
    HW = SAMPLE_NODES_HARDWARE,
    NO = SAMPLE_NODES_NONE,
    VGEM = SAMPLE_NODES_VGEM,
    TWO = SAMPLE_NODES_TWO,
    ND = SAMPLE_NODES_NO_DEVICE
};
enum { X = SCREEN_X11, FX = SCREEN_X11_FORWARDED, NS = SCREEN_NONE };

/* clang-format off */
static const Case cases[] = {
    /* the best that host and QEMU have */
    { Q11, NS, HW, "auto", NULL, DISPLAY_AUTO, "venus", SAMPLE_GPU, "UHD Graphics 630" },
    { Q10, NS, HW, NULL, NULL, DISPLAY_AUTO, "venus", SAMPLE_GPU, "" },
    { Q9, NS, HW, NULL, NULL, DISPLAY_AUTO, "virgl", SAMPLE_GPU, "not venus, because" },
    { Q7, NS, HW, NULL, NULL, DISPLAY_AUTO, "virgl", SAMPLE_GPU, "cannot do Vulkan" },
    { Q7, NS, NO, NULL, NULL, DISPLAY_AUTO, "2d", NULL, "not virgl, because OpenGL without a window" },
    { Q7, X, HW, NULL, NULL, DISPLAY_GTK, "virgl", SAMPLE_GPU, "" },
    { Q7, X, TWO, NULL, NULL, DISPLAY_GTK, "virgl", NULL, "" }, /* whose screen is not known */
    /* software OpenGL only by name */
    { Q7, X, NO, NULL, NULL, DISPLAY_AUTO, "2d", NULL, "--vgpu virgl takes it all the same" },
    { Q7, X, NO, "virgl", NULL, DISPLAY_AUTO, "virgl", NULL, "llvmpipe" },
    { Q7, FX, NO, "virgl", NULL, DISPLAY_SDL, "virgl", NULL, "llvmpipe" },
    { Q7, NS, VGEM, NULL, NULL, DISPLAY_AUTO, "2d", NULL, "computed on the processor" },
    { Q7, NS, VGEM, "virgl", NULL, DISPLAY_VNC, "virgl", NULL, "llvmpipe" },
    { Q7, NS, ND, NULL, NULL, DISPLAY_AUTO, "2d", NULL, "--vgpu virgl takes it all the same" },
    { Q7, NS, ND, "virgl", NULL, DISPLAY_AUTO, "virgl", NULL, "llvmpipe" },
    { Q7, NS, ND, "virgl", NULL, DISPLAY_SPICE, "virgl", NULL, "llvmpipe" },
    { Q11, NS, ND, "virgl", NULL, DISPLAY_VNC, NULL, NULL, "dma_buf_import_modifiers, which this QEMU" },
    /* the GPU that was asked for */
    { Q7, NS, TWO, NULL, SAMPLE_GPU_2, DISPLAY_AUTO, "virgl", SAMPLE_GPU_2, "" },
    { Q7, NS, TWO, "virgl", SAMPLE_GPU, DISPLAY_VNC, "virgl", SAMPLE_GPU, "" },
    { Q7, X, HW, NULL, SAMPLE_GPU, DISPLAY_GTK, "virgl", SAMPLE_GPU, "" },
    { Q7, X, TWO, NULL, SAMPLE_GPU_2, DISPLAY_GTK, NULL, NULL, "--display vnc draws there" },
    { Q7, NS, HW, NULL, "0000:09:00.0", DISPLAY_AUTO, NULL, NULL, "without --parent, --vgpu 2d works here" },
    { Q10, NS, VGEM, NULL, "0000:09:00.0", DISPLAY_AUTO, NULL, NULL, "without --parent, --vgpu 2d works here" },
    { Q7, NS, HW, "2d", SAMPLE_GPU, DISPLAY_AUTO, NULL, NULL, "serves no such vGPU" },
    /* wishes that cannot be granted say what is missing and what works */
    { Q7, NS, HW, "venus", NULL, DISPLAY_AUTO, NULL, NULL, "--vgpu virgl works here" },
    { Q7, NS, NO, "virgl", NULL, DISPLAY_VNC, NULL, NULL, "--vgpu 2d works here" },
    { Q7, NS, HW, "virlg", NULL, DISPLAY_AUTO, NULL, NULL, "did you mean 'virgl'?" },
    { Q7, NS, HW, "2d", NULL, DISPLAY_AUTO, "2d", NULL, "needs no GPU" },
};
/* clang-format on */

static void test_cases(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_auto(Sample) sample;
        sample_init(&sample, (SampleQemu)c->qemu, c->screen, (SampleNodes)c->nodes);
        VgpuWish wish = { .type = c->type,
                          .parent = c->parent,
                          .display = c->display,
                          .width = 1280,
                          .height = 800 };
        g_autoptr(GError) error = NULL;
        g_autoptr(VgpuDevice) device = vgpu_choose(&sample.facts, &wish, &error);
        g_test_message("%zu: %s: %s", i, device != NULL ? device->type : "refused",
                       device != NULL ? device->reason : error->message);
        g_assert_cmpstr(device != NULL ? device->type : NULL, ==, c->chosen);
        g_assert_nonnull(strstr(device != NULL ? device->reason : error->message, c->text));
        if (device == NULL)
            continue;
        g_assert_cmpstr(device->provider, ==, "virtio-gpu");
        g_assert_cmpstr(device->parent, ==, c->on);
        g_assert_cmpint(device->width, ==, 1280);
        g_assert_true((device->hostmem_bytes > 0) == g_str_equal(device->type, "venus"));
    }
}

/* what is chosen can be shown by the display it was chosen for, in every case */
static void test_shown(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        const Case *c = &cases[i];
        g_auto(Sample) sample;
        sample_init(&sample, (SampleQemu)c->qemu, c->screen, (SampleNodes)c->nodes);
        VgpuWish wish = { .type = c->type, .parent = c->parent, .display = c->display };
        g_autoptr(VgpuDevice) device = vgpu_choose(&sample.facts, &wish, NULL);
        if (device == NULL)
            continue;
        DisplayQuestion question = { .display = c->display,
                                     .vgpu = device,
                                     .facts = &sample.facts };
        g_autoptr(DisplayAnswer) answer = display_matrix_ask(&question);
        g_assert_true(answer->works);
    }
}

static void test_errors(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_NONE);
    g_autoptr(GError) unknown = NULL;
    g_autoptr(GError) refused = NULL;
    g_assert_null(vgpu_choose(&sample.facts, &(VgpuWish){ .type = "zebra" }, &unknown));
    g_assert_error(unknown, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    g_assert_null(vgpu_choose(&sample.facts, &(VgpuWish){ .type = "virgl" }, &refused));
    g_assert_error(refused, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_null(strchr(refused->message, '\n'));
}

/* a QEMU without the devices has no vGPU at all */
static void test_no_devices(void)
{
    g_auto(Sample) sample;
    sample_init(&sample, SAMPLE_QEMU_7_2, SCREEN_NONE, SAMPLE_NODES_HARDWARE);
    g_strfreev(sample.qemu->devices);
    sample.qemu->devices = g_strsplit("VGA", ",", -1);
    g_autoptr(GError) error = NULL;
    g_assert_null(vgpu_choose(&sample.facts, &(VgpuWish){ .type = "auto" }, &error));
    g_assert_nonnull(strstr(error->message, "without a vGPU: --vgpu none"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/provider/cases", test_cases);
    g_test_add_func("/provider/shown", test_shown);
    g_test_add_func("/provider/errors", test_errors);
    g_test_add_func("/provider/no-devices", test_no_devices);
    return g_test_run();
}
