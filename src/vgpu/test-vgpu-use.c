/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/vgpu-use.h"

#include <unistd.h>

#include "tests/lib/fake-root.h"

#define FIRST "c0ffee00-0000-4000-8000-000000000001"
#define SECOND "c0ffee00-0000-4000-8000-000000000002"

static GHashTable *uses_of_both(const FakeRoot *fake)
{
    g_autoptr(GPtrArray) uuids = g_ptr_array_new();
    g_ptr_array_add(uuids, (gpointer)FIRST);
    g_ptr_array_add(uuids, (gpointer)SECOND);
    return vgpu_uses(fake->root, uuids);
}

static void put_link(const FakeRoot *fake, const char *path, const char *target)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_cmpint(symlink(target, full), ==, 0);
}

static void put_claim(const FakeRoot *fake, const char *uuid, const char *owner)
{
    g_autofree char *path = g_strconcat("/run/vgpuctl/claims/", uuid, NULL);
    g_autofree char *text =
        g_strdup_printf("{\"uuid\": \"%s\", \"parent\": \"0000:00:02.0\", \"type\": \"t\", "
                        "\"vm\": \"win\", \"stage\": \"held\", \"uid\": -1, \"owner\": %s}",
                        uuid, owner);
    fake_root_put(fake, path, text);
}

/* a record, a process that holds one, and nothing of what nobody asked for */
static void test_records_and_holders(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-used");
    g_autoptr(GHashTable) uses = uses_of_both(&fake);
    g_assert_cmpuint(g_hash_table_size(uses), ==, 2);
    const VgpuUse *first = g_hash_table_lookup(uses, FIRST);
    g_assert_cmpstr(first->name, ==, "desk");
    g_assert_cmpstr(first->user, ==, "root");
    g_assert_cmpstr(first->holder, ==, "qemu-system-x86 (pid 812)");
    g_assert_null(first->owner);
    const VgpuUse *second = g_hash_table_lookup(uses, SECOND);
    g_assert_null(second->name);
    g_assert_cmpstr(second->user, ==, "4242424");
    g_assert_null(second->holder);

    g_autoptr(GPtrArray) none = g_ptr_array_new();
    g_autoptr(GHashTable) empty = vgpu_uses(fake.root, none);
    g_assert_cmpuint(g_hash_table_size(empty), ==, 0);
}

/* a VM that has it open counts less than what it was claimed for */
static void test_claims(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-used");
    put_claim(&fake, FIRST, "{\"kind\": \"lease\", \"until_s\": 4000000000}");
    put_claim(&fake, SECOND, "{\"kind\": \"lease\", \"until_s\": 0}"); /* over */
    fake_root_put(&fake, "/run/vgpuctl/claims/other", "{}");
    g_autoptr(GHashTable) uses = uses_of_both(&fake);
    const VgpuUse *first = g_hash_table_lookup(uses, FIRST);
    g_assert_true(g_str_has_prefix(first->owner, "a lease with "));
    g_assert_cmpstr(first->vm, ==, "win");
    g_assert_cmpstr(first->name, ==, "desk");
    g_assert_null(((VgpuUse *)g_hash_table_lookup(uses, SECOND))->owner);
}

/* the node that Linux 6.6 made beside the group's, and one whose device is going */
static void test_device_node(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    fake_root_put(&fake, "/sys/devices/pci0000:00/0000:00:02.0/" SECOND "/vfio-dev/vfio7/dev", "");
    fake_root_put(&fake, "/proc/900/stat",
                  "900 (crosvm) S 1 1 1 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 4 0 900 1 2\n");
    fake_root_put(&fake, "/proc/900/cmdline", "crosvm");
    put_link(&fake, "/proc/900/fd/5", "/dev/vfio/devices/vfio7");
    fake_root_put(&fake, "/proc/901/stat",
                  "901 (qemu) S 1 1 1 0 -1 4194560 9 0 0 0 1 2 0 0 20 0 4 0 900 1 2\n");
    fake_root_put(&fake, "/proc/901/cmdline", "qemu");
    put_link(&fake, "/proc/901/fd/5", "/dev/vfio/3 (deleted)");
    g_autoptr(GHashTable) uses = uses_of_both(&fake);
    g_assert_cmpstr(((VgpuUse *)g_hash_table_lookup(uses, SECOND))->holder, ==, "crosvm (pid 900)");
    g_assert_cmpstr(((VgpuUse *)g_hash_table_lookup(uses, FIRST))->holder, ==, "qemu (pid 901)");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vgpu-use/records-and-holders", test_records_and_holders);
    g_test_add_func("/vgpu-use/claims", test_claims);
    g_test_add_func("/vgpu-use/device-node", test_device_node);
    return g_test_run();
}
