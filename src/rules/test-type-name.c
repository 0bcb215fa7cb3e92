/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/type-name.h"

static void test_names(void)
{
    static const struct {
        const char *id, *wanted;
        gboolean matches;
    } rows[] = {
        { "i915-GVTg_V5_4", "i915-GVTg_V5_4", TRUE },
        { "i915-GVTg_V5_4", "GVTg_V5_4", TRUE },
        { "i915-GVTg_V5_4", "V5_4", TRUE },
        { "i915-GVTg_V5_4", "4", FALSE },
        { "i915-GVTg_V5_4", "5_4", FALSE },
        { "i915-GVTg_V5_4", "V5_8", FALSE },
        { "i915-GVTg_V5_4", "v5_4", FALSE },
        { "i915-GVTg_V5_4", "-GVTg_V5_4", FALSE },
        { "i915-GVTg_V5_4", "", FALSE },
        { "i915-GVTg_V5_4", NULL, FALSE },
        { NULL, "V5_4", FALSE },
        { "V5_4", "i915-GVTg_V5_4", FALSE },
        { "mbochs-small", "small", TRUE },
        { "mtty-1", "mtty-1", TRUE },
        { "mtty-1", "1", FALSE },
        { "nvidia-35", "35", FALSE },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(type_matches(rows[i].id, rows[i].wanted), ==, rows[i].matches);
}

/* NVIDIA's types are numbers to the kernel and names to people */
static void test_driver_name(void)
{
    MdevType type = { .id = (char *)"nvidia-35", .name = (char *)"GRID M60-0Q" };
    g_assert_true(mdev_type_matches(&type, "GRID M60-0Q"));
    g_assert_true(mdev_type_matches(&type, "nvidia-35"));
    g_assert_false(mdev_type_matches(&type, "GRID M60"));
    type.name = NULL;
    g_assert_false(mdev_type_matches(&type, "GRID M60-0Q"));
    g_assert_false(mdev_type_matches(&type, NULL));
}

/* a name that is whole comes before one that is the end of another */
static void test_whole_name_first(void)
{
    MdevType longer = { .id = (char *)"a-type-x" }, whole = { .id = (char *)"type-x" };
    g_autoptr(GPtrArray) types = g_ptr_array_new();
    g_ptr_array_add(types, &longer);
    g_ptr_array_add(types, &whole);
    const MdevParent parent = { .types = types };
    g_assert_true(mdev_match_type(&parent, "type-x") == &whole);
    g_assert_true(mdev_match_type(&parent, "x") == &longer);
    g_assert_null(mdev_match_type(&parent, "y"));
    g_assert_null(mdev_match_type(&(MdevParent){ 0 }, "x"));
}

static void test_short_name(void)
{
    g_assert_cmpstr(type_short_name("i915-GVTg_V5_4"), ==, "V5_4");
    g_assert_cmpstr(type_short_name("mbochs-small"), ==, "mbochs-small");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/type-name/names", test_names);
    g_test_add_func("/type-name/driver-name", test_driver_name);
    g_test_add_func("/type-name/whole-name-first", test_whole_name_first);
    g_test_add_func("/type-name/short-name", test_short_name);
    return g_test_run();
}
