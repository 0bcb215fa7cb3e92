/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-sysfs.h"

#include <unistd.h>

#include "base/error.h"
#include "tests/lib/fake-root.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define OTHER "00000000-0000-4000-8000-000000000001"
#define PARENT_PATH "/sys/devices/pci0000:00/0000:00:02.0"

static void put_link(const FakeRoot *fake, const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_cmpint(symlink(target, full), ==, 0);
}

/* one parent with one type and one device */
static FakeRoot one_device(void)
{
    FakeRoot fake = fake_root_new("none");
    fake_root_put(&fake, PARENT_PATH "/mdev_supported_types/i915-GVTg_V5_4/create", "");
    put_link(&fake, "/sys/class/mdev_bus/0000:00:02.0", "../../devices/pci0000:00/0000:00:02.0");
    put_link(&fake, "/sys/bus/mdev/devices/" UUID,
             "../../../devices/pci0000:00/0000:00:02.0/" UUID);
    fake_root_put(&fake, PARENT_PATH "/" UUID "/remove", "");
    put_link(&fake, PARENT_PATH "/" UUID "/mdev_type", "../mdev_supported_types/i915-GVTg_V5_4");
    put_link(&fake, PARENT_PATH "/" UUID "/iommu_group", "../../../../kernel/iommu_groups/7");
    return fake;
}

static void check_written(const FakeRoot *fake, const char *path, const char *expected)
{
    g_autofree char *text = root_read(fake->root, path, NULL, NULL);
    g_assert_cmpstr(text, ==, expected);
}

static void test_create(void)
{
    g_auto(FakeRoot) fake = one_device();
    g_autoptr(GError) error = NULL;
    int failure = -1;
    g_assert_true(
        mdev_create(fake.root, "0000:00:02.0", "i915-GVTg_V5_4", OTHER, &failure, &error));
    g_assert_no_error(error);
    g_assert_cmpint(failure, ==, 0);
    /* without a newline: the kernel counts 36 characters, or 37 with one */
    check_written(&fake, PARENT_PATH "/mdev_supported_types/i915-GVTg_V5_4/create", OTHER);
}

/* mdev_register_parent() may have failed to make the class */
static void test_create_without_class(void)
{
    g_auto(FakeRoot) fake = one_device();
    g_autofree char *link = g_strconcat(fake.directory, "/sys/class/mdev_bus/0000:00:02.0", NULL);
    g_assert_cmpint(unlink(link), ==, 0);
    put_link(&fake, "/sys/bus/pci/devices/0000:00:02.0",
             "../../../devices/pci0000:00/0000:00:02.0");
    g_assert_true(mdev_create(fake.root, "0000:00:02.0", "i915-GVTg_V5_4", OTHER, NULL, NULL));
    check_written(&fake, PARENT_PATH "/mdev_supported_types/i915-GVTg_V5_4/create", OTHER);
}

static void check_refused(const FakeRoot *fake, const char *parent, const char *type,
                          const char *expected)
{
    g_autoptr(GError) error = NULL;
    int failure = -1;
    g_assert_false(mdev_create(fake->root, parent, type, OTHER, &failure, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_cmpstr(error->message, ==, expected);
    g_assert_cmpint(failure, ==, 0);
}

static void test_create_unknown(void)
{
    g_auto(FakeRoot) fake = one_device();
    check_refused(&fake, "0000:00:02.0", "i915-GVTg_V5_1",
                  "Making vGPU " OTHER ": 0000:00:02.0 has no type i915-GVTg_V5_1; "
                  "vgpuctl types lists those it has");
    check_refused(&fake, "0000:00:02.0", "../mdev_supported_types/i915-GVTg_V5_4",
                  "Making vGPU " OTHER ": 0000:00:02.0 has no type "
                  "../mdev_supported_types/i915-GVTg_V5_4; vgpuctl types lists those it has");
    static const char *const parents[] = { "mtty", "", ".", "..", "x/../0000:00:02.0" };
    for (guint i = 0; i < G_N_ELEMENTS(parents); i++) {
        g_autofree char *expected =
            g_strdup_printf("Making vGPU " OTHER ": %s has no mediated devices to give; "
                            "vgpuctl types lists what has",
                            parents[i]);
        check_refused(&fake, parents[i], "i915-GVTg_V5_4", expected);
    }
}

static void test_find(void)
{
    g_auto(FakeRoot) fake = one_device();
    g_autofree char *parent = NULL, *type = NULL;
    g_assert_true(mdev_find(fake.root, UUID, &parent, &type));
    g_assert_cmpstr(parent, ==, "0000:00:02.0");
    g_assert_cmpstr(type, ==, "i915-GVTg_V5_4");
    g_assert_true(mdev_find(fake.root, "550E8400-E29B-41D4-A716-446655440000", NULL, NULL));
    g_assert_false(mdev_find(fake.root, OTHER, NULL, NULL));
    g_assert_false(mdev_find(fake.root, "", NULL, NULL));
    g_assert_false(mdev_find(fake.root, "../devices/" UUID, NULL, NULL));
}

static void test_group_node(void)
{
    g_auto(FakeRoot) fake = one_device();
    g_autoptr(GError) error = NULL;
    g_autofree char *node = mdev_group_node(fake.root, UUID, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(node, ==, "/dev/vfio/7");
    g_assert_null(mdev_group_node(fake.root, OTHER, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mdev-sysfs/create", test_create);
    g_test_add_func("/mdev-sysfs/create-without-class", test_create_without_class);
    g_test_add_func("/mdev-sysfs/create-unknown", test_create_unknown);
    g_test_add_func("/mdev-sysfs/find", test_find);
    g_test_add_func("/mdev-sysfs/group-node", test_group_node);
    return g_test_run();
}
