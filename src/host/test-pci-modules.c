/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-modules.h"

#include "tests/lib/fake-root.h"

static void check(const FakeRoot *fake, const char *modalias, const char *expected)
{
    g_auto(GStrv) modules = pci_modules_claiming(fake->root, modalias);
    g_autofree char *joined = g_strjoinv(" ", modules);
    g_assert_cmpstr(joined, ==, expected);
}

static void test_claiming(void)
{
    g_auto(FakeRoot) fake = fake_root_new("intel-modules");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "5.4.0-42-generic\n");
    check(&fake, "pci:v00008086d00003E98sv00001458sd0000D000bc03sc00i00", "i915");
    check(&fake, "pci:v000010DEd00002235sv000010DEsd0000145Abc03sc02i00", "nouveau");
    check(&fake, "pci:v00001033d00000194sv00000000sd00000000bc0Csc03i30", "xhci_pci");
    check(&fake, "pci:v00001033d00000194sv00000000sd00000000bc03sc00i00", "");
    check(&fake, "", "");
}

/* two aliases of one module match, and two modules */
static void test_several(void)
{
    g_auto(FakeRoot) fake = fake_root_new("intel-modules");
    fake_root_put(&fake, "/proc/sys/kernel/osrelease", "6.1.0\n");
    fake_root_put(&fake, "/lib/modules/6.1.0/modules.alias",
                  "alias pci:v00008086d* i915\nalias pci:v00008086d00003E98* i915\n"
                  "alias\nalias pci:v00008086\nalias pci:v*d* xe");
    check(&fake, "pci:v00008086d00003E98sv", "i915 xe");
}

static void test_no_modules(void)
{
    g_auto(FakeRoot) fake = fake_root_new("pci-ids");
    check(&fake, "pci:v00008086d00003E98sv", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-modules/claiming", test_claiming);
    g_test_add_func("/pci-modules/several", test_several);
    g_test_add_func("/pci-modules/no-modules", test_no_modules);
    return g_test_run();
}
