/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mdev-absence.h"

#include <string.h>
#include <unistd.h>

#include "tests/lib/fake-root.h"

#define GPU "/sys/devices/pci0000:00/0000:00:02.0"
#define PARAMETER "/sys/module/i915/parameters/enable_gvt"

static HostFacts *read_facts(const Root *root)
{
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV | FACTS_GVT };
    g_autoptr(GError) error = NULL;
    HostFacts *facts = host_facts_read(root, NULL, &request, &error);
    g_assert_no_error(error);
    return facts;
}

/* The first GPU's cause, and that the texts hold what they must. */
static void check(const HostFacts *facts, AbsenceCause cause, const char *why, const char *fix)
{
    g_autoptr(GPtrArray) absences = absences_of(facts);
    g_assert_cmpuint(absences->len, >=, 1);
    const Absence *absence = absences->pdata[0];
    g_test_message("%s: %s; %s", absence_cause_words[absence->cause], absence->why, absence->fix);
    g_assert_cmpstr(absence_cause_words[absence->cause], ==, absence_cause_words[cause]);
    g_assert_nonnull(strstr(absence->why, why));
    if (fix == NULL)
        g_assert_null(absence->fix);
    else
        g_assert_nonnull(strstr(absence->fix, fix));
}

static void check_root(const FakeRoot *fake, AbsenceCause cause, const char *why, const char *fix)
{
    g_autoptr(HostFacts) facts = read_facts(fake->root);
    check(facts, cause, why, fix);
}

static void drop(const FakeRoot *fake, const char *path)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    struct stat info;
    g_assert_cmpint(lstat(full, &info), ==, 0);
    g_assert_true(S_ISDIR(info.st_mode) ? file_remove_tree(full, NULL) : unlink(full) == 0);
}

/* A machine with all set but for the types. */
static FakeRoot nearly(void)
{
    FakeRoot fake = fake_root_new("gvt-g-live");
    drop(&fake, GPU "/mdev_supported_types");
    drop(&fake, "/sys/class/mdev_bus/0000:00:02.0");
    return fake;
}

static void test_present(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    g_autoptr(GPtrArray) absences = absences_of(facts);
    g_assert_cmpuint(absences->len, ==, 0);
}

/* Each condition in its order: what comes before it hides it. */
static void test_order(void)
{
    g_auto(FakeRoot) fake = nearly();
    check_root(&fake, ABSENT_REFUSED, "registered no types", "journalctl");
    drop(&fake, "/sys/module/kvmgt");
    check_root(&fake, ABSENT_KVMGT, "not loaded", "modprobe kvmgt");
    fake_root_put(&fake, "/lib/modules/6.1.0-56-amd64/modules.dep", "kernel/other.ko:\n");
    check_root(&fake, ABSENT_KVMGT, "no module kvmgt", "extra modules");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "5.10.0-1-amd64\n");
    fake_root_put(&fake, "/sys/module/i915/parameters/enable_guc", "3\n");
    check_root(&fake, ABSENT_GUC, "enable_guc=3", "enable_guc=0");
    fake_root_put(&fake, PARAMETER, "N\n");
    check_root(&fake, ABSENT_PARAMETER, "/etc/modprobe.d/gvt.conf sets it", "update-initramfs");
    drop(&fake, "/etc/modprobe.d/gvt.conf");
    check_root(&fake, ABSENT_PARAMETER, "enable_gvt=N", "options i915 enable_gvt=1");
    drop(&fake, PARAMETER);
    check_root(&fake, ABSENT_KERNEL, "built without GVT-g", "CONFIG_DRM_I915_GVT_KVMGT");
    drop(&fake, GPU "/driver");
    check_root(&fake, ABSENT_DRIVER, "driver is none", "modprobe i915");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "4.19.0-1-amd64\n");
    check_root(&fake, ABSENT_KERNEL_BUG, "before 5.1", "5.1 or newer");
    fake_root_put(&fake, GPU "/device", "0x3184\n"); /* Gemini Lake */
    check_root(&fake, ABSENT_TECHNOLOGY, "none of them", NULL);
}

