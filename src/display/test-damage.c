/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The vectors against the plain loop; `test-damage -m perf -p /damage/perf` measures them. */
#include "display/damage.h"

#include <string.h>

#define PIXEL_BYTES 4 /* alignment of pixels in somebody else's memory, and no more */

/* A picture whose rows begin anywhere and are followed by what is not to be looked at. */
static Frame *random_frame(GRand *random, int width, int height, int padding)
{
    gsize stride = (gsize)(width + padding) * sizeof(guint32);
    guint8 *memory = g_malloc(stride * (gsize)height + PIXEL_BYTES);
    guint32 *pixels = (guint32 *)(gpointer)(memory + PIXEL_BYTES);
    for (gsize i = 0; i < stride / sizeof(guint32) * (gsize)height; i++)
        pixels[i] = g_rand_int(random);
    return frame_new_wrapped(width, height, stride, pixels, g_free, memory, NULL);
}

/* As @frame in every colour, in nothing else. */
static Frame *similar_frame(GRand *random, const Frame *frame, int padding)
{
    Frame *copy = random_frame(random, frame->width, frame->height, padding);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            frame_row(copy, y)[x] =
                (frame_row(frame, y)[x] & 0xffffff) | (frame_row(copy, y)[x] & 0xff000000);
    return copy;
}

static Rect random_rect(GRand *random, int width, int height)
{
    int x = g_rand_int_range(random, -20, width), y = g_rand_int_range(random, -20, height);
    return (Rect){ x, y, g_rand_int_range(random, 0, width + 40),
                   g_rand_int_range(random, 0, height + 40) };
}

static void find_plainly(const Frame *before, const Frame *after, const Rect *areas, guint n_areas,
                         guint8 *tiles)
{
    Rect whole = { 0, 0, after->width, after->height };
    for (guint i = 0; i < n_areas; i++) {
        Rect area = rect_intersect(areas[i], whole);
        for (int y = area.y; y < area.y + area.height; y++)
            for (int x = area.x; x < area.x + area.width; x++)
                if (((frame_row(before, y)[x] ^ frame_row(after, y)[x]) & 0xffffff) != 0)
                    tiles[y / SCREEN_TILE * damage_tiles(after->width) + x / SCREEN_TILE] = 1;
    }
}

static void scribble(GRand *random, const Frame *frame, int dots)
{
    for (int i = 0; i < dots; i++) {
        int x = g_rand_int_range(random, 0, frame->width);
        int y = g_rand_int_range(random, 0, frame->height);
        frame_row(frame, y)[x] ^= 1u << g_rand_int_range(random, 0, 32);
    }
}

static void check_once(GRand *random)
{
    int width = g_rand_int_range(random, 1, 300), height = g_rand_int_range(random, 1, 200);
    g_autoptr(Frame) before = random_frame(random, width, height, g_rand_int_range(random, 0, 5));
    g_autoptr(Frame) after = similar_frame(random, before, g_rand_int_range(random, 0, 5));
    scribble(random, after, g_rand_int_range(random, 0, 8));
    Rect areas[3];
    for (gsize i = 0; i < G_N_ELEMENTS(areas); i++)
        areas[i] = random_rect(random, width, height);
    guint n_areas = (guint)g_rand_int_range(random, 0, 4);
    gsize n_tiles = (gsize)damage_tiles(width) * (gsize)damage_tiles(height);
    g_autofree guint8 *expected = g_malloc0(n_tiles);
    g_autofree guint8 *found = g_malloc0(n_tiles);
    find_plainly(before, after, areas, n_areas, expected);
    guint count = 0;
    for (gsize i = 0; i < n_tiles; i++)
        count += expected[i];
    g_assert_cmpuint(damage_find(before, after, areas, n_areas, found), ==, count);
    g_assert_cmpmem(found, n_tiles, expected, n_tiles);
    g_assert_cmpuint(damage_find(before, after, areas, n_areas, found), ==, 0);
}

static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int() | 1);
    for (int i = 0; i < 300; i++)
        check_once(random);
}

/* each pixel of a tile, each bit of a pixel, at the edge of the picture too */
static void test_each_pixel(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autoptr(Frame) before = random_frame(random, 64 + 13, 3, 1);
    g_autoptr(Frame) after = similar_frame(random, before, 2);
    Rect whole = { 0, 0, before->width, before->height };
    g_assert_true(damage_is_equal(before, after, whole));
    for (int x = 0; x < before->width; x++) {
        guint8 tiles[2] = { 0 };
        guint32 *pixel = &frame_row(after, x % 3)[x];
        *pixel ^= 1u << (x % 24);
        g_assert_cmpuint(damage_find(before, after, &whole, 1, tiles), ==, 1);
        g_assert_cmpuint(tiles[x / SCREEN_TILE], ==, 1);
        g_assert_false(damage_is_equal(before, after, whole));
        g_assert_true(damage_is_equal(before, after, (Rect){ 0, 0, x, 3 }));
        *pixel ^= 1u << (x % 24);
    }
}

