/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/tile-set.h"

#include "display/frame.h"
#include "display/screen.h"

#define WIDTH 200 /* 4 columns, the last of 8 pixels */
#define HEIGHT 130
#define WHOLE ((Rect){ 0, 0, WIDTH, HEIGHT })

/* "0,0 200x64 moves; ...", owned */
static char *words_of(const GArray *runs)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < runs->len; i++) {
        const TileRun *run = &g_array_index(runs, TileRun, i);
        g_string_append_printf(text, "%s%d,%d %dx%d%s", i > 0 ? "; " : "", run->rect.x, run->rect.y,
                               run->rect.width, run->rect.height, run->moves ? " moves" : "");
    }
    return g_string_free(text, FALSE);
}

#define assert_runs(runs, expected)                                                                \
    do {                                                                                           \
        g_autofree char *words = words_of(runs);                                                   \
        g_assert_cmpstr(words, ==, expected);                                                      \
        g_array_set_size(runs, 0);                                                                 \
    } while (0)

static GArray *runs_new(void)
{
    return g_array_new(FALSE, FALSE, sizeof(TileRun));
}

static void test_take(void)
{
    g_autoptr(TileSet) set = tile_set_new(WIDTH, HEIGHT);
    g_autoptr(GArray) runs = runs_new();
    g_assert_true(tile_set_owes(set, WHOLE));
    tile_set_take(set, WHOLE, 1000, FALSE, runs);
    assert_runs(runs, "0,0 200x64; 0,64 200x64; 0,128 200x2");
    g_assert_false(tile_set_owes(set, WHOLE));
    tile_set_take(set, WHOLE, 1000, FALSE, runs);
    assert_runs(runs, "");
    tile_set_owe(set, (Rect){ 63, 63, 2, 2 });
    tile_set_owe(set, (Rect){ 199, 0, 1, 1 });
    tile_set_take(set, WHOLE, 1000, FALSE, runs);
    assert_runs(runs, "0,0 128x64; 192,0 8x64; 0,64 128x64");
}

static void test_area(void)
{
    g_autoptr(TileSet) set = tile_set_new(WIDTH, HEIGHT);
    g_autoptr(GArray) runs = runs_new();
    Rect right = { 128, 0, 72, HEIGHT };
    tile_set_take(set, (Rect){ 0, 0, 128, HEIGHT }, 1000, FALSE, runs);
    assert_runs(runs, "0,0 128x64; 0,64 128x64; 0,128 128x2");
    g_assert_true(tile_set_owes(set, right));
    g_assert_false(tile_set_owes(set, (Rect){ 0, 0, 128, HEIGHT }));
    g_assert_false(tile_set_owes(set, (Rect){ 1000, 0, 10, 10 }));
    g_assert_false(tile_set_owes(set, (Rect){ 0, 0, 0, 0 }));
    tile_set_owe(set, (Rect){ -10, 500, 5, 5 });
    tile_set_take(set, right, 1000, FALSE, runs);
    assert_runs(runs, "128,0 72x64; 128,64 72x64; 128,128 72x2");
}

static void test_moves(void)
{
    g_autoptr(TileSet) set = tile_set_new(WIDTH, 64);
    g_autoptr(GArray) runs = runs_new();
    tile_set_take(set, WHOLE, 1000, TRUE, runs);
    assert_runs(runs, "0,0 200x64");
    tile_set_owe(set, (Rect){ 0, 0, 64, 64 });
    tile_set_take(set, WHOLE, 1000 + TILE_MOVES_MS, TRUE, runs);
    assert_runs(runs, "0,0 64x64");
    tile_set_owe(set, WHOLE);
    tile_set_take(set, WHOLE, 1100 + TILE_MOVES_MS, TRUE, runs);
    assert_runs(runs, "0,0 64x64 moves; 64,0 136x64");
    tile_set_owe(set, WHOLE);
    tile_set_take(set, WHOLE, 1200 + TILE_MOVES_MS, FALSE, runs);
    assert_runs(runs, "0,0 200x64");
}

