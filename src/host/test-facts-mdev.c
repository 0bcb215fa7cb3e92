/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-mdev.h"

#include <unistd.h>

#include "base/json.h"
#include "tests/lib/fake-root.h"

#define GPU "/sys/devices/pci0000:00/0000:00:02.0"

static void free_facts(MdevFacts *facts)
{
    record_free(&mdev_facts_type, facts);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdevFacts, free_facts)

static void check_type(const MdevParent *parent, const char *id, int available, const char *name)
{
    const MdevType *type = mdev_find_type(parent, id);
    g_assert_nonnull(type);
    g_assert_cmpint(type->available, ==, available);
    g_assert_cmpstr(type->name, ==, name);
}

static void test_gvt(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
    g_assert_true(facts->core);
    g_assert_cmpuint(facts->parents->len, ==, 1);
    const MdevParent *parent = mdev_find_parent(facts, "0000:00:02.0");
    g_assert_cmpstr(parent->path, ==, GPU);
    g_assert_cmpstr(parent->driver, ==, "i915");
    g_assert_cmpuint(parent->types->len, ==, 2);
    check_type(parent, "i915-GVTg_V5_4", 0, "GVTg_V5_4");
    const MdevType *type = parent->types->pdata[1];
    g_assert_cmpstr(type->id, ==, "i915-GVTg_V5_8");
    g_assert_cmpstr(type->device_api, ==, "vfio-pci");
    g_assert_cmpstr(type->description, ==,
                    "low_gm_size: 64MB\nhigh_gm_size: 384MB\nfence: 4\nresolution: 1024x768\n"
                    "weight: 2");
    g_assert_null(mdev_find_type(parent, "i915-GVTg_V5_2"));

    g_assert_cmpuint(facts->devices->len, ==, 2);
    const MdevDevice *device = facts->devices->pdata[1];
    g_assert_cmpstr(device->uuid, ==, "c0ffee00-0000-4000-8000-000000000002");
    g_assert_cmpstr(device->parent, ==, "0000:00:02.0");
    g_assert_cmpstr(device->type, ==, "i915-GVTg_V5_8");
    g_assert_cmpint(device->iommu_group, ==, 4);
    g_assert_cmpuint(mdev_count_devices(facts, "0000:00:02.0", "i915-GVTg_V5_8"), ==, 2);
    g_assert_cmpuint(mdev_count_devices(facts, "0000:00:02.0", "i915-GVTg_V5_4"), ==, 0);
    g_assert_cmpuint(mdev_count_devices(facts, "0000:00:03.0", NULL), ==, 0);
}

/* mbochs has no link in the class: it is found all the same, and the others only once */
static void test_samples(void)
{
    g_auto(FakeRoot) fake = fake_root_new("mdev-samples");
    g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
    static const char *const names[] = { "mbochs", "mdpy", "mtty" };
    g_assert_cmpuint(facts->parents->len, ==, G_N_ELEMENTS(names));
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        const MdevParent *parent = facts->parents->pdata[i];
        g_assert_cmpstr(parent->name, ==, names[i]);
        g_assert_cmpstr(parent->driver, ==, names[i]);
    }
    const MdevParent *mtty = mdev_find_parent(facts, "mtty");
    check_type(mtty, "mtty-2", 11, "Dual port serial");
    g_assert_null(mdev_find_type(mtty, "mtty-2")->description);
    g_assert_cmpuint(facts->devices->len, ==, 3);
    const MdevDevice *last = facts->devices->pdata[2];
    g_assert_cmpstr(last->parent, ==, "mbochs");
    g_assert_cmpint(last->iommu_group, ==, -1);
}

/* before GVT-g was switched on, and without any of these directories */
static void test_nothing(void)
{
    static const char *const machines[] = { "notes-machine", "none" };
    for (gsize i = 0; i < G_N_ELEMENTS(machines); i++) {
        g_auto(FakeRoot) fake = fake_root_new(machines[i]);
        g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
        g_assert_false(facts->core);
        g_assert_cmpuint(facts->parents->len, ==, 0);
        g_assert_cmpuint(facts->devices->len, ==, 0);
    }
}

/* Linux before 6.1 has no `name`, and no class where the scan must do */
static void test_without_class(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g");
    g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
    const MdevParent *parent = mdev_find_parent(facts, "0000:00:02.0");
    g_assert_nonnull(parent);
    g_assert_cmpstr(parent->path, ==, GPU);
    check_type(parent, "i915-GVTg_V5_8", 2, NULL);
}