static void check_rects(const char *picture, int columns, int width, int height,
                        const char *expected)
{
    g_autofree guint8 *tiles = g_malloc(strlen(picture));
    for (gsize i = 0; picture[i] != '\0'; i++)
        tiles[i] = picture[i] == '#';
    g_assert_cmpint(damage_tiles(width), ==, columns);
    g_autoptr(GArray) rects = g_array_new(FALSE, FALSE, sizeof(Rect));
    damage_to_rects(tiles, width, height, rects);
    g_autoptr(GString) text = g_string_new(NULL);
    for (guint i = 0; i < rects->len; i++) {
        Rect rect = g_array_index(rects, Rect, i);
        g_string_append_printf(text, "%s%d,%d %dx%d", i > 0 ? "; " : "", rect.x, rect.y, rect.width,
                               rect.height);
    }
    g_assert_cmpstr(text->str, ==, expected);
}

static void test_rects(void)
{
    check_rects("....", 2, 128, 128, "");
    check_rects("####", 2, 100, 70, "0,0 100x70");
    check_rects("#..#", 2, 128, 128, "0,0 64x64; 64,64 64x64");
    check_rects("##."
                "##."
                "..#",
                3, 150, 140, "0,0 128x128; 128,128 22x12");
    check_rects("#.#"
                "#.#"
                "###",
                3, 192, 192, "0,0 64x128; 128,0 64x128; 0,128 192x64");
    check_rects("#"
                "."
                "#",
                1, 10, 192, "0,0 10x64; 0,128 10x64");
}

static gboolean lies_in_one(const GArray *rects, int x, int y)
{
    int n = 0;
    for (guint i = 0; i < rects->len; i++) {
        Rect rect = g_array_index(rects, Rect, i);
        n += x >= rect.x && x < rect.x + rect.width && y >= rect.y && y < rect.y + rect.height;
    }
    g_assert_cmpint(n, <=, 1);
    return n == 1;
}

/* Whatever tiles are set, each is in one rectangle, and no other tile is; in reading order. */
static void test_random_rects(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int());
    for (int turn = 0; turn < 100; turn++) {
        guint8 tiles[9 * 7];
        for (gsize i = 0; i < sizeof tiles; i++)
            tiles[i] = g_rand_int_range(random, 0, 4) > 0;
        g_autoptr(GArray) rects = g_array_new(FALSE, FALSE, sizeof(Rect));
        damage_to_rects(tiles, 9 * SCREEN_TILE, 7 * SCREEN_TILE - 1, rects);
        for (int i = 0; i < 9 * 7; i++)
            g_assert_cmpint(lies_in_one(rects, i % 9 * SCREEN_TILE + 63, i / 9 * SCREEN_TILE + 62),
                            ==, tiles[i]);
        for (guint i = 1; i < rects->len; i++) {
            Rect a = g_array_index(rects, Rect, i - 1), b = g_array_index(rects, Rect, i);
            g_assert_true(a.y < b.y || (a.y == b.y && a.x < b.x));
        }
    }
}

static double seconds(guint (*find)(const Frame *, const Frame *), const Frame *a, const Frame *b)
{
    double best = G_MAXDOUBLE;
    for (int i = 0; i < 20; i++) {
        gint64 start = g_get_monotonic_time();
        g_assert_cmpuint(find(a, b), ==, 0);
        best = MIN(best, (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
    }
    return best;
}

static guint find_by_vectors(const Frame *a, const Frame *b)
{
    guint8 tiles[20 * 13] = { 0 };
    return damage_find(a, b, &(Rect){ 0, 0, a->width, a->height }, 1, tiles);
}

static guint find_by_loop(const Frame *a, const Frame *b)
{
    guint8 tiles[20 * 13] = { 0 };
    find_plainly(a, b, &(Rect){ 0, 0, a->width, a->height }, 1, tiles);
    return memchr(tiles, 1, sizeof tiles) != NULL;
}

/* has to be shown frames whose X bytes are equal */
static guint find_by_memcmp(const Frame *a, const Frame *b)
{
    return memcmp(a->pixels, b->pixels, a->stride * (gsize)a->height) != 0;
}

static void test_perf(void)
{
    g_autoptr(Frame) a = frame_new(1280, 800, NULL);
    g_autoptr(Frame) b = frame_new(1280, 800, NULL);
    memset(frame_row(a, 0), 0x11, a->stride * (gsize)a->height);
    memset(frame_row(b, 0), 0x11, b->stride * (gsize)b->height);
    double vectors = seconds(find_by_vectors, a, b), loop = seconds(find_by_loop, a, b);
    g_test_message("two equal frames of 1280 x 800: %.0f us, loop %.0f us, memcmp %.0f us",
                   vectors * 1e6, loop * 1e6, seconds(find_by_memcmp, a, b) * 1e6);
    g_test_minimized_result(vectors, "seconds to compare two equal frames of 1280 x 800");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/damage/random", test_random);
    g_test_add_func("/damage/each-pixel", test_each_pixel);
    g_test_add_func("/damage/rects", test_rects);
    g_test_add_func("/damage/random-rects", test_random_rects);
    if (g_test_perf())
        g_test_add_func("/damage/perf", test_perf);
    return g_test_run();
}