static void test_lossy(void)
{
    g_autoptr(TileSet) set = tile_set_new(WIDTH, 64);
    g_autoptr(GArray) runs = runs_new();
    tile_set_take(set, WHOLE, 1000, FALSE, runs);
    g_array_set_size(runs, 0);
    g_assert_cmpint(tile_set_lossy_due_ms(set, 1000), ==, -1);
    tile_set_sent(set, (Rect){ 0, 0, 192, 64 }, TRUE);
    g_assert_cmpint(tile_set_lossy_due_ms(set, 1100), ==, TILE_STILL_MS - 100);
    tile_set_take_lossy(set, WHOLE, 1100, 10, runs);
    assert_runs(runs, "");
    g_assert_cmpint(tile_set_lossy_due_ms(set, 1000 + TILE_STILL_MS), ==, 0);
    tile_set_owe(set, (Rect){ 0, 0, 1, 1 }); /* about to be sent anyway */
    tile_set_take_lossy(set, WHOLE, 1000 + TILE_STILL_MS, 1, runs);
    assert_runs(runs, "64,0 64x64");
    tile_set_take_lossy(set, WHOLE, 1000 + TILE_STILL_MS, 10, runs);
    assert_runs(runs, "128,0 64x64");
    g_assert_cmpint(tile_set_lossy_due_ms(set, 1000 + TILE_STILL_MS), ==, -1);
    tile_set_take(set, WHOLE, 2000, FALSE, runs);
    assert_runs(runs, "0,0 64x64");
    g_assert_cmpint(tile_set_lossy_due_ms(set, 2000), ==, -1);
}

static void test_moved(void)
{
    g_autoptr(TileSet) set = tile_set_new(WIDTH, 128);
    g_autoptr(GArray) runs = runs_new();
    tile_set_take(set, WHOLE, 1000, FALSE, runs);
    g_array_set_size(runs, 0);
    tile_set_moved(set, (Rect){ 0, 64, 64, 64 }, 0, 0);
    g_assert_cmpint(tile_set_lossy_due_ms(set, 1000), ==, -1);
    tile_set_sent(set, (Rect){ 0, 0, 64, 64 }, TRUE);
    tile_set_moved(set, (Rect){ 70, 64, 20, 64 }, 10, 0);
    tile_set_take_lossy(set, WHOLE, 5000, 10, runs);
    assert_runs(runs, "0,0 64x64; 64,64 64x64");
}

/* the clock of 32 bits goes round */
static void test_clock(void)
{
    g_autoptr(TileSet) set = tile_set_new(64, 64);
    g_autoptr(GArray) runs = runs_new();
    tile_set_take(set, WHOLE, G_MAXUINT32 - 10, TRUE, runs);
    tile_set_owe(set, WHOLE);
    tile_set_take(set, WHOLE, 20, TRUE, runs);
    assert_runs(runs, "0,0 64x64; 0,0 64x64 moves");
    tile_set_sent(set, WHOLE, TRUE);
    g_assert_cmpint(tile_set_lossy_due_ms(set, 20), ==, TILE_STILL_MS);
}

/* against a map of single tiles */
static void test_random(void)
{
    const int width = 10 * SCREEN_TILE - 5, height = 7 * SCREEN_TILE - 63;
    g_autoptr(TileSet) set = tile_set_new(width, height);
    gboolean owed[7][10];
    for (int i = 0; i < 70; i++)
        owed[i / 10][i % 10] = TRUE;
    for (int round = 0; round < 2000; round++) {
        g_autoptr(GArray) runs = runs_new();
        Rect rect = { g_test_rand_int_range(-50, width), g_test_rand_int_range(-50, height),
                      g_test_rand_int_range(1, 300), g_test_rand_int_range(1, 300) };
        gboolean take = g_test_rand_int_range(0, 2) == 0;
        gboolean expected[7][10] = { 0 };
        for (int y = 0; y < 7; y++) {
            for (int x = 0; x < 10; x++) {
                Rect tile = rect_intersect(
                    (Rect){ x * SCREEN_TILE, y * SCREEN_TILE, SCREEN_TILE, SCREEN_TILE },
                    (Rect){ 0, 0, width, height });
                if (rect_is_empty(rect_intersect(tile, rect)))
                    continue;
                expected[y][x] = take && owed[y][x];
                owed[y][x] = !take;
            }
        }
        if (take)
            tile_set_take(set, rect, (guint32)round, TRUE, runs);
        else
            tile_set_owe(set, rect);
        for (guint i = 0; i < runs->len; i++) {
            Rect run = g_array_index(runs, TileRun, i).rect;
            g_assert_cmpint(run.height, ==, MIN(SCREEN_TILE, height - run.y));
            for (int x = run.x / SCREEN_TILE; x * SCREEN_TILE < run.x + run.width; x++) {
                g_assert_true(expected[run.y / SCREEN_TILE][x]);
                expected[run.y / SCREEN_TILE][x] = FALSE;
            }
        }
        for (int i = 0; i < 70; i++)
            g_assert_false(expected[i / 10][i % 10]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tile-set/take", test_take);
    g_test_add_func("/tile-set/area", test_area);
    g_test_add_func("/tile-set/moves", test_moves);
    g_test_add_func("/tile-set/lossy", test_lossy);
    g_test_add_func("/tile-set/moved", test_moved);
    g_test_add_func("/tile-set/clock", test_clock);
    g_test_add_func("/tile-set/random", test_random);
    return g_test_run();
}
