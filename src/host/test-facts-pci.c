/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-pci.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "host/pci-capabilities.h"
#include "tests/lib/fake-root.h"

static GPtrArray *read_all(const FakeRoot *fake)
{
    g_autoptr(GError) error = NULL;
    GPtrArray *gpus = gpus_read(fake->root, &error);
    g_assert_no_error(error);
    g_assert_nonnull(gpus);
    return gpus;
}

/* the fields of the notes' lspci block */
static void test_notes_machine(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine");
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(gpus->len, ==, 1);
    const Gpu *gpu = gpus->pdata[0];
    g_assert_cmpstr(gpu->bdf, ==, "0000:00:02.0");
    g_assert_cmphex(gpu->vendor_id, ==, 0x8086);
    g_assert_cmphex(gpu->device_id, ==, 0x3e98);
    g_assert_cmpstr(gpu->device_name, ==, "CoffeeLake-S GT2 [UHD Graphics 630]");
    g_assert_cmpstr(gpu->subvendor_name, ==, "Gigabyte Technology Co., Ltd");
    g_assert_cmpstr(gpu->label, ==, "Onboard - Video");
    g_assert_cmphex(gpu->command, ==, 0x0407);
    g_assert_cmphex(gpu->status, ==, 0x0010);
    g_assert_cmpint(gpu->cache_line_bytes, ==, 64);
    g_assert_cmpint(gpu->interrupt_pin, ==, 1);
    g_assert_cmpint(gpu->irq, ==, 157);
    g_assert_cmpstr(gpu->iommu_group, ==, "0");
    g_assert_cmpstr(gpu->driver, ==, "i915");
    g_assert_cmpstr(gpu->modules[0], ==, "i915");
    g_assert_null(gpu->modules[1]);
    g_assert_cmpuint(gpu->regions->len, ==, 4);
    g_assert_cmpuint(gpu->connectors->len, ==, 2);
    g_assert_false(gpu->capabilities_readable);
    g_assert_cmpuint(gpu->unread->len, ==, 1);
    gpus_free(gpus);
}

static void test_as_root(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine-root");
    GPtrArray *gpus = read_all(&fake);
    const Gpu *gpu = gpus->pdata[0];
    g_autofree char *capabilities = g_strjoinv("\n", gpu->capabilities);
    g_assert_cmpstr(capabilities, ==,
                    "[40] Vendor Specific Information\n"
                    "[70] Express\n"
                    "[ac] MSI\n"
                    "[d0] Power Management\n"
                    "[100] Process Address Space ID (PASID)\n"
                    "[200] Address Translation Service (ATS)\n"
                    "[300] Page Request Interface (PRI)");
    g_assert_true(gpu->capabilities_readable);
    g_assert_cmphex(gpu->gmch_control, ==, 0x01c1);
    g_assert_cmpuint(gpu->unread->len, ==, 0);
    gpus_free(gpus);
}

static void test_none(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(gpus->len, ==, 0);
    gpus_free(gpus);
}

/* a container without /sys */
static void test_no_sysfs(void)
{
    g_auto(FakeRoot) fake = fake_root_new("pci-ids");
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(gpus->len, ==, 0);
    gpus_free(gpus);
}

static void test_two(void)
{
    g_auto(FakeRoot) fake = fake_root_new("two-gpus");
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(gpus->len, ==, 2);
    const Gpu *card = gpus->pdata[1];
    g_assert_cmpstr(card->bdf, ==, "0000:01:00.0");
    g_assert_cmpstr(card->link_speed, ==, "2.5 GT/s PCIe");
    g_assert_cmpint(card->link_width, ==, 16);
    g_assert_cmpstr(card->link_speed_max, ==, "16.0 GT/s PCIe");
    g_assert_cmpint(card->sriov_total, ==, 16);
    g_assert_cmpint(card->sriov_enabled, ==, 0);
    g_assert_cmpstr(card->physical_slot, ==, "3");
    g_assert_cmpstr(card->render_node, ==, "/dev/dri/renderD129");
    gpus_free(gpus);
}

static gboolean has_unread(const Gpu *gpu, const char *name, const char *reason)
{
    for (guint i = 0; i < gpu->unread->len; i++) {
        const Unread *unread = gpu->unread->pdata[i];
        if (g_str_has_suffix(unread->path, name) && g_str_equal(unread->reason, reason))
            return TRUE;
    }
    return FALSE;
}

/* In the child, as nobody: what cannot be read is said and the rest is there. */
static int check_unreadable(const Root *root)
{
    GPtrArray *gpus = gpus_read(root, NULL);
    const Gpu *gpu = gpus != NULL && gpus->len == 1 ? gpus->pdata[0] : NULL;
    gboolean good = gpu != NULL && has_unread(gpu, "/config", "Permission denied") &&
                    has_unread(gpu, "/resource", "Permission denied") &&
                    has_unread(gpu, "/label", "Permission denied") && gpu->command == -1 &&
                    gpu->regions->len == 0 && gpu->irq == 157 && gpu->device_name != NULL;
    gpus_free(gpus);
    return good ? 0 : 1;
}

