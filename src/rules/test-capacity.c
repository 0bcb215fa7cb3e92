/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/capacity.h"

#include "base/json.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/sample-gvt.h"

#define GPU SAMPLE_GVT_GPU
#define TYPES "/sys/devices/pci0000:00/" GPU "/mdev_supported_types/"

static HostFacts *read_facts(const Root *root)
{
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    g_autoptr(GError) error = NULL;
    HostFacts *facts = host_facts_read(root, NULL, &request, &error);
    g_assert_no_error(error);
    return facts;
}

static void check_row(const CapacityParent *parent, const char *type, int available, int creatable,
                      int live, int total, const char *why)
{
    const CapacityType *row = capacity_find(parent, type);
    g_assert_nonnull(row);
    g_assert_cmpint(row->available, ==, available);
    g_assert_cmpint(row->creatable, ==, creatable);
    g_assert_cmpint(row->live, ==, live);
    g_assert_cmpint(row->total, ==, total);
    g_assert_cmpstr(row->why, ==, why);
}

#define ADVICE "Aperture size 1024 MB, GTT 8 MB in the firmware"

static void test_gvt(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g-live");
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    g_assert_cmpuint(rows->len, ==, 1);
    const CapacityParent *parent = rows->pdata[0];
    g_assert_cmpstr(parent->parent, ==, GPU);
    g_assert_true(parent->gvt);
    g_assert_cmpint(parent->aperture_mb, ==, 256);
    g_assert_cmpint(parent->gtt_mb, ==, 8);
    g_assert_false(parent->gtt_inferred);
    g_assert_cmpstr(parent->usage, ==,
                    "aperture 128 of 128 MB, hidden 768 of 3456 MB, 2 of 7 vGPUs");
    g_assert_cmpuint(parent->types->len, ==, 4);
    check_row(parent, "i915-GVTg_V5_8", 0, 0, 2, 2,
              "of 128 MB aperture for vGPUs 128 MB are taken, and one takes 64 MB; remove a vGPU, "
              "or set " ADVICE);
    check_row(
        parent, "i915-GVTg_V5_2", -1, 0, 0, 0,
        "an aperture of 256 MB has 128 MB for vGPUs, and one takes 256 MB of it; set " ADVICE);
    g_assert_false(capacity_find(parent, "i915-GVTg_V5_2")->listed);
    g_assert_cmpstr(capacity_find(parent, "i915-GVTg_V5_4")->limit, ==, "aperture");
}

/* As a user, who cannot read the size of the GTT: the counts tell. */
static void test_inferred(void)
{
    g_auto(FakeRoot) fake = fake_root_new("gvt-g");
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    const CapacityParent *parent = rows->pdata[0];
    g_assert_cmpint(parent->gtt_mb, ==, 8);
    g_assert_true(parent->gtt_inferred);
    check_row(parent, "i915-GVTg_V5_4", 1, 1, 0, 1, NULL);

    fake_root_put(&fake, TYPES "i915-GVTg_V5_4/available_instances", "0\n");
    fake_root_put(&fake, TYPES "i915-GVTg_V5_8/available_instances", "1\n");
    g_autoptr(HostFacts) small = read_facts(fake.root);
    g_autoptr(GPtrArray) small_rows = capacity_of(small);
    parent = small_rows->pdata[0];
    g_assert_cmpint(parent->gtt_mb, ==, 2);
    check_row(parent, "i915-GVTg_V5_4", 0, 0, 0, 0,
              "a GTT of 2 MB maps 1024 MB of graphics memory; behind the aperture of 256 MB that "
              "is 384 MB for vGPUs, and one takes 512 MB; set " ADVICE);

    /* no size of the GTT gives this: what the driver says is all we know */
    fake_root_put(&fake, TYPES "i915-GVTg_V5_4/available_instances", "5\n");
    g_autoptr(HostFacts) strange = read_facts(fake.root);
    g_autoptr(GPtrArray) strange_rows = capacity_of(strange);
    parent = strange_rows->pdata[0];
    g_assert_false(parent->gvt);
    check_row(parent, "i915-GVTg_V5_4", 5, 5, 0, 5, NULL);
    g_assert_true(capacity_find(parent, "i915-GVTg_V5_4")->estimate);
}

