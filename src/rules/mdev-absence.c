/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mdev-absence.h"

#include <stdarg.h>
#include <stdio.h>

#include "rules/gvt-budget.h"
#include "rules/gvt-platforms.h"
#include "rules/gvt-words.h"

#define VENDOR_INTEL 0x8086
#define VENDOR_NVIDIA 0x10de
#define APERTURE_REGION 2

#define INITRAMFS                                                                                  \
    "write the initramfs again (update-initramfs -u, dracut -f or mkinitcpio -P) and reboot"
#define SET_PARAMETER "put \"options i915 enable_gvt=1\" into /etc/modprobe.d/gvt.conf, " INITRAMFS

const char *const absence_cause_words[] = { "technology", "kernel-bug", "driver", "kernel",
                                            "parameter",  "guc",        "kvmgt",  "refused",
                                            "aperture",   NULL };

static const Field absence_fields[] = {
    FIELD_TEXT_(Absence, gpu, "address of the GPU"),
    FIELD_TEXT_(Absence, device, "its name"),
    FIELD_CHOICE_(Absence, cause, absence_cause_words, "the condition that does not hold"),
    FIELD_TEXT_(Absence, why, "why it offers no types"),
    FIELD_TEXT_(Absence, fix, "what to do; null when nothing helps"),
    FIELD_END,
};
const RecordType absence_type = { "absence", sizeof(Absence), absence_fields };