static void test_unreadable(void)
{
    g_auto(FakeRoot) fake = fake_root_new("unreadable");
    pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 &&
            (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0))
            _exit(2);
        _exit(check_unreadable(fake.root));
    }
    int status = 0;
    g_assert_cmpint(waitpid(child, &status, 0), ==, child);
    g_assert_true(WIFEXITED(status));
    g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

/* a device that vanishes while we look, names that are no address, numbers that are none */
static void test_odd_devices(void)
{
    g_auto(FakeRoot) fake = fake_root_new("pci-ids");
    fake_root_put(&fake, "/sys/bus/pci/devices/nonsense/class", "0x030000\n");
    fake_root_put(&fake, "/sys/bus/pci/devices/0000:00:03.0/class", "0x030000\n");
    fake_root_put(&fake, "/sys/bus/pci/devices/0000:00:03.0/irq", "many\n");
    fake_root_put(&fake, "/sys/bus/pci/devices/0000:00:03.0/config", "short");
    fake_root_put(&fake, "/sys/bus/pci/devices/0000:00:04.0/class", "\n");
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(gpus->len, ==, 2);
    const Gpu *gpu = gpus->pdata[0];
    g_assert_cmpstr(gpu->bdf, ==, "0000:00:03.0");
    g_assert_cmpint(gpu->irq, ==, 0);
    g_assert_cmpint(gpu->command, ==, -1);
    g_assert_true(has_unread(gpu, "/config", "shorter than its header"));
    gpus_free(gpus);
}

/* a device whose capability chain loops or leads into the header */
static void test_bad_capabilities(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine-root");
    g_autofree char *config =
        g_strconcat(fake.directory, "/sys/devices/pci0000:00/0000:00:02.0/config", NULL);
    g_autofree char *bytes = NULL;
    gsize length;
    g_assert_true(g_file_get_contents(config, &bytes, &length, NULL));
    bytes[0x41] = 0x40; /* the first capability is its own next one */
    g_assert_true(g_file_set_contents(config, bytes, (gssize)length, NULL));
    GPtrArray *gpus = read_all(&fake);
    g_assert_cmpuint(g_strv_length(((Gpu *)gpus->pdata[0])->capabilities), ==, 1);
    gpus_free(gpus);
}

static void test_capability_names(void)
{
    g_assert_cmpstr(pci_capability_name(0x10, FALSE), ==, "Express");
    g_assert_cmpstr(pci_capability_name(0x10, TRUE), ==, "Single Root I/O Virtualization (SR-IOV)");
    g_assert_null(pci_capability_name(0x0c, TRUE)); /* a hole in the numbers */
    g_assert_null(pci_capability_name(0xffff, FALSE));
}

/* every fixture survives the way through a facts file */
static void test_round_trip(gconstpointer name)
{
    g_auto(FakeRoot) fake = fake_root_new(name);
    GPtrArray *gpus = read_all(&fake);
    for (guint i = 0; i < gpus->len; i++) {
        g_autoptr(json_t) out = record_to_json(&gpu_type, gpus->pdata[i]);
        g_autoptr(GError) error = NULL;
        Gpu *copy = record_from_json(&gpu_type, out, &error);
        g_assert_no_error(error);
        g_autoptr(json_t) again = record_to_json(&gpu_type, copy);
        g_assert_true(json_equal(out, again));
        record_free(&gpu_type, copy);
    }
    gpus_free(gpus);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-pci/notes-machine", test_notes_machine);
    g_test_add_func("/facts-pci/as-root", test_as_root);
    g_test_add_func("/facts-pci/none", test_none);
    g_test_add_func("/facts-pci/no-sysfs", test_no_sysfs);
    g_test_add_func("/facts-pci/two", test_two);
    g_test_add_func("/facts-pci/unreadable", test_unreadable);
    g_test_add_func("/facts-pci/odd-devices", test_odd_devices);
    g_test_add_func("/facts-pci/bad-capabilities", test_bad_capabilities);
    g_test_add_func("/facts-pci/capability-names", test_capability_names);
    static const char *const fixtures[] = { "notes-machine", "notes-machine-root",
                                            "two-gpus",      "nvidia",
                                            "amd",           "virtio",
                                            "bochs",         "aspeed",
                                            "none" };
    for (gsize i = 0; i < G_N_ELEMENTS(fixtures); i++) {
        g_autofree char *path = g_strconcat("/facts-pci/round-trip/", fixtures[i], NULL);
        g_test_add_data_func(path, fixtures[i], test_round_trip);
    }
    return g_test_run();
}