static const char *why_at(guint aperture_mb, int gmch, int shown, gsize size)
{
    static char *why;
    const int available[GVT_SIZES] = { shown, shown, shown, shown };
    g_autoptr(HostFacts) facts = sample_gvt(aperture_mb, gmch, available);
    g_autofree char *type = gvt_type_id("Coffee Lake", &gvt_sizes[size]);
    g_free(why);
    return why = capacity_why_none(facts, GPU, type);
}

/* A count that has overflowed is not one of vGPUs that can be made. */
static void test_overflow(void)
{
    g_assert_cmpstr(why_at(4096, SAMPLE_GTT_8, 7, 0), ==,
                    "a GTT of 8 MB maps 4096 MB of graphics memory; behind the aperture of 4096 MB "
                    "that is 0 MB for vGPUs, and one takes 384 MB (the driver's count has "
                    "overflowed: none can be made); set " ADVICE);
    g_assert_cmpstr(why_at(1024, SAMPLE_GTT_2, 3, 2), ==,
                    "a GTT of 2 MB maps 1024 MB of graphics memory; behind the aperture of 1024 MB "
                    "that is 0 MB for vGPUs, and one takes 1024 MB (the driver's count has "
                    "overflowed: none can be made); set " ADVICE);
    const int shown[GVT_SIZES] = { 7, 7, 3, 1 };
    g_autoptr(HostFacts) facts = sample_gvt(2048, SAMPLE_GTT_4, shown);
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    const CapacityType *row = capacity_find(rows->pdata[0], "i915-GVTg_V5_8");
    g_assert_cmpint(row->available, ==, 7);
    g_assert_cmpint(row->creatable, ==, 0);
    g_assert_cmpint(row->total, ==, 0);
}

static void test_hidden(void)
{
    g_assert_cmpstr(why_at(2048, SAMPLE_GTT_8, 0, 3), ==,
                    "a GTT of 8 MB maps 4096 MB of graphics memory; behind the aperture of 2048 MB "
                    "that is 1664 MB for vGPUs, and one takes 2048 MB; set " ADVICE);
    g_assert_cmpstr(why_at(1024, SAMPLE_GTT_4, 0, 2), ==,
                    "a GTT of 4 MB maps 2048 MB of graphics memory; behind the aperture of 1024 MB "
                    "that is 640 MB for vGPUs, and one takes 1024 MB; set " ADVICE);
}

/* At the best setting there is no better one to tell of. */
static void test_fences(void)
{
    const int shown[GVT_SIZES] = { 0, 0, 0, 0 };
    g_autoptr(HostFacts) facts = sample_gvt(1024, SAMPLE_GTT_8, shown);
    sample_gvt_add(facts, 7, "i915-GVTg_V5_8");
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    check_row(rows->pdata[0], "i915-GVTg_V5_8", 0, 0, 7, 7,
              "a GPU has 7 vGPUs at most (28 fences, 4 for each), and 7 live; remove a vGPU");
    g_assert_cmpstr(capacity_find(rows->pdata[0], "i915-GVTg_V5_8")->limit, ==, "fences");

    g_autoptr(HostFacts) large = sample_gvt(1024, SAMPLE_GTT_8, shown);
    sample_gvt_add(large, 2, "i915-GVTg_V5_2");
    g_autofree char *why = capacity_why_none(large, GPU, "i915-GVTg_V5_2");
    g_assert_cmpstr(why, ==,
                    "of 2688 MB hidden graphics memory for vGPUs 2048 MB are taken, and one takes "
                    "1024 MB; remove a vGPU");
}

/* The driver has fewer than the arithmetic: it knows more than we. */
static void test_driver_says_none(void)
{
    g_assert_cmpstr(why_at(256, SAMPLE_GTT_8, 0, 0), ==,
                    "the driver offers none, though no device of it lives; its messages in the "
                    "kernel log (dmesg) may say why");
}