static void set_fix(Absence *absence, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void set_fix(Absence *absence, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    absence->fix = g_strdup_vprintf(format, args);
    va_end(args);
}

/* Returns TRUE, so that a judgement reads as one statement. */
static gboolean set_why(Absence *absence, AbsenceCause cause, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static gboolean set_why(Absence *absence, AbsenceCause cause, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    absence->why = g_strdup_vprintf(format, args);
    va_end(args);
    absence->cause = (int)cause;
    return TRUE;
}

/* As kernel/params.c:kstrtobool() reads a bool. */
static gboolean is_on(const char *value)
{
    return value != NULL && (*value == '1' || *value == 'y' || *value == 'Y' || *value == 't' ||
                             *value == 'T' || g_ascii_strncasecmp(value, "on", 2) == 0);
}

/* 5.19 as 519; 0: not known. */
static int kernel_version(const HostFacts *facts)
{
    int major = 0, minor = 0;
    if (facts->gvt->kernel_release == NULL ||
        sscanf(facts->gvt->kernel_release, "%3d.%3d", &major, &minor) != 2)
        return 0;
    return major * 100 + minor;
}

static gboolean judge_kernel_release(Absence *absence, const HostFacts *facts,
                                     const char *generation)
{
    static const struct {
        const char *generation;
        int from, before; /* versions that do not work */
        const char *why, *fix;
    } bad[] = {
        { "Coffee Lake", 1, 501, "Linux before 5.1 has no GVT-g for Coffee Lake",
          "boot Linux 5.1 or newer" },
        { "Comet Lake", 519, 600,
          "GVT-g of Linux 5.19 fails on Comet Lake (\"non-tracked mmio 4ab8\")",
          "boot Linux 6.0 or newer, which has the fix \"i915/gvt: Fix Comet Lake\"" },
    };
    int version = kernel_version(facts);
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        if (!g_str_equal(bad[i].generation, generation) || version < bad[i].from ||
            version >= bad[i].before)
            continue;
        set_fix(absence, "%s", bad[i].fix);
        return set_why(absence, ABSENT_KERNEL_BUG, "%s, and this is %s", bad[i].why,
                       facts->gvt->kernel_release);
    }
    return FALSE;
}

static gboolean judge_driver(Absence *absence, const Gpu *gpu, const char *generation)
{
    const char *driver = gpu->driver != NULL ? gpu->driver : "none";
    if (g_str_equal(driver, "i915"))
        return FALSE;
    if (g_str_equal(driver, "xe"))
        set_fix(absence, "boot with xe.force_probe=!%04x i915.force_probe=%04x", gpu->device_id,
                gpu->device_id);
    else if (g_str_equal(driver, "vfio-pci"))
        set_fix(absence, "take %04x:%04x out of vfio-pci.ids and reboot", gpu->vendor_id,
                gpu->device_id);
    else
        set_fix(absence, "load i915 (modprobe i915)");
    return set_why(absence, ABSENT_DRIVER, "%s has GVT-g in i915, and the GPU's driver is %s",
                   generation, driver);
}

static gboolean judge_kernel(Absence *absence, const GvtFacts *gvt)
{
    const KernelModule *i915 = gvt_find_module(gvt, "i915");
    if (gvt->enable_gvt == NULL || gvt->enable_gvt->exists || i915 == NULL || !i915->loaded)
        return FALSE;
    set_fix(absence, "boot a kernel that was built with CONFIG_DRM_I915_GVT_KVMGT (Debian's is)");
    return set_why(absence, ABSENT_KERNEL, "the kernel %s was built without GVT-g",
                   gvt->kernel_release != NULL ? gvt->kernel_release : "");
}

static gboolean judge_parameter(Absence *absence, const GvtFacts *gvt)
{
    const ModuleParameter *parameter = gvt->enable_gvt;
    if (parameter == NULL || !parameter->exists || is_on(parameter->value))
        return FALSE;
    gboolean configured = is_on(parameter->configured);
    if (parameter->value == NULL && configured)
        return FALSE; /* as far as this user can see */
    set_fix(absence, "%s", configured ? INITRAMFS : SET_PARAMETER);
    if (parameter->value == NULL)
        return set_why(absence, ABSENT_PARAMETER,
                       "nothing sets i915.enable_gvt=1, neither the kernel command line nor "
                       "modprobe.d (only root can read what it is)");
    if (configured)
        return set_why(absence, ABSENT_PARAMETER,
                       "i915.enable_gvt is %s though %s sets it: i915 was loaded otherwise, most "
                       "often by an initramfs that is older",
                       parameter->value, parameter->configured_in);
    return set_why(absence, ABSENT_PARAMETER, "i915 was loaded with enable_gvt=%s",
                   parameter->value);
}

/* From Linux 6.1 the GuC is not used on these platforms (__guc_submission_supported()). */
static gboolean judge_guc(Absence *absence, const HostFacts *facts)
{
    const ModuleParameter *guc = facts->gvt->enable_guc;
    gint64 mode = guc != NULL && guc->value != NULL ? g_ascii_strtoll(guc->value, NULL, 10) : 0;
    int version = kernel_version(facts);
    if (mode <= 0 || (mode & 1) == 0 || version == 0 || version >= 601)
        return FALSE;
    set_fix(absence, "set i915.enable_guc=0 and reboot");
    return set_why(absence, ABSENT_GUC,
                   "i915.enable_guc=%s has i915 submit through the GuC, which GVT-g cannot",
                   guc->value);
}

static gboolean judge_kvmgt(Absence *absence, const GvtFacts *gvt)
{
    const KernelModule *kvmgt = gvt_find_module(gvt, "kvmgt");
    if (kvmgt == NULL || kvmgt->loaded)
        return FALSE;
    if (kvmgt->available || !gvt->modules_known)
        set_fix(absence, "modprobe kvmgt, and \"kvmgt\" in /etc/modules-load.d/kvmgt.conf loads it "
                         "at each boot");
    else
        set_fix(absence, "install the kernel's extra modules, or a kernel with "
                         "CONFIG_DRM_I915_GVT_KVMGT");
    return set_why(absence, ABSENT_KVMGT, "%s",
                   kvmgt->available || !gvt->modules_known
                       ? "the module kvmgt is not loaded, and nothing loads it by itself"
                       : "this kernel has no module kvmgt");
}

/* The directory is there and empty: the type that needs least does not fit. */
static gboolean judge_aperture(Absence *absence, const Gpu *gpu)
{
    const PciRegion *region = gpu_find_region(gpu, APERTURE_REGION);
    if (!gpu->mdev_parent || region == NULL || region->size_bytes >= GVT_APERTURE_LEAST)
        return FALSE;
    GvtBudget budget = gvt_budget((guint)(region->size_bytes >> 20), 8);
    g_autofree char *better = gvt_better_setting(&budget, &gvt_sizes[0].need);
    set_fix(absence, "set %s", better);
    return set_why(absence, ABSENT_APERTURE,
                   "an aperture of %u MB has %u MB for vGPUs, and the smallest takes %u MB",
                   budget.aperture_mb, gvt_budget_low_mb(&budget), gvt_sizes[0].need.low_mb);
}

static void judge_gvt(Absence *absence, const HostFacts *facts, const Gpu *gpu,
                      const char *generation)
{
    if (judge_kernel_release(absence, facts, generation) ||
        judge_driver(absence, gpu, generation) || judge_aperture(absence, gpu) ||
        judge_kernel(absence, facts->gvt) || judge_parameter(absence, facts->gvt) ||
        judge_guc(absence, facts) || judge_kvmgt(absence, facts->gvt))
        return;
    set_fix(absence, "see what it said: journalctl -k -g 'gvt|mdev', or dmesg");
    set_why(absence, ABSENT_REFUSED, "all that GVT-g needs is set, but i915 registered no types");
}

static void judge_nvidia(Absence *absence, const Gpu *gpu)
{
    gboolean theirs = g_strcmp0(gpu->driver, "nvidia") == 0;
    set_fix(absence, "%s",
            theirs ? "see whether it is the licensed vGPU Manager (nvidia-smi vgpu), and whether "
                     "its virtual functions have nvidia/creatable_vgpu_types"
                   : "install NVIDIA's licensed vGPU Manager");
    if (theirs)
        set_why(absence, ABSENT_TECHNOLOGY,
                "nvidia offers types only as the licensed vGPU Manager, and from Linux 6.8 as "
                "virtual functions instead of mediated devices");
    else
        set_why(absence, ABSENT_TECHNOLOGY,
                "NVIDIA's vGPUs need NVIDIA's driver, and its driver is %s",
                gpu->driver != NULL ? gpu->driver : "none");
}

static Absence *judge(const HostFacts *facts, const Gpu *gpu)
{
    Absence *absence = record_new(&absence_type);
    absence->gpu = g_strdup(gpu->bdf);
    absence->device = g_strdup(gpu->device_name);
    const char *generation = gpu->vendor_id == VENDOR_INTEL ? gvt_generation(gpu->device_id) : NULL;
    if (generation != NULL)
        judge_gvt(absence, facts, gpu, generation);
    else if (gpu->vendor_id == VENDOR_INTEL)
        set_why(absence, ABSENT_TECHNOLOGY,
                "GVT-g is only in GPUs from Broadwell to Comet Lake, and this is none of them");
    else if (gpu->vendor_id == VENDOR_NVIDIA)
        judge_nvidia(absence, gpu);
    else
        set_why(absence, ABSENT_TECHNOLOGY, "its driver (%s) offers no mediated devices",
                gpu->driver != NULL ? gpu->driver : "none");
    return absence;
}

static void absence_free(gpointer absence)
{
    record_free(&absence_type, absence);
}

GPtrArray *absences_of(const HostFacts *facts)
{
    GPtrArray *absences = g_ptr_array_new_with_free_func(absence_free);
    for (guint i = 0; facts->gpus != NULL && i < facts->gpus->len; i++) {
        const Gpu *gpu = facts->gpus->pdata[i];
        const MdevParent *parent = mdev_find_parent(facts->mdev, gpu->bdf);
        if (parent == NULL || parent->types == NULL || parent->types->len == 0)
            g_ptr_array_add(absences, judge(facts, gpu));
    }
    return absences;
}
