/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/pci-ids.h"

#include "tests/lib/fake-root.h"

static const char database[] = "# a comment with 8086  in it\n"
                               "1458  Gigabyte\n"
                               "\t8086  A device with the number of a vendor\n"
                               "\n"
                               "8086  Intel Corporation\n"
                               "\t3e92  Other\n"
                               "\t\t1458 d000  Other board\n"
                               "# a comment inside\n"
                               "\t3e98  UHD 630\n"
                               "\t\t1458 d000  Board\n"
                               "\t\t1849 3e98  Another board\n"
                               "\t3e9a  Next\n"
                               "8088  Next vendor\n"
                               "C 03  Display controller\n"
                               "\t00  VGA compatible controller\n"
                               "\t\t00  VGA controller\n"
                               "C 04  Multimedia controller\n";

static void test_select(void)
{
    const PciIds ids = {
        .vendor = 0x8086,
        .device = 0x3e98,
        .subvendor = 0x1458,
        .subdevice = 0xd000,
        .class_id = 0x0300,
    };
    g_autofree char *text = pci_ids_select(database, strlen(database), &ids);
    g_assert_cmpstr(text, ==,
                    "8086  Intel Corporation\n"
                    "\t3e98  UHD 630\n"
                    "\t\t1458 d000  Board\n"
                    "\t\t1849 3e98  Another board\n"
                    "1458  Gigabyte\n"
                    "C 03  Display controller\n"
                    "\t00  VGA compatible controller\n"
                    "\t\t00  VGA controller\n");
}

/* ids the database lacks, the last entry of a file without a newline, an empty database */
static void test_select_edges(void)
{
    const PciIds unknown = { .vendor = 0xffff, .device = 1, .class_id = 0x1200 };
    g_autofree char *none = pci_ids_select(database, strlen(database), &unknown);
    g_assert_cmpstr(none, ==, "");
    g_autofree char *empty = pci_ids_select("", 0, &unknown);
    g_assert_cmpstr(empty, ==, "");

    const PciIds last = { .vendor = 0x8088, .device = 0x0001, .class_id = 0x0300 };
    const char *unfinished = "8088  Next vendor\n\t0001  Last";
    g_autofree char *text = pci_ids_select(unfinished, strlen(unfinished), &last);
    g_assert_cmpstr(text, ==, unfinished);
}

static void check_names(const FakeRoot *fake, const PciIds *ids, const char *vendor,
                        const char *device, const char *class_name)
{
    g_autoptr(PciLibrary) library = pci_library_new(fake->root);
    PciNames names;
    pci_library_names(library, ids, &names);
    g_assert_cmpstr(names.vendor, ==, vendor);
    g_assert_cmpstr(names.device, ==, device);
    g_assert_cmpstr(names.class_name, ==, class_name);
    g_free(names.vendor);
    g_free(names.device);
    g_free(names.subvendor);
    g_free(names.subdevice);
    g_free(names.class_name);
    g_free(names.prog_if);
}

static void test_names(void)
{
    g_auto(FakeRoot) fake = fake_root_new("pci-ids");
    const PciIds known = { .vendor = 0x8086, .device = 0x3e98, .class_id = 0x0300 };
    check_names(&fake, &known, "Intel Corporation", "CoffeeLake-S GT2 [UHD Graphics 630]",
                "VGA compatible controller");
    const PciIds new_class = { .vendor = 0x8086, .device = 0x0001, .class_id = 0x0377 };
    check_names(&fake, &new_class, "Intel Corporation", NULL, "Display controller");
}

/* libpci calls its error function for a database it cannot parse, and that must not return */
static void test_corrupt(void)
{
    g_auto(FakeRoot) fake = fake_root_new("pci-ids");
    fake_root_put(&fake, "/usr/share/misc/pci.ids", "8086  Intel\n\t\t\t3e98  too deep\n");
    const PciIds ids = { .vendor = 0x8086, .device = 0x3e98, .class_id = 0x0300 };
    check_names(&fake, &ids, "Intel", NULL, NULL);
    fake_root_put(&fake, "/usr/share/misc/pci.ids", "8086  \n");
    check_names(&fake, &ids, NULL, NULL, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pci-ids/select", test_select);
    g_test_add_func("/pci-ids/select-edges", test_select_edges);
    g_test_add_func("/pci-ids/names", test_names);
    g_test_add_func("/pci-ids/corrupt", test_corrupt);
    return g_test_run();
}
