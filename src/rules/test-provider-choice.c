/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/provider-choice.h"

static char *no_types[] = { NULL };

/* A GPU of which nothing is known but its device and driver. */
static Gpu plain(int vendor, int device, const char *driver)
{
    return (Gpu){
        .bdf = (char *)"0000:00:02.0",
        .vendor_id = vendor,
        .device_id = device,
        .driver = (char *)driver,
        .mdev_types = no_types,
        .sriov_total = -1,
        .sriov_enabled = -1,
    };
}

static void check(const Gpu *gpu, const char *provider, ProviderVerdict verdict, gboolean ready,
                  const char *reason)
{
    GPtrArray *choices = provider_choices(gpu);
    gboolean found = FALSE;
    for (guint i = 0; i < choices->len; i++) {
        const ProviderChoice *choice = choices->pdata[i];
        if (!g_str_equal(choice->provider, provider))
            continue;
        found = TRUE;
        g_assert_cmpstr(choice->reason, ==, reason);
        g_assert_cmpint(choice->verdict, ==, verdict);
        g_assert_cmpint(choice->ready, ==, ready);
    }
    g_assert_true(found);
    provider_choices_free(choices);
}

/* the way of the notes, from a fresh machine to a type that can be made */
static void test_gvt(void)
{
    Gpu gpu = plain(0x8086, 0x3e98, NULL);
    check(&gpu, "mdev", PROVIDER_POSSIBLE, FALSE,
          "Coffee Lake has GVT-g; its driver must be i915 and is none");
    gpu.driver = (char *)"i915";
    check(&gpu, "mdev", PROVIDER_POSSIBLE, FALSE,
          "Coffee Lake has GVT-g, which is off: load i915 with enable_gvt=1 and then kvmgt");

    PciRegion aperture = { .index = 2, .size_bytes = 128 << 20 };
    gpu.regions = g_ptr_array_new();
    g_ptr_array_add(gpu.regions, &aperture);
    gpu.mdev_parent = TRUE;
    check(&gpu, "mdev", PROVIDER_POSSIBLE, FALSE,
          "Coffee Lake has GVT-g, but an aperture of 128 MB has room for no type: raise the "
          "aperture size in the firmware");
    aperture.size_bytes = 256 << 20;
    check(&gpu, "mdev", PROVIDER_UNKNOWN, FALSE, "GVT-g is on and offers no type");
    gpu.mdev_types = (char *[]){ (char *)"i915-GVTg_V5_4", (char *)"i915-GVTg_V5_8", NULL };
    check(&gpu, "mdev", PROVIDER_POSSIBLE, TRUE, "i915 offers i915-GVTg_V5_4, i915-GVTg_V5_8");
    gpu.gmch_control = 0x1c1; /* a GTT of 8 MB */
    check(&gpu, "mdev", PROVIDER_POSSIBLE, TRUE, "i915 offers i915-GVTg_V5_4, i915-GVTg_V5_8");
    aperture.size_bytes = G_GUINT64_CONSTANT(4096) << 20;
    check(
        &gpu, "mdev", PROVIDER_POSSIBLE, FALSE,
        "i915 lists i915-GVTg_V5_4, i915-GVTg_V5_8, but none can be made: a GTT of 8 MB maps 4096 "
        "MB of graphics memory; behind the aperture of 4096 MB that is 0 MB for vGPUs, and one "
        "takes 384 MB; set Aperture size 1024 MB, GTT 8 MB in the firmware");
    g_ptr_array_free(gpu.regions, TRUE);
}

static void test_mdev_of_others(void)
{
    const Gpu tiger_lake = plain(0x8086, 0x9a49, "i915");
    check(&tiger_lake, "mdev", PROVIDER_NO, FALSE,
          "GVT-g is only in GPUs from Broadwell to Comet Lake, and this is none of them");
    const Gpu nvidia = plain(0x10de, 0x2235, "nvidia");
    check(&nvidia, "mdev", PROVIDER_UNKNOWN, FALSE,
          "types appear when NVIDIA's vGPU Manager drives the device");
    const Gpu amd = plain(0x1002, 0x73bf, "amdgpu");
    check(&amd, "mdev", PROVIDER_NO, FALSE, "its driver (amdgpu) offers no mediated devices");
    /* the id alone does not make it Intel's */
    const Gpu stranger = plain(0x1002, 0x3e98, "i915");
    check(&stranger, "mdev", PROVIDER_NO, FALSE, "its driver (i915) offers no mediated devices");
}

