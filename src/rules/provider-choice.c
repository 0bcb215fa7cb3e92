/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/provider-choice.h"

#include "rules/gvt-platforms.h"
#include "rules/gvt-words.h"

#define VENDOR_INTEL 0x8086
#define VENDOR_NVIDIA 0x10de

const char *const provider_verdict_words[] = { "no", "unknown", "possible", NULL };

static const Field provider_choice_fields[] = {
    FIELD_TEXT_(ProviderChoice, provider, "vGPU technology"),
    FIELD_CHOICE_(ProviderChoice, verdict, provider_verdict_words, "whether it could serve"),
    FIELD_FLAG_(ProviderChoice, ready, "it could at once, without setting up the device"),
    FIELD_TEXT_(ProviderChoice, reason, "why, and what is missing"),
    FIELD_END,
};
const RecordType provider_choice_type = { "provider-choice", sizeof(ProviderChoice),
                                          provider_choice_fields };

static void decide(ProviderChoice *choice, ProviderVerdict verdict, gboolean ready,
                   const char *format, ...) G_GNUC_PRINTF(4, 5);

static void decide(ProviderChoice *choice, ProviderVerdict verdict, gboolean ready,
                   const char *format, ...)
{
    va_list args;
    va_start(args, format);
    choice->reason = g_strdup_vprintf(format, args);
    va_end(args);
    choice->verdict = (int)verdict;
    choice->ready = ready;
}

static gboolean has_driver(const Gpu *gpu, const char *driver)
{
    return g_strcmp0(gpu->driver, driver) == 0;
}

static const char *driver_name(const Gpu *gpu)
{
    return gpu->driver != NULL ? gpu->driver : "none";
}

static void decide_gvt(ProviderChoice *choice, const Gpu *gpu, const char *generation)
{
    const PciRegion *aperture = gpu_find_region(gpu, 2);
    if (!has_driver(gpu, "i915"))
        decide(choice, PROVIDER_POSSIBLE, FALSE, "%s has GVT-g; its driver must be i915 and is %s",
               generation, driver_name(gpu));
    else if (!gpu->mdev_parent)
        decide(choice, PROVIDER_POSSIBLE, FALSE,
               "%s has GVT-g, which is off: load i915 with enable_gvt=1 and then kvmgt",
               generation);
    else if (aperture != NULL && aperture->size_bytes < GVT_APERTURE_LEAST)
        decide(choice, PROVIDER_POSSIBLE, FALSE,
               "%s has GVT-g, but an aperture of %" G_GUINT64_FORMAT
               " MB has room for no type: raise the aperture size in the firmware",
               generation, aperture->size_bytes >> 20);
    else
        decide(choice, PROVIDER_UNKNOWN, FALSE, "GVT-g is on and offers no type");
}

/* Why no type of GVT-g can ever be made, though some are listed: the driver's counts overflow where
 * too little of the graphics memory stays hidden. Owned; NULL: they can, or it is not known. */
static char *overflow_words(const Gpu *gpu, const char *generation)
{
    const PciRegion *aperture = gpu_find_region(gpu, 2);
    guint gtt_mb = (guint)(gvt_gtt_bytes(gpu->gmch_control) >> 20);
    if (generation == NULL || !has_driver(gpu, "i915") || aperture == NULL || gtt_mb == 0)
        return NULL;
    GvtBudget budget = gvt_budget((guint)MIN(aperture->size_bytes >> 20, G_MAXINT), gtt_mb);
    return gvt_shortage(&budget, &gvt_sizes[0].need, -1);
}

static void decide_mdev(ProviderChoice *choice, const Gpu *gpu)
{
    const char *generation = gpu->vendor_id == VENDOR_INTEL ? gvt_generation(gpu->device_id) : NULL;
    if (gpu->mdev_types != NULL && gpu->mdev_types[0] != NULL) {
        g_autofree char *types = g_strjoinv(", ", gpu->mdev_types);
        g_autofree char *overflow = overflow_words(gpu, generation);
        if (overflow != NULL) {
            decide(choice, PROVIDER_POSSIBLE, FALSE, "i915 lists %s, but none can be made: %s",
                   types, overflow);
            return;
        }
        decide(choice, PROVIDER_POSSIBLE, TRUE, "%s offers %s", driver_name(gpu), types);
    } else if (generation != NULL) {
        decide_gvt(choice, gpu, generation);
    } else if (gpu->vendor_id == VENDOR_INTEL) {
        decide(choice, PROVIDER_NO, FALSE,
               "GVT-g is only in GPUs from Broadwell to Comet Lake, and this is none of them");
    } else if (gpu->vendor_id == VENDOR_NVIDIA && has_driver(gpu, "nvidia")) {
        decide(choice, PROVIDER_UNKNOWN, FALSE,
               "types appear when NVIDIA's vGPU Manager drives the device");
    } else {
        decide(choice, PROVIDER_NO, FALSE, "its driver (%s) offers no mediated devices",
               driver_name(gpu));
    }
}

