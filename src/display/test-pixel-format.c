/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels against what RFC 6143 says of them, worked out by hand. */
#include "display/pixel-format.h"

#include <string.h>

#include "base/error.h"

/* clang-format off */
static const struct {
    const char *name;
    guint8 wire[PIXEL_FORMAT_WIRE_BYTES];
    guint8 plain[4];        /* a pixel of 0xff8001 */
    guint plain_bytes;
    guint8 tpixel[4];
    guint tpixel_bytes;
    guint8 cpixel[4];
    guint cpixel_bytes;
} formats[] = {
    { "bgrx", { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 },
      { 0x01, 0x80, 0xff, 0x00 }, 4, { 0xff, 0x80, 0x01 }, 3, { 0x01, 0x80, 0xff }, 3 },
    { "xrgb", { 32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 },
      { 0x00, 0xff, 0x80, 0x01 }, 4, { 0xff, 0x80, 0x01 }, 3, { 0xff, 0x80, 0x01 }, 3 },
    { "rgbx", { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 0, 8, 16 },
      { 0xff, 0x80, 0x01, 0x00 }, 4, { 0xff, 0x80, 0x01 }, 3, { 0xff, 0x80, 0x01 }, 3 },
    { "upper three", { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 24, 16, 8 },
      { 0x00, 0x01, 0x80, 0xff }, 4, { 0xff, 0x80, 0x01 }, 3, { 0x01, 0x80, 0xff }, 3 },
    { "upper three, big endian", { 32, 24, 1, 1, 0, 255, 0, 255, 0, 255, 24, 16, 8 },
      { 0xff, 0x80, 0x01, 0x00 }, 4, { 0xff, 0x80, 0x01 }, 3, { 0xff, 0x80, 0x01 }, 3 },
    { "depth 32", { 32, 32, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 },
      { 0x01, 0x80, 0xff, 0x00 }, 4, { 0x01, 0x80, 0xff, 0x00 }, 4, { 0x01, 0x80, 0xff, 0x00 }, 4 },
    { "10 bits", { 32, 30, 0, 1, 3, 255, 3, 255, 3, 255, 20, 10, 0 },
      { 0x04, 0x08, 0xf8, 0x3f }, 4, { 0x04, 0x08, 0xf8, 0x3f }, 4, { 0x04, 0x08, 0xf8, 0x3f }, 4 },
    { "565", { 16, 16, 0, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0 },
      { 0x00, 0xfc }, 2, { 0x00, 0xfc }, 2, { 0x00, 0xfc }, 2 },
    { "565, big endian", { 16, 16, 1, 1, 0, 31, 0, 63, 0, 31, 11, 5, 0 },
      { 0xfc, 0x00 }, 2, { 0xfc, 0x00 }, 2, { 0xfc, 0x00 }, 2 },
    { "bgr233", { 8, 8, 0, 1, 0, 7, 0, 7, 0, 3, 0, 3, 6 },
      { 0x27 }, 1, { 0x27 }, 1, { 0x27 }, 1 },
};
/* clang-format on */

static PixelFormat format_of(gsize i)
{
    PixelFormat format;
    g_autoptr(GError) error = NULL;
    g_assert_true(pixel_format_read(formats[i].wire, &format, &error));
    g_assert_no_error(error);
    return format;
}

static void test_wire(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        PixelFormat format = format_of(i);
        guint8 wire[PIXEL_FORMAT_WIRE_BYTES];
        pixel_format_write(&format, wire);
        g_assert_cmpmem(wire, sizeof wire, formats[i].wire, sizeof wire);
        for (gsize j = 0; j < G_N_ELEMENTS(formats); j++) {
            PixelFormat other = format_of(j);
            g_assert_cmpint(pixel_format_equal(&format, &other), ==, i == j);
        }
    }
}

static void check(const PixelFormat *format, gboolean compact, gboolean tight,
                  const guint8 *expected, guint bytes)
{
    /* the X byte means nothing, and how many there are makes no difference to any of them */
    guint32 pixels[37];
    for (gsize n = 0; n <= G_N_ELEMENTS(pixels); n++) {
        guint8 result[sizeof pixels + 1];
        memset(result, 0xa5, sizeof result);
        for (gsize i = 0; i < n; i++)
            pixels[i] = 0xff8001;
        if (compact)
            pixel_format_convert_compact(format, tight, pixels, n, result);
        else
            pixel_format_convert(format, pixels, n, result);
        for (gsize i = 0; i < n; i++)
            g_assert_cmpmem(result + i * bytes, bytes, expected, bytes);
        g_assert_cmphex(result[n * bytes], ==, 0xa5);
    }
}

static void test_convert(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_test_message("%s", formats[i].name);
        PixelFormat format = format_of(i);
        check(&format, FALSE, FALSE, formats[i].plain, formats[i].plain_bytes);
        g_assert_cmpuint(pixel_format_compact_bytes(&format, TRUE), ==, formats[i].tpixel_bytes);
        check(&format, TRUE, TRUE, formats[i].tpixel, formats[i].tpixel_bytes);
        g_assert_cmpuint(pixel_format_compact_bytes(&format, FALSE), ==, formats[i].cpixel_bytes);
        check(&format, TRUE, FALSE, formats[i].cpixel, formats[i].cpixel_bytes);
    }
}

/* a viewer that sends the X byte back must not find the guest's memory in it where we convert */
static void test_x_byte(void)
{
    const guint32 pixel = 0xee112233;
    guint8 bytes[4];
    PixelFormat swapped = format_of(2);
    pixel_format_convert(&swapped, &pixel, 1, bytes);
    g_assert_cmpmem(bytes, 4, "\x11\x22\x33\x00", 4);
}

static void test_refusals(void)
{
    static const guint8 bad[][PIXEL_FORMAT_WIRE_BYTES] = {
        { 32, 24, 0, 0, 0, 255, 0, 255, 0, 255, 16, 8, 0 },  /* a colour map */
        { 24, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 },  /* bits */
        { 0, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0 },   /* no bits */
        { 32, 24, 0, 1, 0, 254, 0, 255, 0, 255, 16, 8, 0 },  /* not all bits of a colour */
        { 32, 24, 0, 1, 0, 0, 0, 255, 0, 255, 16, 8, 0 },    /* no red */
        { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 9, 0 },  /* two in one bit */
        { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 25, 8, 0 },  /* beyond the upper end */
        { 32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 255, 8, 0 }, /* far beyond it */
        { 16, 16, 0, 1, 255, 255, 0, 1, 0, 1, 1, 0, 0 },     /* too wide */
        { 8, 8, 0, 1, 0, 7, 0, 7, 0, 7, 0, 3, 6 },           /* nine bits of eight */
    };
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
        PixelFormat format = { .bits = 99 };
        g_autoptr(GError) error = NULL;
        g_assert_false(pixel_format_read(bad[i], &format, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_cmpuint(format.bits, ==, 99);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pixel-format/wire", test_wire);
    g_test_add_func("/pixel-format/convert", test_convert);
    g_test_add_func("/pixel-format/x-byte", test_x_byte);
    g_test_add_func("/pixel-format/refusals", test_refusals);
    return g_test_run();
}