static void test_sriov(void)
{
    Gpu gpu = plain(0x8086, 0xe20b, "xe");
    check(&gpu, "sriov", PROVIDER_NO, FALSE, "the device has no virtual functions");
    gpu.sriov_total = 0;
    check(&gpu, "sriov", PROVIDER_NO, FALSE, "the device has no virtual functions");
    gpu.sriov_total = 24;
    check(&gpu, "sriov", PROVIDER_POSSIBLE, FALSE,
          "24 virtual functions, but a VM can get one only with an IOMMU: switch it on in the "
          "firmware and the kernel");
    gpu.iommu_group = (char *)"7";
    check(&gpu, "sriov", PROVIDER_POSSIBLE, FALSE,
          "24 virtual functions, none enabled: write a number to sriov_numvfs");
    gpu.sriov_enabled = 4;
    check(&gpu, "sriov", PROVIDER_POSSIBLE, TRUE, "4 of 24 virtual functions are enabled");
    gpu.driver = (char *)"i915";
    check(&gpu, "sriov", PROVIDER_UNKNOWN, FALSE,
          "24 virtual functions, which the kernel's own i915 does not enable (xe does on some "
          "devices, and i915-sriov-dkms)");
    gpu.vendor_id = 0x10de;
    gpu.driver = (char *)"nvidia";
    check(&gpu, "sriov", PROVIDER_NO, FALSE,
          "its virtual functions only work below NVIDIA's vGPU Manager");
}

static void test_virtual_function(void)
{
    Gpu gpu = plain(0x8086, 0xe20b, "xe");
    gpu.physical_function = (char *)"0000:03:00.0";
    check(&gpu, "sriov", PROVIDER_NO, FALSE,
          "it is a virtual function of 0000:03:00.0, and there is no IOMMU");
    gpu.iommu_group = (char *)"7";
    check(&gpu, "sriov", PROVIDER_POSSIBLE, FALSE,
          "it is a virtual function of 0000:03:00.0 and must be bound to vfio-pci");
    gpu.driver = (char *)"vfio-pci";
    check(&gpu, "sriov", PROVIDER_POSSIBLE, TRUE, "it is a virtual function of 0000:03:00.0");
}

static void test_nvidia(void)
{
    Gpu gpu = plain(0x10de, 0x2235, "nouveau");
    check(&gpu, "nvidia", PROVIDER_NO, FALSE,
          "NVIDIA's licensed vGPU Manager must drive the device, not nouveau");
    gpu.driver = (char *)"nvidia";
    check(&gpu, "nvidia", PROVIDER_UNKNOWN, FALSE,
          "it can if this nvidia driver is the licensed vGPU Manager");
    gpu.vendor_id = 0x8086;
    check(&gpu, "nvidia", PROVIDER_NO, FALSE, "this is no NVIDIA GPU");
}

static void test_virtio(void)
{
    Gpu gpu = plain(0x1234, 0x1111, "bochs-drm");
    check(&gpu, "virtio-gpu", PROVIDER_NO, FALSE,
          "no DRM driver has the device (driver: bochs-drm)");
    gpu.primary_node = (char *)"/dev/dri/card0";
    check(&gpu, "virtio-gpu", PROVIDER_NO, FALSE,
          "no render node: a virtio-gpu guest gets its picture without this device");
    gpu.render_node = (char *)"/dev/dri/renderD128";
    check(&gpu, "virtio-gpu", PROVIDER_POSSIBLE, TRUE,
          "renders for virtio-gpu guests on /dev/dri/renderD128");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/provider-choice/gvt", test_gvt);
    g_test_add_func("/provider-choice/mdev-of-others", test_mdev_of_others);
    g_test_add_func("/provider-choice/sriov", test_sriov);
    g_test_add_func("/provider-choice/virtual-function", test_virtual_function);
    g_test_add_func("/provider-choice/nvidia", test_nvidia);
    g_test_add_func("/provider-choice/virtio", test_virtio);
    return g_test_run();
}