static void test_aperture(void)
{
    g_auto(FakeRoot) fake = nearly();
    fake_root_put(&fake, GPU "/mdev_supported_types/empty", "");
    drop(&fake, GPU "/mdev_supported_types/empty");
    fake_root_put(&fake, GPU "/resource",
                  "0x0000000061000000 0x0000000061ffffff 0x0000000000140204\n"
                  "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                  "0x0000000040000000 0x0000000047ffffff 0x000000000014220c\n");
    check_root(&fake, ABSENT_APERTURE, "an aperture of 128 MB has 0 MB",
               "Aperture size 1024 MB, GTT 8 MB");
}

/* GuC submission does not matter from Linux 6.1 on, nor is a mode without it one. */
static void test_guc_unimportant(void)
{
    g_auto(FakeRoot) fake = nearly();
    fake_root_put(&fake, "/sys/module/i915/parameters/enable_guc", "3\n");
    check_root(&fake, ABSENT_REFUSED, "", "");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "5.10.0\n");
    fake_root_put(&fake, "/sys/module/i915/parameters/enable_guc", "2\n");
    check_root(&fake, ABSENT_REFUSED, "", "");
    fake_root_put(&fake, "/sys/module/i915/parameters/enable_guc", "-1\n");
    check_root(&fake, ABSENT_REFUSED, "", "");
}

/* What a user who cannot read the parameter sees. */
static void test_unreadable_parameter(void)
{
    g_auto(FakeRoot) fake = nearly();
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    g_clear_pointer(&facts->gvt->enable_gvt->value, g_free);
    check(facts, ABSENT_REFUSED, "", "");
    g_clear_pointer(&facts->gvt->enable_gvt->configured, g_free);
    check(facts, ABSENT_PARAMETER, "only root can read", "options i915 enable_gvt=1");
}

static void test_drivers(void)
{
    g_auto(FakeRoot) fake = nearly();
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    Gpu *gpu = facts->gpus->pdata[0];
    g_free(gpu->driver);
    gpu->driver = g_strdup("xe");
    check(facts, ABSENT_DRIVER, "is xe", "xe.force_probe=!3e98 i915.force_probe=3e98");
    g_free(gpu->driver);
    gpu->driver = g_strdup("vfio-pci");
    check(facts, ABSENT_DRIVER, "is vfio-pci", "take 8086:3e98 out of vfio-pci.ids");
    gpu->device_id = 0x9bc5;
    g_free(facts->gvt->kernel_release);
    facts->gvt->kernel_release = g_strdup("5.19.0-1-amd64");
    check(facts, ABSENT_KERNEL_BUG, "Comet Lake", "6.0");
}

static void test_others(void)
{
    g_auto(FakeRoot) nvidia = fake_root_new("nvidia"), amd = fake_root_new("amd");
    check_root(&nvidia, ABSENT_TECHNOLOGY, "licensed vGPU Manager", "nvidia-smi vgpu");
    g_autoptr(HostFacts) without = read_facts(nvidia.root);
    Gpu *gpu = without->gpus->pdata[0];
    g_clear_pointer(&gpu->driver, g_free);
    check(without, ABSENT_TECHNOLOGY, "its driver is none", "install NVIDIA's");
    check_root(&amd, ABSENT_TECHNOLOGY, "amdgpu", NULL);
    g_auto(FakeRoot) none = fake_root_new("none");
    g_autoptr(HostFacts) facts = read_facts(none.root);
    g_autoptr(GPtrArray) absences = absences_of(facts);
    g_assert_cmpuint(absences->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mdev-absence/present", test_present);
    g_test_add_func("/mdev-absence/order", test_order);
    g_test_add_func("/mdev-absence/aperture", test_aperture);
    g_test_add_func("/mdev-absence/guc-unimportant", test_guc_unimportant);
    g_test_add_func("/mdev-absence/unreadable-parameter", test_unreadable_parameter);
    g_test_add_func("/mdev-absence/drivers", test_drivers);
    g_test_add_func("/mdev-absence/others", test_others);
    return g_test_run();
}
