/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures, encoded and decoded again by a viewer that was written from the documents. */
#include "display/encode.h"

#include <math.h>

#include "tests/lib/pictures.h"
#include "tests/lib/rfb-decoder.h"
#include "tests/lib/seen.h"

static const PixelFormat format_565 = { 16, 16, 0, 1, 31, 63, 31, 11, 5, 0 };
static const PixelFormat format_565_big = { 16, 16, 1, 1, 31, 63, 31, 11, 5, 0 };
static const PixelFormat format_233 = { 8, 8, 0, 1, 7, 7, 3, 0, 3, 6 };
static const PixelFormat format_upper = { 32, 24, 1, 1, 255, 255, 255, 24, 16, 8 };
static const PixelFormat format_30 = { 32, 30, 0, 1, 1023, 1023, 1023, 20, 10, 0 };

static const PixelFormat *const formats[] = { &pixel_format_native, &format_565,   &format_565_big,
                                              &format_233,          &format_upper, &format_30 };

typedef struct {
    guint rects;
    gsize bytes;
    RfbDecoded count;
    double psnr;
} Outcome;

static double compare(const EncodeSettings *settings, const Frame *frame, Rect rect,
                      const guint32 *pixels, gboolean exact)
{
    double squares = 0;
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++) {
            gboolean inside =
                x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
            guint32 original = inside ? seen_by(&settings->format, frame_row(frame, y)[x]) : 0;
            guint32 drawn = pixels[y * frame->width + x];
            if (exact && original != drawn)
                g_error("at %d,%d: 0x%06x, not 0x%06x", x, y, drawn, original);
            for (int shift = 0; shift < 24; shift += 8)
                squares +=
                    pow((double)(original >> shift & 255) - (double)(drawn >> shift & 255), 2);
        }
    squares /= 3.0 * rect.width * rect.height;
    return squares > 0 ? 10 * log10(255 * 255 / squares) : 99;
}

static Outcome check(const EncodeSettings *settings, const Frame *frame, Rect rect)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    EncodeResult result = encode_rect(settings, frame, rect, out);
    const guint32 *pixels;
    g_autoptr(RfbDecoder) decoder =
        rfb_decoder_new(frame->width, frame->height, &settings->format, &pixels);
    guint rects = 0;
    for (gsize at = 0; at < out->len; rects++) {
        g_autoptr(GError) error = NULL;
        Rect drawn;
        gssize used = rfb_decode(decoder, out->data + at, out->len - at, &drawn, &error);
        g_assert_no_error(error);
        g_assert_cmpint(used, >, 0);
        at += (gsize)used;
    }
    g_assert_cmpuint(rects, ==, result.rects);
    Outcome outcome = { rects, out->len, rfb_decoder_count(decoder), 0 };
    g_assert_cmpint(outcome.count.jpegs > 0, ==, result.lossy);
    outcome.psnr = compare(settings, frame, rect, pixels, !result.lossy);
    return outcome;
}

static void test_lossless(void)
{
    static const EncodeKind kinds[] = { ENCODE_RAW, ENCODE_TIGHT, ENCODE_ZRLE };
    static const Rect rects[] = { { 0, 0, 261, 197 }, { 64, 64, 128, 64 }, { 3, 5, 1, 1 },
                                  { 260, 0, 1, 197 }, { 0, 196, 261, 1 },  { 7, 60, 70, 10 },
                                  { 0, 0, 3, 1 } };
    for (gsize i = 0; i < G_N_ELEMENTS(picture_kinds); i++) {
        g_autoptr(Frame) frame = picture_new(&picture_kinds[i], 261, 197, (guint32)i);
        for (gsize j = 0; j < G_N_ELEMENTS(kinds) * G_N_ELEMENTS(formats) * 2; j++) {
            EncodeSettings settings = {
                .kind = (int)kinds[j % 3],
                .format = *formats[j / 3 % G_N_ELEMENTS(formats)],
                .level = j % 5 == 0 ? 6 : 1,
                .gradient = j % 2 == 0,
                .stream_start = TRUE,
            };
            for (gsize k = 0; k < (j < 6 ? G_N_ELEMENTS(rects) : 1); k++)
                check(&settings, frame, rects[k]);
        }
    }
}

