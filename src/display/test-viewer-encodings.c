/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/viewer-encodings.h"

#include "display/pace.h"

#define read_encodings(...)                                                                        \
    list_read((const gint32[]){ __VA_ARGS__ },                                                     \
              sizeof((const gint32[]){ __VA_ARGS__ }) / sizeof(gint32))

static ViewerAbilities list_read(const gint32 *list, guint n)
{
    g_autofree guint8 *wire = g_malloc(n * 4);
    for (guint i = 0; i < n; i++)
        rfb_put32(wire + i * 4, (guint32)list[i]);
    RfbMessage message = { .kind = RFB_MESSAGE_ENCODINGS,
                           .encodings = { .wire = wire, .count = n } };
    return viewer_abilities_read(&message);
}

static void test_order(void)
{
    g_assert_cmpint(read_encodings(RFB_ENCODING_COPY_RECT).kind, ==, ENCODE_RAW);
    g_assert_cmpint(read_encodings(RFB_ENCODING_HEXTILE, RFB_ENCODING_RAW, RFB_ENCODING_TIGHT).kind,
                    ==, ENCODE_RAW);
    g_assert_cmpint(read_encodings(RFB_ENCODING_ZRLE, RFB_ENCODING_TIGHT).kind, ==, ENCODE_ZRLE);
    ViewerAbilities abilities = read_encodings(RFB_ENCODING_TIGHT, RFB_ENCODING_COPY_RECT,
                                               RFB_ENCODING_FENCE, RFB_ENCODING_COMPRESSION_0 + 6);
    g_assert_cmpint(abilities.kind, ==, ENCODE_TIGHT);
    g_assert_cmpint(abilities.level, ==, 6);
    g_assert_cmpint(abilities.quality, ==, 0);
    g_assert_true(abilities.copy && abilities.fence);
    g_assert_false(abilities.continuous || abilities.cursor || abilities.size);
}

static void test_quality(void)
{
    ViewerAbilities abilities = read_encodings(RFB_ENCODING_TIGHT, RFB_ENCODING_JPEG_QUALITY_0);
    g_assert_cmpint(abilities.quality, ==, 15);
    g_assert_true(abilities.subsampled);
    abilities = read_encodings(RFB_ENCODING_TIGHT, RFB_ENCODING_JPEG_QUALITY_9);
    g_assert_cmpint(abilities.quality, ==, 100);
    g_assert_false(abilities.subsampled);
    /* the finer ones count, wherever they stand: TurboVNC's viewer sends both */
    abilities = read_encodings(-512 + 33, -768, RFB_ENCODING_JPEG_QUALITY_0);
    g_assert_cmpint(abilities.quality, ==, 33);
    g_assert_false(abilities.subsampled);
    abilities = read_encodings(RFB_ENCODING_JPEG_QUALITY_9, -512, -767);
    g_assert_cmpint(abilities.quality, ==, 1);
    g_assert_true(abilities.subsampled);
    g_assert_cmpint(read_encodings(-411, -513, -22, -33).quality, ==, 0);
}

/* Only what moves gets worse, never below what was asked for when that is little. */
static void test_pressure(void)
{
    const PixelFormat *format = &pixel_format_native;
    ViewerAbilities fine = read_encodings(RFB_ENCODING_TIGHT, -512 + 80, -768);
    ViewerAbilities coarse = read_encodings(RFB_ENCODING_TIGHT, -512 + 5, -768);
    int before = 100;
    for (guint pressure = 0; pressure <= PACE_PRESSURE_MOST; pressure++) {
        EncodeSettings still = viewer_settings(&fine, format, VIEWER_PART_STILL, pressure);
        EncodeSettings moving = viewer_settings(&fine, format, VIEWER_PART_MOVING, pressure);
        EncodeSettings exact = viewer_settings(&fine, format, VIEWER_PART_EXACT, pressure);
        g_assert_cmpint(still.quality, ==, 80);
        g_assert_cmpint(exact.quality, ==, 0);
        g_assert_cmpint(moving.quality, <, before);
        before = moving.quality;
        g_assert_cmpint(viewer_settings(&coarse, format, VIEWER_PART_MOVING, pressure).quality, ==,
                        5);
    }
}

static void test_exact(void)
{
    ViewerAbilities zrle =
        read_encodings(RFB_ENCODING_ZRLE, RFB_ENCODING_TIGHT, RFB_ENCODING_JPEG_QUALITY_0);
    for (int part = VIEWER_PART_STILL; part <= VIEWER_PART_EXACT; part++) {
        EncodeSettings settings =
            viewer_settings(&zrle, &pixel_format_native, part, PACE_PRESSURE_MOST);
        g_assert_cmpint(settings.kind, ==, ENCODE_ZRLE);
        g_assert_cmpint(settings.quality, ==, 0);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/viewer-encodings/order", test_order);
    g_test_add_func("/viewer-encodings/quality", test_quality);
    g_test_add_func("/viewer-encodings/pressure", test_pressure);
    g_test_add_func("/viewer-encodings/exact", test_exact);
    return g_test_run();
}