static void test_samples(void)
{
    g_auto(FakeRoot) fake = fake_root_new("mdev-samples");
    fake_root_put(&fake,
                  "/sys/devices/virtual/mdpy/mdpy/mdev_supported_types/mdpy-hd/available_instances",
                  "0\n");
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    g_assert_cmpuint(rows->len, ==, 3);
    check_row(rows->pdata[0], "mbochs-large", 3, 3, 1, 4, NULL);
    check_row(rows->pdata[1], "mdpy-hd", 0, 0, 1, 1,
              "all are used: 1 of this type and 0 of others live; remove one");
    check_row(rows->pdata[2], "mtty-1", 22, 22, 0, 22, NULL);
    g_assert_true(capacity_find(rows->pdata[2], "mtty-1")->estimate);
    g_assert_false(capacity_find(rows->pdata[1], "mdpy-hd")->estimate);
}

static void check_what_if(const HostFacts *facts, guint aperture, guint gtt, const int *totals)
{
    g_autoptr(GPtrArray) rows = capacity_what_if(facts, aperture, gtt);
    g_assert_cmpuint(rows->len, ==, 1);
    for (gsize i = 0; i < GVT_SIZES; i++) {
        g_autofree char *type = gvt_type_id("Coffee Lake", &gvt_sizes[i]);
        const CapacityType *row = capacity_find(rows->pdata[0], type);
        g_assert_cmpint(row->creatable, ==, MAX(totals[i], 0));
        g_assert_cmpint(row->total, ==, MAX(totals[i], 0));
        g_assert_cmpint(row->listed, ==, totals[i] >= 0);
        g_assert_cmpint(row->why != NULL, ==, totals[i] <= 0);
    }
}

/* of a GPU on which GVT-g is not switched on, too */
static void test_what_if(void)
{
    g_auto(FakeRoot) fake = fake_root_new("notes-machine");
    g_autoptr(HostFacts) facts = read_facts(fake.root);
    check_what_if(facts, 1024, 8, (const int[]){ 7, 5, 2, 1 });
    check_what_if(facts, 0, 0, (const int[]){ 2, 1, -1, -1 });
    check_what_if(facts, 0, 2, (const int[]){ 1, 0, -1, -1 });
    check_what_if(facts, 4096, 8, (const int[]){ 0, 0, 0, 0 });
    check_what_if(facts, 128, 8, (const int[]){ -1, -1, -1, -1 });

    g_auto(FakeRoot) other = fake_root_new("nvidia");
    g_autoptr(HostFacts) others = read_facts(other.root);
    g_autoptr(GPtrArray) rows = capacity_what_if(others, 1024, 8);
    g_assert_cmpuint(rows->len, ==, 0);
}

/* A facts file may leave out what a machine always yields. */
static void test_bare_facts(void)
{
    static const char text[] = "{\"version\":1,\"gpus\":[{}],\"mdev\":{\"parents\":[{},{\"name\":"
                               "\"x\",\"driver\":\"i915\",\"types\":[{}]}],\"devices\":[{}]}}";
    g_autoptr(json_t) document = json_loads(text, 0, NULL);
    g_autoptr(HostFacts) facts = record_from_json(&host_facts_type, document, NULL);
    g_assert_nonnull(facts);
    g_autoptr(GPtrArray) rows = capacity_of(facts);
    g_assert_cmpuint(rows->len, ==, 2);
    g_autoptr(GPtrArray) none = capacity_what_if(facts, 1024, 8);
    g_assert_cmpuint(none->len, ==, 0);
    g_assert_null(capacity_why_none(facts, "y", "z"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/capacity/gvt", test_gvt);
    g_test_add_func("/capacity/inferred", test_inferred);
    g_test_add_func("/capacity/overflow", test_overflow);
    g_test_add_func("/capacity/hidden", test_hidden);
    g_test_add_func("/capacity/fences", test_fences);
    g_test_add_func("/capacity/driver-says-none", test_driver_says_none);
    g_test_add_func("/capacity/samples", test_samples);
    g_test_add_func("/capacity/what-if", test_what_if);
    g_test_add_func("/capacity/bare-facts", test_bare_facts);
    return g_test_run();
}
