/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/mix-fit.h"

#include <string.h>

#include "base/error.h"
#include "tests/lib/fake-root.h"
#include "tests/lib/sample-gvt.h"

static void check_parse(const char *text, const char *expected)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) mix = mix_parse(text, &error);
    if (expected == NULL) {
        g_assert_null(mix);
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
        return;
    }
    g_assert_no_error(error);
    g_autofree char *again = mix_to_text(mix);
    g_assert_cmpstr(again, ==, expected);
}

static void test_parse(void)
{
    check_parse("V5_4=1,V5_8=2", "V5_4=1,V5_8=2");
    check_parse(" i915-GVTg_V5_4 = 3 , mtty-1 ", "V5_4=3,mtty-1=1");
    check_parse("V5_4,V5_4=2", "V5_4=3");
    check_parse("V5_4=10000,V5_4=10000", "V5_4=10000");
    static const char *const wrong[] = { "",       ",",       "=",       "=1",
                                         "V5_4=",  "V5_4=0",  "V5_4=-1", "V5_4=x",
                                         "V5_4,,", "V5_4=1x", "V5_4=+1", "V5_4=99999" };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        check_parse(wrong[i], NULL);
    check_parse("a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", NULL);
}

static MixFit *fit_of(const HostFacts *facts, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) mix = mix_parse(text, &error);
    g_assert_no_error(error);
    g_autoptr(GPtrArray) parents = capacity_of(facts);
    return mix_fit(facts, parents, mix);
}

static void check_mix(const GPtrArray *mix, const char *expected)
{
    g_autofree char *text = mix != NULL ? mix_to_text(mix) : g_strdup("");
    g_assert_cmpstr(text, ==, expected);
}

static void check_fit(const HostFacts *facts, const char *text, gboolean now, gboolean empty,
                      const char *why, const char *smaller, const char *fewer)
{
    MixFit *fit = fit_of(facts, text);
    g_assert_cmpint(fit->fits, ==, now);
    g_assert_cmpint(fit->fits_empty, ==, empty);
    g_assert_cmpstr(fit->why, ==, why);
    check_mix(fit->smaller, smaller);
    check_mix(fit->fewer, fewer);
    record_free(&mix_fit_type, fit);
}

/* The notes' machine: 128 MB of its aperture are for vGPUs. */
static void test_gvt(void)
{
    g_autoptr(HostFacts) facts = sample_gvt(256, SAMPLE_GTT_8, (const int[]){ 2, 1, -1, -1 });
    check_fit(facts, "V5_4=1", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "V5_8=2", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "V5_4=1,V5_8=1", FALSE, FALSE,
              "aperture: 192 MB wanted, 128 of 128 MB left; set Aperture size 512 MB, GTT 8 MB in "
              "the firmware, and it fits",
              "V5_8=2", "V5_4=1");
    check_fit(facts, "V5_2", FALSE, FALSE,
              "aperture: 256 MB wanted, 128 of 128 MB left; set Aperture size 512 MB, GTT 8 MB in "
              "the firmware, and it fits",
              "V5_4=1", "");
    check_fit(facts, "V5_1=2", FALSE, FALSE,
              "aperture: 1024 MB wanted, 128 of 128 MB left, hidden graphics memory: 4096 MB "
              "wanted, 3456 of 3456 MB left; it does not fit on this host at all",
              "V5_8=2", "");
    check_fit(facts, "V5_9=1", FALSE, FALSE,
              "nothing on this host offers V5_9; there is i915-GVTg_V5_8, i915-GVTg_V5_4", "", "");
}

static void test_gvt_used(void)
{
    g_autoptr(HostFacts) facts = sample_gvt(1024, SAMPLE_GTT_8, (const int[]){ 3, 2, 0, 0 });
    sample_gvt_add(facts, 1, "i915-GVTg_V5_2");
    sample_gvt_add(facts, 1, "i915-GVTg_V5_4");
    check_fit(facts, "V5_4=1,V5_8=1", TRUE, TRUE, NULL, "", "");
    /* smaller ones do not fit either: five take 1920 MB of what is hidden */
    check_fit(facts, "V5_4=5", FALSE, TRUE,
              "aperture: 640 MB wanted, 512 of 896 MB left, hidden graphics memory: 2560 MB "
              "wanted, 1152 of 2688 MB left; remove vGPUs (vgpuctl list), and it fits",
              "", "V5_4=2");
    check_fit(facts, "V5_8=8", FALSE, FALSE,
              "hidden graphics memory: 3072 MB wanted, 1152 of 2688 MB left, vGPUs: 8 wanted, 5 of "
              "7 left; it does not fit on this host at all",
              "", "V5_8=3");
}

