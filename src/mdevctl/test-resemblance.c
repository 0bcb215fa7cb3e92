/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/resemblance.h"

/* From the documentation of strsim 0.10 and from Jaro's and Winkler's papers. */
static void test_measure(void)
{
    static const struct {
        const char *a, *b;
        double alike;
    } rows[] = {
        { "", "", 1 },
        { "", "a", 0 },
        { "a", "b", 0 },
        { "a", "a", 1 },
        { "abc", "xyz", 0 },
        { "MARTHA", "MARHTA", 0.961 },
        { "cheeseburger", "cheese fries", 0.911 },
        { "\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9", 1 },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpfloat_with_epsilon(resemblance(rows[i].a, rows[i].b), rows[i].alike, 0.001);
}

static void test_choice(void)
{
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    static const char *const verbs[] = { "define", "start", "stop", "start-parent-mdevs" };
    for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
        g_ptr_array_add(words, (gpointer)verbs[i]);
    g_autoptr(GPtrArray) near = resemblance_choose("stat", words);
    g_assert_cmpuint(near->len, ==, 2);
    g_assert_cmpstr(near->pdata[0], ==, "start-parent-mdevs");
    g_assert_cmpstr(near->pdata[1], ==, "start");
    g_autoptr(GPtrArray) none = resemblance_choose("list", words);
    g_assert_cmpuint(none->len, ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/resemblance/measure", test_measure);
    g_test_add_func("/resemblance/choice", test_choice);
    return g_test_run();
}
