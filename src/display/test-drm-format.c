/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/drm-format.h"

#include <string.h>

static guint32 fourcc(const char *name)
{
    guint32 format;
    memcpy(&format, name, 4);
    return GUINT32_FROM_LE(format);
}

static void test_formats(void)
{
    static const struct {
        const char *name;
        guint bytes;
        guint8 red[4]; /* a pixel of 0xff0408: in memory */
    } rows[] = {
        { "XR24", 4, { 0x08, 0x04, 0xff, 0x55 } },
        { "AR24", 4, { 0x08, 0x04, 0xff, 0x80 } },
        { "XB24", 4, { 0xff, 0x04, 0x08, 0x55 } },
        { "AB24", 4, { 0xff, 0x04, 0x08, 0x80 } },
        { "RG16", 2, { 0x21, 0xf8 } },
        { "XR30", 4, { 0x20, 0x40, 0xc0, 0x3f } },
        { "AR30", 4, { 0x20, 0x40, 0xc0, 0xff } },
        { "XB30", 4, { 0xfc, 0x43, 0x00, 0x02 } },
        { "AB30", 4, { 0xfc, 0x43, 0x00, 0xc2 } },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 format = fourcc(rows[i].name), pixels[4] = { 0, 0, 0, 0xdeadbeef };
        guint8 row[1 + sizeof pixels] = { 0 }; /* not aligned */
        for (gsize x = 0; x < 3; x++)
            memcpy(row + 1 + x * rows[i].bytes, rows[i].red, rows[i].bytes);
        g_autofree char *name = drm_format_name(format);
        g_assert_cmpstr(name, ==, rows[i].name);
        g_assert_cmpuint(drm_format_bytes(format), ==, rows[i].bytes);
        g_assert_true(drm_format_convert_row(format, row + 1, 3, pixels));
        for (gsize x = 0; x < 3; x++)
            g_assert_cmphex(pixels[x] & 0xffffff, ==, 0xff0408);
        g_assert_cmphex(pixels[3], ==, 0xdeadbeef);
    }
}

/* a guest's cursor needs it */
static void test_alpha(void)
{
    static const guint8 pixel[] = { 1, 2, 3, 0x80 };
    guint32 converted;
    g_assert_true(drm_format_convert_row(fourcc("AR24"), pixel, 1, &converted));
    g_assert_cmphex(converted, ==, 0x80030201);
    g_assert_true(drm_format_convert_row(fourcc("AB24"), pixel, 1, &converted));
    g_assert_cmphex(converted, ==, 0x80010203);
}

static void test_unknown(void)
{
    guint32 pixel;
    g_assert_false(drm_format_convert_row(0x1, (const guint8 *)"1234", 1, &pixel));
    g_assert_cmpuint(drm_format_bytes(0x1), ==, 0);
    g_assert_false(drm_format_is_native(0x1));
    g_autofree char *odd = drm_format_name(0x1);
    g_assert_cmpstr(odd, ==, "0x1");
}

/* what is said to be native must be what is converted to */
static void test_native(void)
{
    static const char *const names[] = { "XR24", "AR24", "XB24", "RG16", "XR30" };
    static const guint8 row[] = { 1, 2, 3, 4 };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        guint32 converted;
        g_assert_true(drm_format_convert_row(fourcc(names[i]), row, 1, &converted));
        gboolean same =
            drm_format_bytes(fourcc(names[i])) == 4 && memcmp(&converted, row, sizeof row) == 0;
        g_assert_cmpint(drm_format_is_native(fourcc(names[i])), ==, same);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/drm-format/formats", test_formats);
    g_test_add_func("/drm-format/alpha", test_alpha);
    g_test_add_func("/drm-format/unknown", test_unknown);
    g_test_add_func("/drm-format/native", test_native);
    return g_test_run();
}
