/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-gvt.h"

#include <unistd.h>

#include "tests/lib/fake-root.h"

static void free_facts(GvtFacts *facts)
{
    record_free(&gvt_facts_type, facts);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(GvtFacts, free_facts)

static void check_module(const GvtFacts *facts, const char *name, gboolean loaded,
                         gboolean available)
{
    const KernelModule *module = gvt_find_module(facts, name);
    g_assert_nonnull(module);
    g_assert_cmpint(module->loaded, ==, loaded);
    g_assert_cmpint(module->available, ==, available);
}

static void test_switched_on(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake.root);
    g_assert_cmpstr(facts->kernel_release, ==, "6.1.0-56-amd64");
    g_assert_true(facts->modules_known);
    g_assert_true(facts->driver_registered);
    check_module(facts, "kvmgt", TRUE, TRUE);
    check_module(facts, "kvm_intel", TRUE, TRUE);
    g_assert_null(gvt_find_module(facts, "nvidia"));
    g_assert_true(facts->enable_gvt->exists);
    g_assert_cmpstr(facts->enable_gvt->value, ==, "Y");
    g_assert_cmpstr(facts->enable_gvt->configured, ==, "1");
    g_assert_cmpstr(facts->enable_gvt->configured_in, ==, "/etc/modprobe.d/gvt.conf");
    g_assert_null(facts->enable_guc->configured);
}

static void test_nothing(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake.root);
    g_assert_false(facts->modules_known);
    g_assert_false(facts->driver_registered);
    check_module(facts, "i915", FALSE, FALSE);
    g_assert_false(facts->enable_gvt->exists);
    g_assert_null(facts->enable_gvt->configured);
}

/* kvm_intel is a file, kvm is built in, kvmgt is not there; "-" is "_" */
static void test_available(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "6.12\n");
    fake_root_put(&fake, "/lib/modules/6.12/modules.dep",
                  "kernel/arch/x86/kvm/kvm-intel.ko.xz: kernel/arch/x86/kvm/kvm.ko.xz\n"
                  "kernel/notkvmgt.ko:\nkernel/kvmgt/other.ko: kernel/kvmgt.ko\n"
                  "no colon\n:\n/.ko:\n\xff\xfe: \nmdev.ko:");
    fake_root_put(&fake, "/lib/modules/6.12/modules.builtin", "kernel/virt/kvm/kvm.ko\n");
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake.root);
    g_assert_true(facts->modules_known);
    check_module(facts, "kvm_intel", FALSE, TRUE);
    check_module(facts, "kvm", FALSE, TRUE);
    check_module(facts, "mdev", FALSE, TRUE);
    check_module(facts, "kvmgt", FALSE, FALSE);
}

/* the release goes into a path */
static void test_hostile_release(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "../../etc\n");
    fake_root_put(&fake, "/etc/modules.dep", "kvmgt.ko:\n");
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake.root);
    g_assert_false(facts->modules_known);
}

static void check_configured(const FakeRoot *fake, const char *value, const char *source)
{
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake->root);
    g_assert_cmpstr(facts->enable_gvt->configured, ==, value);
    g_assert_cmpstr(facts->enable_gvt->configured_in, ==, source);
}

static void test_configured(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    fake_root_put(&fake, "/lib/modprobe.d/a.conf", "options i915 enable_gvt=0\n");
    check_configured(&fake, "0", "/lib/modprobe.d/a.conf");
    fake_root_put(&fake, "/etc/modprobe.d/b.conf",
                  "# options i915 enable_gvt=9\n"
                  "options snd enable_gvt=9\n"
                  "  options\ti915  enable_fbc=0 \\\n  enable-gvt=1\n");
    check_configured(&fake, "1", "/etc/modprobe.d/b.conf");
    /* hides that of /lib, and "a" comes before "b" */
    fake_root_put(&fake, "/etc/modprobe.d/a.conf", "options i915 enable_gvt=N\n");
    check_configured(&fake, "1", "/etc/modprobe.d/b.conf");
    fake_root_put(&fake, "/etc/modprobe.d/not-read", "options i915 enable_gvt=5\n");
    fake_root_put(&fake, "/etc/modprobe.d/c.conf", "options i915 enable_gvt\n\xff\n\\\n");
    check_configured(&fake, "1", "/etc/modprobe.d/c.conf");
    fake_root_put(&fake, "/proc/cmdline", "quiet i915.enable_fbc=0 i915.enable_gvt=Y\n");
    check_configured(&fake, "Y", "/proc/cmdline");
}

/* mode 0400: nobody but root reads it */
static void test_unreadable(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autofree char *path =
        g_strconcat(fake.directory, "/sys/module/i915/parameters/enable_gvt", NULL);
    g_assert_cmpint(chmod(path, 0), ==, 0);
    uid_t user = geteuid();
    g_assert_cmpint(user == 0 ? seteuid(65534) : 0, ==, 0);
    g_autoptr(GvtFacts) facts = gvt_facts_read(fake.root);
    g_assert_cmpint(seteuid(user), ==, 0);
    g_assert_true(facts->enable_gvt->exists);
    g_assert_null(facts->enable_gvt->value);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-gvt/switched-on", test_switched_on);
    g_test_add_func("/facts-gvt/nothing", test_nothing);
    g_test_add_func("/facts-gvt/available", test_available);
    g_test_add_func("/facts-gvt/hostile-release", test_hostile_release);
    g_test_add_func("/facts-gvt/configured", test_configured);
    g_test_add_func("/facts-gvt/unreadable", test_unreadable);
    return g_test_run();
}
