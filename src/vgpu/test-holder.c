/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/holder.h"

#include <unistd.h>

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

/* @words: with a NUL behind each */
static void put_process(const FakeRoot *fake, const char *pid, const char *words, gsize length)
{
    g_autofree char *directory = g_strdup_printf("%s/proc/%s", fake->directory, pid);
    g_autofree char *cmdline = g_build_filename(directory, "cmdline", NULL);
    g_autofree char *stat = g_strdup_printf("/proc/%s/stat", pid);
    g_autofree char *text = g_strdup_printf("%s (x) S 1 1 1 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 4 0 "
                                            "%s00 1 2\n",
                                            pid, pid);
    fake_root_put(fake, stat, text);
    g_assert_true(file_write_atomic(cmdline, words, length, 0444, NULL));
}

static FakeRoot one_device(void)
{
    FakeRoot fake = fake_root_new("none");
    put_link(&fake, "/sys/bus/mdev/devices/" UUID,
             "../../../devices/pci0000:00/0000:00:02.0/" UUID);
    put_link(&fake, DEVICE "/mdev_type", "../mdev_supported_types/i915-GVTg_V5_4");
    put_link(&fake, DEVICE "/iommu_group", "../../../../kernel/iommu_groups/7");
    fake_root_put(&fake, DEVICE "/vfio-dev/vfio3/dev", "511:3\n");
    return fake;
}

static void test_none(void)
{
    g_auto(FakeRoot) fake = one_device();
    const char words[] = "cat";
    put_process(&fake, "12", words, sizeof words);
    put_link(&fake, "/proc/12/fd/3", "/dev/vfio/70");
    put_link(&fake, "/proc/12/fd/4", "/dev/vfio/vfio");
    put_link(&fake, "/proc/12/fd/5", "/tmp/dev/vfio/7");
    g_assert_null(mdev_describe_holders(fake.root, UUID));
    g_assert_null(mdev_describe_holders(fake.root, "550e8400-e29b-41d4-a716-000000000000"));
    g_assert_true(mdev_wait_ending_holders(fake.root, UUID, 0));
}

static void test_several(void)
{
    g_auto(FakeRoot) fake = one_device();
    const char qemu[] = "/usr/bin/qemu-system-x86_64\0-name\0guest=win,debug-threads=on\0-S";
    const char other[] = "qemu\0-name\0plain";
    const char cdev[] = "crosvm\0-name"; /* ends where the name should be */
    put_process(&fake, "812", qemu, sizeof qemu);
    put_link(&fake, "/proc/812/fd/0", "/dev/null");
    put_link(&fake, "/proc/812/fd/31", "/dev/vfio/7");
    put_process(&fake, "900", other, sizeof other);
    put_link(&fake, "/proc/900/fd/31", "/dev/vfio/7 (deleted)");
    put_process(&fake, "901", cdev, sizeof cdev);
    put_link(&fake, "/proc/901/fd/9", "/dev/vfio/devices/vfio3");
    g_autofree char *said = mdev_describe_holders(fake.root, UUID);
    g_assert_cmpstr(said, ==,
                    "qemu-system-x86_64 (pid 812, VM 'win'), qemu (pid 900, VM 'plain'), "
                    "crosvm (pid 901)");
    g_autoptr(GPtrArray) holders = mdev_holders(fake.root, UUID);
    g_assert_cmpuint(holders->len, ==, 3);
    const Holder *first = holders->pdata[0];
    g_assert_cmpint(first->pid, ==, 812);
    g_assert_cmpuint(first->started_ticks, ==, 81200);
}

/* libvirtd looks at a device so before it lets it be removed. */
static void test_group_alone(void)
{
    g_auto(FakeRoot) fake = one_device();
    const char libvirtd[] = "libvirtd", qemu[] = "qemu", crosvm[] = "crosvm";
    put_process(&fake, "586", libvirtd, sizeof libvirtd);
    put_link(&fake, "/proc/586/fd/30", "/dev/vfio/7");
    g_autofree char *holders = mdev_describe_holders(fake.root, UUID);
    g_assert_cmpstr(holders, ==, "libvirtd (pid 586)");
    g_assert_null(mdev_describe_users(fake.root, UUID));

    put_process(&fake, "812", qemu, sizeof qemu);
    put_link(&fake, "/proc/812/fd/30", "/dev/vfio/vfio");
    put_link(&fake, "/proc/812/fd/31", "/dev/vfio/7");
    put_process(&fake, "813", qemu, sizeof qemu);
    put_link(&fake, "/proc/813/fd/31", "/dev/vfio/7");
    put_link(&fake, "/proc/813/fd/32", "anon_inode:[vfio-device]");
    put_process(&fake, "814", crosvm, sizeof crosvm);
    put_link(&fake, "/proc/814/fd/9", "/dev/vfio/devices/vfio3");
    g_autofree char *users = mdev_describe_users(fake.root, UUID);
    g_assert_cmpstr(users, ==, "qemu (pid 812), qemu (pid 813), crosvm (pid 814)");
}

/* A process without a command line is a kernel thread, or has ended while another thread goes on.
 */
static void test_ended_leader(void)
{
    g_auto(FakeRoot) fake = one_device();
    fake_root_put(&fake, "/proc/812/stat",
                  "812 (qemu) Z 1 1 1 0 -1 4194564 9 0 0 0 1 2 0 0 20 0 4 0 7 1 2\n");
    fake_root_put(&fake, "/proc/812/comm", "qemu-system-x86\n");
    fake_root_put(&fake, "/proc/812/cmdline", "");
    put_link(&fake, "/proc/812/task/813/fd/31", "/dev/vfio/7");
    g_autofree char *said = mdev_describe_holders(fake.root, UUID);
    g_assert_cmpstr(said, ==, "qemu-system-x86 (pid 812)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/holder/none", test_none);
    g_test_add_func("/holder/several", test_several);
    g_test_add_func("/holder/group-alone", test_group_alone);
    g_test_add_func("/holder/ended-leader", test_ended_leader);
    return g_test_run();
}
