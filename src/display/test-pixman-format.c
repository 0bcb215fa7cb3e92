/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/pixman-format.h"

#include <string.h>

/* one pixel, as a word of this machine, and what it looks like */
static const struct {
    const char *name;
    guint32 number, word, pixel;
    guint bytes;
} cases[] = {
    { "x8r8g8b8", 0x20020888, 0xff123456, 0x123456, 4 },
    { "a8r8g8b8", 0x20028888, 0x80123456, 0x123456, 4 },
    { "x8b8g8r8", 0x20030888, 0xff563412, 0x123456, 4 },
    { "a8b8g8r8", 0x20038888, 0x00563412, 0x123456, 4 },
    { "b8g8r8x8", 0x20080888, 0x563412ff, 0x123456, 4 },
    { "b8g8r8a8", 0x20088888, 0x56341200, 0x123456, 4 },
    { "r8g8b8x8", 0x20090888, 0x123456ff, 0x123456, 4 },
    { "r8g8b8a8", 0x20098888, 0x12345680, 0x123456, 4 },
    { "r5g6b5", 0x10020565, 0xffff, 0xffffff, 2 },
    { "r5g6b5 red", 0x10020565, 0xf800, 0xff0000, 2 },
    { "r5g6b5 dark", 0x10020565, 0x0841, 0x080808, 2 },
    { "x1r5g5b5", 0x10020555, 0x7c1f, 0xff00ff, 2 },
    { "x2r10g10b10", 0x20020aaa, 0x3ff00000, 0xff0000, 4 },
};

static void test_convert(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        PixmanFormat format;
        g_test_message("%s", cases[i].name);
        g_assert_true(pixman_format_read(cases[i].number, &format));
        g_assert_cmpuint(format.bytes, ==, cases[i].bytes);
        guint8 bytes[8];
        guint16 half = (guint16)cases[i].word;
        for (guint n = 0; n < 2; n++)
            memcpy(bytes + n * format.bytes,
                   format.bytes == 2 ? (const void *)&half : &cases[i].word, format.bytes);
        guint32 pixels[2] = { 0, 0 };
        pixman_format_convert(&format, bytes, 2, pixels);
        g_assert_cmphex(pixels[0] & 0xffffff, ==, cases[i].pixel);
        g_assert_cmphex(pixels[1] & 0xffffff, ==, cases[i].pixel);
    }
}

/* three bytes are no word: the lowest comes first on a little-endian machine */
static void test_three_bytes(void)
{
    static const guint8 little[] = { 0x56, 0x34, 0x12, 0x03, 0x02, 0x01 };
    PixmanFormat format;
    guint32 pixels[2];
    if (G_BYTE_ORDER != G_LITTLE_ENDIAN) {
        g_test_skip("written for little-endian machines");
        return;
    }
    g_assert_true(pixman_format_read(0x18020888, &format));
    pixman_format_convert(&format, little, 2, pixels);
    g_assert_cmphex(pixels[0], ==, 0x123456);
    g_assert_cmphex(pixels[1], ==, 0x010203);
}

static void test_unknown(void)
{
    /* a8 (no colour), yuy2, 64 bits, a palette, more bits than the word has */
    static const guint32 numbers[] = { 0,          0x08018000, 0x10060000, 0x40020fff,
                                       0x08040000, 0x10020888, 0xffffffff };
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++) {
        PixmanFormat format;
        g_assert_false(pixman_format_read(numbers[i], &format));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pixman-format/convert", test_convert);
    g_test_add_func("/pixman-format/three-bytes", test_three_bytes);
    g_test_add_func("/pixman-format/unknown", test_unknown);
    return g_test_run();
}