/* What every small mix can do, by the arithmetic of making them one by one. */
static void test_every_mix(void)
{
    static const struct {
        guint aperture_mb;
        int gmch;
        guint gtt_mb;
        int available[GVT_SIZES];
    } hosts[] = {
        { 256, SAMPLE_GTT_8, 8, { 2, 1, -1, -1 } }, { 512, SAMPLE_GTT_4, 4, { 3, 2, 1, -1 } },
        { 1024, SAMPLE_GTT_8, 8, { 7, 5, 2, 1 } },  { 2048, SAMPLE_GTT_8, 8, { 4, 3, 1, 0 } },
        { 4096, SAMPLE_GTT_8, 8, { 7, 7, 3, 1 } },
    };
    for (gsize h = 0; h < G_N_ELEMENTS(hosts); h++) {
        g_autoptr(HostFacts) facts =
            sample_gvt(hosts[h].aperture_mb, hosts[h].gmch, hosts[h].available);
        for (int code = 1; code < 256; code++) {
            const int counts[GVT_SIZES] = { code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 };
            GvtBudget budget = gvt_budget(hosts[h].aperture_mb, hosts[h].gtt_mb);
            gboolean fits = TRUE;
            for (int i = 0; i < GVT_SIZES; i++) {
                for (int n = 0; n < counts[i]; n++) {
                    fits = fits && gvt_budget_creatable(&budget, &gvt_sizes[i].need) > 0;
                    gvt_budget_take(&budget, &gvt_sizes[i].need, 1);
                }
            }
            g_autofree char *text = g_strdup_printf("V5_8=%d,V5_4=%d,V5_2=%d,V5_1=%d", counts[0],
                                                    counts[1], counts[2], counts[3]);
            g_autoptr(GString) mix = g_string_new(NULL);
            for (int i = 0; i < GVT_SIZES; i++)
                if (counts[i] > 0)
                    g_string_append_printf(mix, "%sV5_%s=%d", mix->len > 0 ? "," : "",
                                           gvt_sizes[i].size, counts[i]);
            MixFit *fit = fit_of(facts, mix->str);
            g_test_message("%u MB: %s: %s", hosts[h].aperture_mb, text, fit->why);
            g_assert_cmpint(fit->fits, ==, fits);
            g_assert_cmpint(fit->fits_empty, ==, fits);
            g_assert_cmpint(fit->why != NULL, ==, !fits);
            record_free(&mix_fit_type, fit);
        }
    }
}

/* Two GPUs: a mix may be spread over both. */
static void test_two_parents(void)
{
    g_autoptr(HostFacts) facts = sample_gvt(256, SAMPLE_GTT_8, (const int[]){ 2, 1, -1, -1 });
    g_autoptr(HostFacts) second = sample_gvt(256, SAMPLE_GTT_8, (const int[]){ 2, 1, -1, -1 });
    Gpu *gpu = g_ptr_array_steal_index(second->gpus, 0);
    MdevParent *parent = g_ptr_array_steal_index(second->mdev->parents, 0);
    g_free(gpu->bdf);
    g_free(parent->name);
    gpu->bdf = g_strdup("0000:03:00.0");
    parent->name = g_strdup("0000:03:00.0");
    g_ptr_array_add(facts->gpus, gpu);
    g_ptr_array_add(facts->mdev->parents, parent);
    check_fit(facts, "V5_4=1,V5_8=2", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "V5_8=4", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "V5_4=2,V5_8=1", FALSE, FALSE,
              "V5_4: 2 wanted, 2 left, V5_8: 1 wanted, 4 left, and types share what a device has; "
              "set Aperture size 512 MB, GTT 8 MB in the firmware, and it fits",
              "V5_8=2,V5_4=1", "V5_4=2");
}

/* mtty has 24 ports, of which a vGPU of mtty-2 lives; mbochs and mdpy share likewise */
static void test_samples(void)
{
    g_auto(FakeRoot) fake = fake_root_new("mdev-samples");
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    g_autoptr(HostFacts) facts = host_facts_read(fake.root, NULL, &request, NULL);
    check_fit(facts, "mtty-1=20,mtty-2=1", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "mtty-2=11,mbochs-large=3,mdpy-hd=3", TRUE, TRUE, NULL, "", "");
    check_fit(facts, "mtty-2=12", FALSE, TRUE,
              "mtty-2: 12 wanted, 11 left; remove vGPUs (vgpuctl list), and it fits", "",
              "mtty-2=11");
    check_fit(facts, "mtty-1=21,mtty-2=1", FALSE, FALSE,
              "mtty-1: 21 wanted, 22 left, mtty-2: 1 wanted, 11 left, and types share what a "
              "device has; it does not fit on this host at all",
              "", "mtty-1=20,mtty-2=1");
    check_fit(facts, "large=10000", FALSE, FALSE,
              "mbochs-large: 10000 wanted, 3 left; it does not fit on this host at all", "",
              "mbochs-large=3");
}

static void test_nothing(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    const FactsRequest request = { .parts = FACTS_PCI | FACTS_MDEV };
    g_autoptr(HostFacts) facts = host_facts_read(fake.root, NULL, &request, NULL);
    check_fit(facts, "V5_4", FALSE, FALSE,
              "nothing on this host offers mediated devices; vgpuctl types says why", "", "");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mix-fit/parse", test_parse);
    g_test_add_func("/mix-fit/gvt", test_gvt);
    g_test_add_func("/mix-fit/gvt-used", test_gvt_used);
    g_test_add_func("/mix-fit/every-mix", test_every_mix);
    g_test_add_func("/mix-fit/two-parents", test_two_parents);
    g_test_add_func("/mix-fit/samples", test_samples);
    g_test_add_func("/mix-fit/nothing", test_nothing);
    return g_test_run();
}