static void test_counts(void)
{
    static const struct {
        const char *text;
        int count;
    } rows[] = {
        { "7\n", 7 },
        { "0", 0 },
        { "4294967295\n", G_MAXINT },
        { "99999999999999999999999", -1 },
        { "-1\n", -1 },
        { "0x10\n", -1 },
        { "seven\n", -1 },
        { "\n", -1 },
        { "", -1 },
        { "\xff\xfe", -1 },
    };
    g_auto(FakeRoot) fake = fake_root_new("gvt-g");
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        fake_root_put(&fake, GPU "/mdev_supported_types/i915-GVTg_V5_8/available_instances",
                      rows[i].text);
        g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
        check_type(facts->parents->pdata[0], "i915-GVTg_V5_8", rows[i].count, NULL);
    }
}

/* A driver may write anything: the facts are taken, and stay a document of UTF-8. */
static void test_wild_texts(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autofree char *long_text = g_strnfill(MDEV_ATTRIBUTE_LIMIT + 1, 'x');
    fake_root_put(&fake, GPU "/mdev_supported_types/i915-GVTg_V5_8/name", "\xffname\x1b[2J\n");
    fake_root_put(&fake, GPU "/mdev_supported_types/i915-GVTg_V5_8/description", long_text);
    fake_root_put(&fake, GPU "/mdev_supported_types/i915-GVTg_V5_8/device_api", "");
    fake_root_put(&fake, GPU "/mdev_supported_types/\xc3(/available_instances", "1\n");
    fake_root_put(&fake, "/sys/bus/mdev/devices/not-a-uuid", "");
    fake_root_put(&fake, "/sys/bus/mdev/devices/ABCDEF00-0000-4000-8000-000000000009", "");
    g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
    const MdevType *type = mdev_find_type(facts->parents->pdata[0], "i915-GVTg_V5_8");
    g_assert_cmpstr(type->name, ==, "\xffname\x1b[2J");
    g_assert_null(type->description);
    g_assert_cmpstr(type->device_api, ==, "");
    g_assert_nonnull(mdev_find_type(facts->parents->pdata[0], "\xc3("));
    g_assert_cmpuint(facts->devices->len, ==, 3);
    const MdevDevice *no_link = facts->devices->pdata[0];
    g_assert_cmpstr(no_link->uuid, ==, "abcdef00-0000-4000-8000-000000000009");
    g_assert_null(no_link->type);

    g_autoptr(json_t) document = record_to_json(&mdev_facts_type, facts);
    g_autoptr(GError) error = NULL;
    g_autoptr(MdevFacts) again = record_from_json(&mdev_facts_type, document, &error);
    g_assert_no_error(error);
    g_autoptr(json_t) second = record_to_json(&mdev_facts_type, again);
    g_assert_true(json_equal(document, second));
}

/* a type that goes away while it is read, and a link that leads nowhere */
static void test_dangling(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autofree char *class_link = g_strconcat(fake.directory, "/sys/class/mdev_bus/gone", NULL);
    g_assert_cmpint(symlink("../../devices/pci0000:00/0000:00:09.0", class_link), ==, 0);
    g_autofree char *type =
        g_strconcat(fake.directory, GPU "/mdev_supported_types/i915-GVTg_V5_4/name", NULL);
    g_assert_cmpint(unlink(type), ==, 0);
    g_assert_cmpint(symlink("name", type), ==, 0); /* a loop */
    g_autoptr(MdevFacts) facts = mdev_facts_read(fake.root);
    g_assert_cmpuint(facts->parents->len, ==, 1);
    check_type(facts->parents->pdata[0], "i915-GVTg_V5_4", 0, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/facts-mdev/gvt", test_gvt);
    g_test_add_func("/facts-mdev/samples", test_samples);
    g_test_add_func("/facts-mdev/nothing", test_nothing);
    g_test_add_func("/facts-mdev/without-class", test_without_class);
    g_test_add_func("/facts-mdev/counts", test_counts);
    g_test_add_func("/facts-mdev/wild-texts", test_wild_texts);
    g_test_add_func("/facts-mdev/dangling", test_dangling);
    return g_test_run();
}