/* wider than a rectangle of Tight may be */
static void test_wide(void)
{
    static const EncodeSettings settings = { .kind = ENCODE_TIGHT,
                                             .format = { 32, 24, 0, 1, 255, 255, 255, 16, 8, 0 } };
    for (gsize i = 0; i < G_N_ELEMENTS(picture_kinds); i++) {
        g_autoptr(Frame) frame = picture_new(&picture_kinds[i], 4500, 10, 1);
        Outcome outcome = check(&settings, frame, (Rect){ 0, 0, 4500, 10 });
        g_assert_cmpuint(outcome.rects, >=, 3);
    }
}

static Outcome check_kind(const char *name, EncodeSettings settings)
{
    settings.format = pixel_format_native;
    for (gsize i = 0; i < G_N_ELEMENTS(picture_kinds); i++) {
        if (!g_str_equal(picture_kinds[i].name, name))
            continue;
        g_autoptr(Frame) frame = picture_new(&picture_kinds[i], 448, 320, 1);
        Outcome outcome = check(&settings, frame, (Rect){ 0, 0, 448, 320 });
        g_test_message("%s: %u rectangles, %" G_GSIZE_FORMAT " bytes, %.1f dB", name, outcome.rects,
                       outcome.bytes, outcome.psnr);
        return outcome;
    }
    g_assert_not_reached();
}

/* each kind of picture goes the way that suits it */
static void test_ways(void)
{
    const EncodeSettings lossless = { .kind = ENCODE_TIGHT, .gradient = TRUE };
    const EncodeSettings careful = { .kind = ENCODE_TIGHT };
    g_assert_cmpuint(check_kind("solid", lossless).rects, ==, 1);
    g_assert_cmpuint(check_kind("solid", lossless).bytes, ==, 12 + 1 + 3);
    g_assert_cmpuint(check_kind("mono", lossless).count.palettes, ==, 5);
    g_assert_cmpuint(check_kind("mono", lossless).bytes, <, 1500);
    g_assert_cmpuint(check_kind("writing", lossless).count.palettes, ==, 5);
    g_assert_cmpuint(check_kind("photo", lossless).count.gradients, ==, 5);
    g_assert_cmpuint(check_kind("photo", careful).count.gradients, ==, 0);
    g_assert_cmpuint(check_kind("photo", careful).count.wholes, ==, 5);
    g_assert_cmpuint(check_kind("photo", lossless).bytes, <, check_kind("photo", careful).bytes);
    RfbDecoded desktop = check_kind("desktop", lossless).count;
    g_assert_cmpuint(desktop.fills, >, 0);
    g_assert_cmpuint(desktop.palettes, >, 0);
    g_assert_cmpuint(desktop.gradients, >, 0);
}

/* writing stays exact; photographs get smaller and worse as they are asked to be */
static void test_jpeg(void)
{
    const EncodeSettings fine = { .kind = ENCODE_TIGHT, .quality = 95 };
    const EncodeSettings coarse = { .kind = ENCODE_TIGHT, .quality = 30, .subsampled = TRUE };
    g_assert_cmpuint(check_kind("writing", coarse).count.jpegs, ==, 0);
    Outcome good = check_kind("photo", fine), bad = check_kind("photo", coarse);
    g_assert_cmpuint(good.count.jpegs, ==, 5);
    g_assert_cmpfloat(good.psnr, >, 40);
    g_assert_cmpfloat(bad.psnr, >, 25);
    g_assert_cmpfloat(good.psnr, >, bad.psnr);
    g_assert_cmpuint(bad.bytes * 2, <, good.bytes);
    Outcome desktop = check_kind("desktop", fine);
    g_assert_cmpuint(desktop.count.jpegs, >, 0);
    g_assert_cmpuint(desktop.count.palettes, >, 0);
}

