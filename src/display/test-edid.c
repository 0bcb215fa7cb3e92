/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/edid.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

typedef struct {
    int clock_khz, width, h_blank, height, v_blank, h_front, h_sync, v_front, v_sync, width_mm;
} Read;

/* As the kernel reads it (drivers/gpu/drm/drm_edid.c:drm_mode_detailed()). */
static Read read_timing(const guint8 *t)
{
    return (Read){ .clock_khz = (t[0] | t[1] << 8) * 10,
                   .width = t[2] | (t[4] & 0xf0) << 4,
                   .h_blank = t[3] | (t[4] & 0x0f) << 8,
                   .height = t[5] | (t[7] & 0xf0) << 4,
                   .v_blank = t[6] | (t[7] & 0x0f) << 8,
                   .h_front = t[8] | (t[11] & 0xc0) << 2,
                   .h_sync = t[9] | (t[11] & 0x30) << 4,
                   .v_front = t[10] >> 4 | (t[11] & 0x0c) << 2,
                   .v_sync = (t[10] & 0x0f) | (t[11] & 0x03) << 4,
                   .width_mm = t[12] | (t[14] & 0xf0) << 4 };
}

static guint8 sum(const guint8 *block)
{
    guint8 all = 0;
    for (gsize i = 0; i < EDID_BYTES; i++)
        all = (guint8)(all + block[i]);
    return all;
}

static void write_size(int width, int height, guint8 *ret_block)
{
    EdidSpec spec = { .width = width, .height = height, .name = "vgpuctl" };
    g_autoptr(GError) error = NULL;
    g_assert_true(edid_write(&spec, ret_block, &error));
    g_assert_no_error(error);
}

/* DMT has these at 60 Hz with reduced blanking, where it has them; the kernel's drm_cvt_mode() is a
 * step lower at times, as it takes the lines for longer than they are */
