/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/access.h"

#include <errno.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/lib/fake-root.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define DEVICE "/sys/devices/pci0000:00/0000:00:02.0/" UUID

static void put_link(const FakeRoot *fake, const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_cmpint(symlink(target, full), ==, 0);
}

static FakeRoot one_device(void)
{
    FakeRoot fake = fake_root_new("none");
    put_link(&fake, "/sys/bus/mdev/devices/" UUID,
             "../../../devices/pci0000:00/0000:00:02.0/" UUID);
    put_link(&fake, DEVICE "/mdev_type", "../mdev_supported_types/i915-GVTg_V5_4");
    put_link(&fake, DEVICE "/iommu_group", "../../../../kernel/iommu_groups/7");
    put_link(&fake, "/sys/kernel/iommu_groups/7/devices/" UUID, "../../../../devices/x/" UUID);
    return fake;
}

static void check_node(const FakeRoot *fake, guint uid, guint gid, guint mode)
{
    struct stat info;
    g_assert_true(root_stat(fake->root, "/dev/vfio/7", &info, NULL));
    g_assert_cmpuint(info.st_uid, ==, uid);
    g_assert_cmpuint(info.st_gid, ==, gid);
    g_assert_cmpuint(info.st_mode & 07777, ==, mode);
}

static void test_give(void)
{
    g_auto(FakeRoot) fake = one_device();
    fake_root_put(&fake, "/dev/vfio/7", "");
    g_autoptr(GError) error = NULL;
    if (geteuid() != 0) {
        g_test_skip("only root can give a node away");
        return;
    }
    g_assert_true(access_give(fake.root, UUID, 1234, -1, &error));
    g_assert_no_error(error);
    check_node(&fake, 1234, 0, 0600);
    g_assert_true(access_give(fake.root, UUID, -1, 4321, &error));
    g_assert_no_error(error);
    check_node(&fake, 0, 4321, 0660);
    g_assert_cmpint(access_check(fake.root, UUID), ==, 0);
    g_assert_true(access_withdraw(fake.root, UUID, &error));
    g_assert_no_error(error);
    check_node(&fake, 0, 0, 0600);
}

/* A link in the node's place is not followed: what it means would be given away. */
static void test_link(void)
{
    g_auto(FakeRoot) fake = one_device();
    fake_root_put(&fake, "/etc/shadow", "");
    put_link(&fake, "/dev/vfio/7", "../../etc/shadow");
    g_autoptr(GError) error = NULL;
    g_assert_false(access_give(fake.root, UUID, (int)geteuid(), -1, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

static void test_gone(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    g_autoptr(GError) error = NULL;
    g_assert_true(access_withdraw(fake.root, UUID, &error));
    g_assert_no_error(error);
    g_assert_cmpint(access_check(fake.root, UUID), ==, ENOENT);
    g_assert_false(access_give(fake.root, UUID, 0, -1, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

static gpointer make_node_later(gpointer data)
{
    g_usleep(20000);
    fake_root_put(data, "/dev/vfio/7", "");
    return NULL;
}

/* The node may come a moment after the device. */
static void test_wait(void)
{
    g_auto(FakeRoot) fake = one_device();
    fake_root_put(&fake, "/dev/vfio/vfio", "");
    g_autoptr(GError) error = NULL;
    if (geteuid() != 0) {
        g_test_skip("only root can give a node away");
        return;
    }
    GThread *later = g_thread_new("later", make_node_later, &fake);
    g_assert_true(access_give(fake.root, UUID, 1234, -1, &error));
    g_assert_no_error(error);
    g_thread_join(later);
    check_node(&fake, 1234, 0, 0600);
}

static void test_group(void)
{
    g_auto(FakeRoot) fake = one_device();
    g_autofree char *uuid = access_uuid_of_group(fake.root, "7");
    g_assert_cmpstr(uuid, ==, UUID);
    g_assert_null(access_uuid_of_group(fake.root, "8"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/access/give", test_give);
    g_test_add_func("/access/link", test_link);
    g_test_add_func("/access/gone", test_gone);
    g_test_add_func("/access/wait", test_wait);
    g_test_add_func("/access/group", test_group);
    return g_test_run();
}