/* a viewer of 256 colours cannot take a JPEG */
static void test_jpeg_few_bits(void)
{
    EncodeSettings settings = { .kind = ENCODE_TIGHT, .format = format_233, .quality = 50 };
    g_autoptr(Frame) frame = picture_new(&picture_kinds[5], 200, 100, 1);
    g_assert_cmpuint(check(&settings, frame, (Rect){ 0, 0, 200, 100 }).count.jpegs, ==, 0);
    settings.format = format_565;
    g_assert_cmpuint(check(&settings, frame, (Rect){ 0, 0, 200, 100 }).count.jpegs, >, 0);
}

/* rectangles of one connection in another order than they were made in: what viewers share */
static void test_order(void)
{
    static const EncodeKind kinds[] = { ENCODE_TIGHT, ENCODE_ZRLE };
    g_autoptr(Frame) frame = picture_new(&picture_kinds[7], 261, 197, 1);
    for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++) {
        EncodeSettings settings = { .kind = (int)kinds[i], .format = pixel_format_native };
        GByteArray *parts[5];
        for (int j = 0; j < 5; j++) {
            settings.stream_start = j == 3;
            parts[j] = g_byte_array_new();
            encode_rect(&settings, frame, (Rect){ 0, j * 64, 261, 64 }, parts[j]);
        }
        const guint32 *pixels;
        g_autoptr(RfbDecoder) decoder =
            rfb_decoder_new(frame->width, frame->height, &settings.format, &pixels);
        static const int order[] = { 3, 1, 4, 0, 2, 1, 1 };
        for (gsize j = 0; j < G_N_ELEMENTS(order); j++)
            for (gsize at = 0; at < parts[order[j]]->len;) {
                g_autoptr(GError) error = NULL;
                Rect drawn;
                const GByteArray *part = parts[order[j]];
                gssize used = rfb_decode(decoder, part->data + at, part->len - at, &drawn, &error);
                g_assert_no_error(error);
                at += (gsize)used;
            }
        compare(&settings, frame, (Rect){ 0, 0, 261, 197 }, pixels, TRUE);
        for (int j = 0; j < 5; j++)
            g_byte_array_unref(parts[j]);
    }
}

static void test_nothing(void)
{
    EncodeSettings settings = { .kind = ENCODE_TIGHT, .format = pixel_format_native };
    g_autoptr(Frame) frame = picture_new(&picture_kinds[0], 20, 10, 1);
    g_assert_cmpuint(check(&settings, frame, (Rect){ 20, 0, 5, 5 }).rects, ==, 0);
    g_assert_cmpuint(check(&settings, frame, (Rect){ 5, 5, 0, 5 }).rects, ==, 0);
    /* what is beyond the picture is left out */
    g_autoptr(GByteArray) out = g_byte_array_new();
    encode_rect(&settings, frame, (Rect){ -5, -5, 100, 100 }, out);
    g_assert_cmpmem(out->data, 8, "\0\0\0\0\0\x14\0\x0a", 8);
}

static void test_copy(void)
{
    g_autoptr(GByteArray) out = g_byte_array_new();
    encode_copy((Rect){ 1, 2, 300, 4 }, 5, 600, out);
    g_assert_cmpmem(out->data, out->len,
                    "\0\1\0\2\1\x2c\0\4"
                    "\0\0\0\1\0\5\2\x58",
                    16);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/encode/lossless", test_lossless);
    g_test_add_func("/encode/wide", test_wide);
    g_test_add_func("/encode/ways", test_ways);
    g_test_add_func("/encode/jpeg", test_jpeg);
    g_test_add_func("/encode/jpeg-few-bits", test_jpeg_few_bits);
    g_test_add_func("/encode/order", test_order);
    g_test_add_func("/encode/nothing", test_nothing);
    g_test_add_func("/encode/copy", test_copy);
    return g_test_run();
}