static void test_timings(void)
{
    static const struct {
        int width, height, clock_khz, total_lines, v_sync;
    } rows[] = {
        { 640, 480, 23500, 494, 4 },     { 1024, 768, 56000, 790, 4 },
        { 1280, 800, 71000, 823, 6 },    { 1280, 1024, 91000, 1054, 7 },
        { 1920, 1080, 138500, 1111, 5 }, { 1920, 1200, 154000, 1235, 6 },
        { 3840, 2160, 533250, 2222, 5 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint8 block[EDID_BYTES];
        write_size(rows[i].width, rows[i].height, block);
        Read read = read_timing(block + 54);
        g_assert_cmpint(read.width, ==, rows[i].width);
        g_assert_cmpint(read.height, ==, rows[i].height);
        g_assert_cmpint(read.clock_khz, ==, rows[i].clock_khz);
        g_assert_cmpint(read.height + read.v_blank, ==, rows[i].total_lines);
        g_assert_cmpint(read.v_sync, ==, rows[i].v_sync);
        g_assert_cmpint(read.h_blank, ==, 160);
        g_assert_cmpint(read.h_front, ==, 48);
        g_assert_cmpint(read.h_sync, ==, 32);
        g_assert_cmpint(read.v_front, ==, 3);
    }
}

/* what drm_edid_block_valid() and drm_mode_detailed() ask for, whatever the size */
static void test_all_sizes(void)
{
    static const guint8 magic[] = { 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0 };
    for (int width = 64; width <= EDID_SIDE_LIMIT; width += 257) {
        for (int height = 64; height <= EDID_SIDE_LIMIT; height += 119) {
            guint8 block[EDID_BYTES];
            write_size(width, height, block);
            g_assert_cmpmem(block, 8, magic, 8);
            g_assert_cmpint(sum(block), ==, 0);
            Read read = read_timing(block + 54);
            g_assert_cmpint(read.width, ==, width / 8 * 8);
            g_assert_cmpint(read.height, ==, height);
            g_assert_cmpint(read.h_front + read.h_sync, <, read.h_blank);
            g_assert_cmpint(read.v_front + read.v_sync, <, read.v_blank);
            double refresh =
                1e3 * read.clock_khz / (read.width + read.h_blank) / (read.height + read.v_blank);
            g_assert_cmpfloat(refresh, >, 22);
            g_assert_cmpfloat(refresh, <=, 60);
            /* the lower half of the blank is what a panel needs to begin anew */
            g_assert_cmpfloat(read.v_blank / refresh / (read.height + read.v_blank), >=, 450e-6);
        }
    }
}

static void test_common_modes(void)
{
    EdidSpec spec = { .width = 1024, .height = 768, .name = "x" };
    guint8 block[EDID_BYTES];
    g_assert_true(edid_write(&spec, block, NULL));
    g_assert_cmphex(block[35], ==, 0x21);
    g_assert_cmphex(block[36], ==, 0x08);
    for (gsize i = 38; i < 54; i++)
        g_assert_cmphex(block[i], ==, 1);
    spec.width_limit = 1920;
    spec.height_limit = 1080;
    g_assert_true(edid_write(&spec, block, NULL));
    static const guint8 wanted[] = { 0x81, 0xc0, 0x81, 0x00, 0x81, 0x80, 0x95, 0x00,
                                     0xa9, 0xc0, 0xb3, 0x00, 0xd1, 0xc0, 0x01, 0x01 };
    g_assert_cmpmem(block + 38, 16, wanted, 16);
}

static void test_words(void)
{
    EdidSpec spec = {
        .width = 800, .height = 600, .width_mm = 300, .height_mm = 200, .name = "seventeen letters"
    };
    guint8 block[EDID_BYTES];
    g_assert_true(edid_write(&spec, block, NULL));
    g_assert_cmpmem(block + 90, 18, "\0\0\0\xfc\0seventeen let", 18);
    g_assert_cmpint(block[21], ==, 30);
    g_assert_cmpint(block[22], ==, 20);
    g_assert_cmpint(read_timing(block + 54).width_mm, ==, 300);
}

static void test_refusals(void)
{
    static const int sizes[][2] = {
        { 0, 0 },      { 63, 480 }, { 640, 63 },           { 4096, 100 },
        { 100, 4096 }, { -8, 480 }, { G_MAXINT, G_MAXINT }
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        EdidSpec spec = { .width = sizes[i][0], .height = sizes[i][1], .name = "x" };
        guint8 block[EDID_BYTES];
        g_autoptr(GError) error = NULL;
        g_assert_false(edid_write(&spec, block, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    }
}

static void test_decoder(void)
{
    g_autofree char *program = g_find_program_in_path("edid-decode");
    if (program == NULL) {
        g_test_skip("edid-decode is not installed");
        return;
    }
    static const int sizes[][2] = { { 640, 480 },   { 1000, 700 },  { 1024, 768 },
                                    { 1920, 1200 }, { 2560, 1440 }, { 3840, 2160 } };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        guint8 block[EDID_BYTES];
        write_size(sizes[i][0], sizes[i][1], block);
        g_autofree char *path = NULL;
        g_autoptr(GError) error = NULL;
        close(g_file_open_tmp("edid-XXXXXX", &path, &error));
        g_assert_true(g_file_set_contents(path, (const char *)block, sizeof block, &error));
        const char *argv[] = { program, "--check", path, NULL };
        g_autofree char *said = NULL;
        int status;
        g_assert_true(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said,
                                   NULL, &status, &error));
        if (strstr(said, "EDID conformity: PASS") == NULL)
            g_test_message("%s", said);
        g_assert_nonnull(strstr(said, "EDID conformity: PASS"));
        g_unlink(path);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/edid/timings", test_timings);
    g_test_add_func("/edid/all-sizes", test_all_sizes);
    g_test_add_func("/edid/common-modes", test_common_modes);
    g_test_add_func("/edid/words", test_words);
    g_test_add_func("/edid/refusals", test_refusals);
    g_test_add_func("/edid/decoder", test_decoder);
    return g_test_run();
}
