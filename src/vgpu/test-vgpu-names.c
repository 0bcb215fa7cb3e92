/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/vgpu-names.h"

#include "base/error.h"
#include "tests/lib/fake-root.h"

#define FIRST "550e8400-e29b-41d4-a716-446655440000"
#define SECOND "550e8401-e29b-41d4-a716-446655440000"
#define LIVE "abc00000-e29b-41d4-a716-446655440000"

static void put(const FakeRoot *fake, const char *uuid, const char *name, gboolean persistent)
{
    const VgpuRecord record = { .uuid = (char *)uuid,
                                .name = (char *)name,
                                .type = (char *)"i915-GVTg_V5_4",
                                .parent = (char *)"0000:00:02.0",
                                .uid = 1000,
                                .gid = -1,
                                .persistent = persistent };
    g_autoptr(GError) error = NULL;
    vgpu_record_write(fake->root, &record, &error);
    g_assert_no_error(error);
}

static FakeRoot two_records(void)
{
    FakeRoot fake = fake_root_new("none");
    put(&fake, FIRST, "win", TRUE);
    put(&fake, SECOND, "web", FALSE);
    fake_root_put(&fake, "/sys/bus/mdev/devices/" LIVE "/remove", "");
    return fake;
}

static void test_records(void)
{
    g_auto(FakeRoot) fake = two_records();
    fake_root_put(&fake, "/etc/vgpuctl/vgpu.d/" LIVE, "{ broken");
    fake_root_put(&fake, "/etc/vgpuctl/vgpu.d/README", "{}");
    g_autoptr(GPtrArray) records = vgpu_records(fake.root);
    g_assert_cmpuint(records->len, ==, 2);
    const VgpuRecord *first = records->pdata[0], *second = records->pdata[1];
    g_assert_cmpstr(first->uuid, ==, FIRST);
    g_assert_true(first->persistent);
    g_assert_cmpint(first->uid, ==, 1000);
    g_assert_cmpstr(second->name, ==, "web");
    g_assert_true(root_exists(fake.root, "/etc/vgpuctl/vgpu.d/" FIRST));
    g_assert_true(root_exists(fake.root, "/run/vgpuctl/vgpu.d/" SECOND));

    g_autoptr(GError) error = NULL;
    g_assert_true(vgpu_record_remove(fake.root, FIRST, &error));
    g_assert_true(vgpu_record_remove(fake.root, FIRST, &error));
    g_assert_true(vgpu_record_remove(fake.root, SECOND, &error));
    g_assert_no_error(error);
    g_assert_null(vgpu_record_find(fake.root, FIRST));
    g_assert_null(vgpu_record_by_name(fake.root, "web"));
}

static void check_resolved(const FakeRoot *fake, const char *text, const char *uuid)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = vgpu_resolve(fake->root, text, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(found, ==, uuid);
}

static void check_unresolved(const FakeRoot *fake, const char *text, int code, const char *word)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *found = vgpu_resolve(fake->root, text, &error);
    g_assert_null(found);
    g_assert_error(error, VGPUCTL_ERROR, code);
    g_assert_nonnull(strstr(error->message, word));
}

static void test_resolve(void)
{
    g_auto(FakeRoot) fake = two_records();
    check_resolved(&fake, "win", FIRST);
    check_resolved(&fake, FIRST, FIRST);
    check_resolved(&fake, "550E8401E29B41D4A716446655440000", SECOND);
    check_resolved(&fake, "550e8400", FIRST);
    check_resolved(&fake, "ABC", LIVE);
    check_resolved(&fake, "a0000000-e29b-41d4-a716-446655440000",
                   "a0000000-e29b-41d4-a716-446655440000");
    check_unresolved(&fake, "550e", VGPUCTL_ERROR_USAGE, "2 vGPUs begin with '550e'");
    check_unresolved(&fake, "", VGPUCTL_ERROR_NOT_FOUND, "No vGPU is named ''");
    check_unresolved(&fake, "wim", VGPUCTL_ERROR_NOT_FOUND, "did you mean 'win'?");
    check_unresolved(&fake, "else", VGPUCTL_ERROR_NOT_FOUND, "vgpuctl list");
    put(&fake, LIVE, "550e", FALSE); /* a name comes before the beginning of a UUID */
    check_resolved(&fake, "550e", LIVE);
}

static void check_bad_name(const char *name)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(vgpu_name_check(name, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
}

static void test_names(void)
{
    g_autofree char *long_name = g_strnfill(65, 'a');
    check_bad_name("");
    check_bad_name("..");
    check_bad_name("-x");
    check_bad_name("a/b");
    check_bad_name("a b");
    check_bad_name("a\n");
    check_bad_name("\xc3\xa4");
    check_bad_name(long_name);
    check_bad_name(FIRST);
    check_bad_name("550e8400e29b41d4a716446655440000");
    g_assert_true(vgpu_name_check("win-11_a.b", NULL));
    g_assert_true(vgpu_name_check("0", NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/vgpu-names/records", test_records);
    g_test_add_func("/vgpu-names/resolve", test_resolve);
    g_test_add_func("/vgpu-names/names", test_names);
    return g_test_run();
}
