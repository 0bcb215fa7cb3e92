/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The texts of whole machines are in tests/golden/gpus; here is what they do not show. */
#include "cmd/gpu-text.h"

#include <string.h>

#include "base/error.h"

static void test_find(void)
{
    Gpu first = { .bdf = (char *)"0000:00:02.0" }, second = { .bdf = (char *)"0001:00:02.0" };
    g_autoptr(GPtrArray) gpus = g_ptr_array_new();
    g_ptr_array_add(gpus, &first);
    g_ptr_array_add(gpus, &second);
    g_assert_true(gpus_find(gpus, "00:02.0", NULL) == &first);
    g_assert_true(gpus_find(gpus, "0000:00:02.0", NULL) == &first);
    g_assert_true(gpus_find(gpus, "0001:00:02.0", NULL) == &second);

    g_autoptr(GError) error = NULL;
    g_assert_null(gpus_find(gpus, "", &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

/* facts that somebody wrote by hand: nothing but the address */
static void test_bare(void)
{
    const Gpu gpu = { .bdf = (char *)"0000:00:02.0", .command = -1, .status = -1, .numa_node = -1 };
    g_autofree char *text = gpu_text(&gpu);
    g_assert_nonnull(strstr(text, "\tPrimary node: none\n"));
    g_assert_nonnull(strstr(text, "\tPCIe link: none\n"));

    DrmConnector connector = { .name = (char *)"DP-1" };
    Gpu connected = gpu;
    connected.connectors = g_ptr_array_new();
    g_ptr_array_add(connected.connectors, &connector);
    g_autofree char *unknown = gpu_text(&connected);
    g_assert_nonnull(strstr(unknown, "\tConnector DP-1: unknown\n"));
    g_ptr_array_free(connected.connectors, TRUE);
}

static void test_virtual_function(void)
{
    const Gpu gpu = { .bdf = (char *)"0000:03:00.1",
                      .sriov_total = -1,
                      .physical_function = (char *)"0000:03:00.0" };
    g_autofree char *text = gpu_text(&gpu);
    g_assert_nonnull(strstr(text, "\tVirtual function of: 0000:03:00.0\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gpu-text/find", test_find);
    g_test_add_func("/gpu-text/bare", test_bare);
    g_test_add_func("/gpu-text/virtual-function", test_virtual_function);
    return g_test_run();
}
