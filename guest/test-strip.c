/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "strip.h"

#include <glib.h>

#define WIDTH 640u
#define HEIGHT 48u
#define STRIDE ((WIDTH + 5) * 4) /* not the width: a mixed-up stride must show */

typedef uint32_t Picture[HEIGHT * STRIDE / 4];

static void draw(Picture picture, uint32_t frame)
{
    for (unsigned i = 0; i < HEIGHT * STRIDE / 4; i++)
        picture[i] = 0x80406020;
    strip_draw(picture, WIDTH, HEIGHT, STRIDE, frame);
}

static StripResult decode(Picture picture, uint32_t *frame)
{
    return strip_decode(picture, WIDTH, HEIGHT, STRIDE, frame);
}

static void invert_cell(Picture picture, unsigned cell, unsigned top)
{
    for (unsigned y = top; y < top + STRIP_CELL_SIZE; y++)
        for (unsigned x = 0; x < STRIP_CELL_SIZE; x++)
            picture[y * STRIDE / 4 + cell * STRIP_CELL_SIZE + x] ^= 0xffffff;
}

static void test_round_trip(void)
{
    static const uint32_t frames[] = { 0, 1, 2, 255, 65536, 0x12345678, UINT32_MAX };
    for (unsigned i = 0; i < G_N_ELEMENTS(frames); i++) {
        Picture picture;
        uint32_t frame = ~frames[i];
        draw(picture, frames[i]);
        g_assert_cmpint(decode(picture, &frame), ==, STRIP_OK);
        g_assert_cmpuint(frame, ==, frames[i]);
    }
}

/* Each of the 128 cells matters, and a refusal leaves the caller's number alone. */
static void test_damage(void)
{
    for (unsigned cell = 0; cell < STRIP_CELLS; cell++) {
        for (unsigned row = 0; row < 2; row++) {
            Picture picture;
            uint32_t frame = 7;
            draw(picture, 1234567);
            invert_cell(picture, cell, row == 0 ? 0 : HEIGHT - STRIP_CELL_SIZE);
            StripResult result = decode(picture, &frame);
            gboolean is_pattern = cell < 8 || cell >= STRIP_CELLS - 8;
            g_assert_cmpint(result, ==, is_pattern ? STRIP_NONE : STRIP_DAMAGED);
            g_assert_cmpuint(frame, ==, 7);
        }
    }
}

static void test_torn(void)
{
    Picture picture, later;
    uint32_t frame = 0;
    draw(picture, 41);
    draw(later, 42);
    for (unsigned i = 0; i < HEIGHT / 2 * STRIDE / 4; i++)
        picture[i] = later[i];
    g_assert_cmpint(decode(picture, &frame), ==, STRIP_TORN);
}

static void test_flipped(void)
{
    Picture picture, flipped;
    uint32_t frame = 0;
    draw(picture, 99);
    for (unsigned y = 0; y < HEIGHT; y++)
        for (unsigned x = 0; x < STRIDE / 4; x++)
            flipped[y * STRIDE / 4 + x] = picture[(HEIGHT - 1 - y) * STRIDE / 4 + x];
    g_assert_cmpint(decode(flipped, &frame), ==, STRIP_FLIPPED);
}

static void test_too_small(void)
{
    Picture picture;
    uint32_t frame = 0;
    draw(picture, 3);
    g_assert_cmpint(strip_decode(picture, STRIP_WIDTH - 1, HEIGHT, STRIDE, &frame), ==,
                    STRIP_TOO_SMALL);
    g_assert_cmpint(strip_decode(picture, WIDTH, STRIP_MINIMUM_HEIGHT - 1, STRIDE, &frame), ==,
                    STRIP_TOO_SMALL);
    uint32_t untouched = picture[0] = 0x123456;
    strip_draw(picture, STRIP_WIDTH - 1, HEIGHT, STRIDE, 0);
    g_assert_cmphex(picture[0], ==, untouched);
}

static void test_other_pictures(void)
{
    Picture picture;
    uint32_t frame = 0;
    for (uint32_t colour = 0; colour <= 0xffffff; colour += 0x0f0f0f) {
        for (unsigned i = 0; i < HEIGHT * STRIDE / 4; i++)
            picture[i] = colour;
        g_assert_cmpint(decode(picture, &frame), ==, STRIP_NONE);
    }
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < HEIGHT * STRIDE / 4; i++)
            picture[i] = g_test_rand_int();
        g_assert_cmpint(decode(picture, &frame), !=, STRIP_OK);
    }
}

/* Rows of random cells that are pure black and white: only pattern and checksum refuse them. */
static void test_random_cells(void)
{
    for (unsigned round = 0; round < 5000; round++) {
        Picture picture;
        uint32_t frame = 0;
        draw(picture, 0);
        for (unsigned cell = 0; cell < STRIP_CELLS; cell++)
            if (g_test_rand_bit())
                invert_cell(picture, cell, 0);
        g_assert_cmpint(decode(picture, &frame), !=, STRIP_OK);
    }
}

/* What lossy coding does: contrast lost, noise added, edges of cells smeared, X byte set. */
static void test_lossy(void)
{
    Picture picture;
    uint32_t frame = 0;
    draw(picture, 77);
    for (unsigned i = 0; i < HEIGHT * STRIDE / 4; i++) {
        uint32_t level = (picture[i] & 0xff) > 127 ? 200 : 20;
        level += (uint32_t)g_test_rand_int_range(0, 40);
        gboolean is_edge = i % (STRIDE / 4) % STRIP_CELL_SIZE < 2;
        picture[i] = 0xff000000 | (is_edge ? 0x808080 : level * 0x010101);
    }
    g_assert_cmpint(decode(picture, &frame), ==, STRIP_OK);
    g_assert_cmpuint(frame, ==, 77);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/strip/round-trip", test_round_trip);
    g_test_add_func("/strip/damage", test_damage);
    g_test_add_func("/strip/torn", test_torn);
    g_test_add_func("/strip/flipped", test_flipped);
    g_test_add_func("/strip/too-small", test_too_small);
    g_test_add_func("/strip/other-pictures", test_other_pictures);
    g_test_add_func("/strip/random-cells", test_random_cells);
    g_test_add_func("/strip/lossy", test_lossy);
    return g_test_run();
}
