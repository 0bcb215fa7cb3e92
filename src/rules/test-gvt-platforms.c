/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/gvt-platforms.h"

static void test_generations(void)
{
    g_assert_cmpstr(gvt_generation(0x1616), ==, "Broadwell");
    g_assert_cmpstr(gvt_generation(0x193d), ==, "Skylake");
    g_assert_cmpstr(gvt_generation(0x5a85), ==, "Broxton");
    g_assert_cmpstr(gvt_generation(0x87c0), ==, "Kaby Lake");
    g_assert_cmpstr(gvt_generation(0x3e98), ==, "Coffee Lake");
    g_assert_cmpstr(gvt_generation(0x9bcc), ==, "Comet Lake");
}

/* Cherryview, Gemini Lake, Ice Lake, Tiger Lake, Alder Lake: asked for again and again */
static void test_others(void)
{
    static const int ids[] = { 0x22b1, 0x3184, 0x3185, 0x8a52, 0x9a49, 0x46a6, 0x56a0, 0x0412, 0 };
    for (gsize i = 0; i < G_N_ELEMENTS(ids); i++)
        g_assert_null(gvt_generation(ids[i]));
}

static void test_gtt(void)
{
    g_assert_cmpuint(gvt_gtt_bytes(0x01c1), ==, 8 << 20);
    g_assert_cmpuint(gvt_gtt_bytes(0x0181), ==, 4 << 20);
    g_assert_cmpuint(gvt_gtt_bytes(0x0141), ==, 2 << 20);
    g_assert_cmpuint(gvt_gtt_bytes(0x0101), ==, 0);
    g_assert_cmpuint(gvt_gtt_bytes(-1), ==, 0);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/gvt-platforms/generations", test_generations);
    g_test_add_func("/gvt-platforms/others", test_others);
    g_test_add_func("/gvt-platforms/gtt", test_gtt);
    return g_test_run();
}