static void decide_physical_function(ProviderChoice *choice, const Gpu *gpu)
{
    if (gpu->iommu_group == NULL)
        decide(choice, PROVIDER_POSSIBLE, FALSE,
               "%d virtual functions, but a VM can get one only with an IOMMU: switch it on in the "
               "firmware and the kernel",
               gpu->sriov_total);
    else if (gpu->sriov_enabled > 0)
        decide(choice, PROVIDER_POSSIBLE, TRUE, "%d of %d virtual functions are enabled",
               gpu->sriov_enabled, gpu->sriov_total);
    else
        decide(choice, PROVIDER_POSSIBLE, FALSE,
               "%d virtual functions, none enabled: write a number to sriov_numvfs",
               gpu->sriov_total);
}

static void decide_sriov(ProviderChoice *choice, const Gpu *gpu)
{
    if (gpu->physical_function != NULL)
        decide(choice, gpu->iommu_group != NULL ? PROVIDER_POSSIBLE : PROVIDER_NO,
               gpu->iommu_group != NULL && has_driver(gpu, "vfio-pci"),
               "it is a virtual function of %s%s", gpu->physical_function,
               gpu->iommu_group == NULL      ? ", and there is no IOMMU"
               : has_driver(gpu, "vfio-pci") ? ""
                                             : " and must be bound to vfio-pci");
    else if (gpu->sriov_total <= 0)
        decide(choice, PROVIDER_NO, FALSE, "the device has no virtual functions");
    else if (has_driver(gpu, "xe"))
        decide_physical_function(choice, gpu);
    else if (has_driver(gpu, "i915"))
        decide(choice, PROVIDER_UNKNOWN, FALSE,
               "%d virtual functions, which the kernel's own i915 does not enable (xe does on some "
               "devices, and i915-sriov-dkms)",
               gpu->sriov_total);
    else if (gpu->vendor_id == VENDOR_NVIDIA)
        decide(choice, PROVIDER_NO, FALSE,
               "its virtual functions only work below NVIDIA's vGPU Manager");
    else
        decide(choice, PROVIDER_UNKNOWN, FALSE,
               "%d virtual functions; whether %s can enable them is not known", gpu->sriov_total,
               driver_name(gpu));
}

static void decide_nvidia(ProviderChoice *choice, const Gpu *gpu)
{
    if (gpu->vendor_id != VENDOR_NVIDIA)
        decide(choice, PROVIDER_NO, FALSE, "this is no NVIDIA GPU");
    else if (!has_driver(gpu, "nvidia"))
        decide(choice, PROVIDER_NO, FALSE,
               "NVIDIA's licensed vGPU Manager must drive the device, not %s", driver_name(gpu));
    else
        decide(choice, PROVIDER_UNKNOWN, FALSE,
               "it can if this nvidia driver is the licensed vGPU Manager");
}

static void decide_virtio(ProviderChoice *choice, const Gpu *gpu)
{
    if (gpu->render_node != NULL)
        decide(choice, PROVIDER_POSSIBLE, TRUE, "renders for virtio-gpu guests on %s",
               gpu->render_node);
    else if (gpu->primary_node != NULL)
        decide(choice, PROVIDER_NO, FALSE,
               "no render node: a virtio-gpu guest gets its picture without this device");
    else
        decide(choice, PROVIDER_NO, FALSE, "no DRM driver has the device (driver: %s)",
               driver_name(gpu));
}

static const struct {
    const char *name;
    void (*decide)(ProviderChoice *choice, const Gpu *gpu);
} providers[] = {
    { "mdev", decide_mdev },
    { "sriov", decide_sriov },
    { "nvidia", decide_nvidia },
    { "virtio-gpu", decide_virtio },
};

GPtrArray *provider_choices(const Gpu *gpu)
{
    GPtrArray *choices = g_ptr_array_new();
    for (gsize i = 0; i < G_N_ELEMENTS(providers); i++) {
        ProviderChoice *choice = record_new(&provider_choice_type);
        choice->provider = g_strdup(providers[i].name);
        providers[i].decide(choice, gpu);
        g_ptr_array_add(choices, choice);
    }
    return choices;
}

void provider_choices_free(GPtrArray *choices)
{
    if (choices == NULL)
        return;
    for (guint i = 0; i < choices->len; i++)
        record_free(&provider_choice_type, choices->pdata[i]);
    g_ptr_array_free(choices, TRUE);
}
