/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Moves are found, and exact; `test-move -m perf` says what looking for them costs. */
#include "display/move.h"

#include <string.h>

#include "display/damage.h"
#include "display/pattern.h"

#define WIDTH 700
#define HEIGHT 500

static Frame *page(int width, int height, guint step)
{
    Frame *frame = frame_new(width, height, NULL);
    pattern_paint(frame, PATTERN_SCROLL, step);
    return frame;
}

static void copy_part(const Frame *to, int x, int y, const Frame *from, Rect part)
{
    for (int i = 0; i < part.height; i++)
        memcpy(frame_row(to, y + i) + x, frame_row(from, part.y + i) + part.x,
               (gsize)part.width * sizeof(guint32));
}

static Frame *copy_of(const Frame *frame)
{
    Frame *copy = frame_new(frame->width, frame->height, NULL);
    copy_part(copy, 0, 0, frame, (Rect){ 0, 0, frame->width, frame->height });
    return copy;
}

static guint8 *difference(const Frame *before, const Frame *after, guint *ret_count)
{
    guint8 *tiles = g_malloc0((gsize)damage_tiles(after->width) * damage_tiles(after->height));
    *ret_count = damage_find(before, after, &(Rect){ 0, 0, after->width, after->height }, 1, tiles);
    return tiles;
}

/* What a viewer makes of @before by @move and the tiles that are left is @after. */
static void assert_exact(const Frame *before, const Frame *after, ScreenMove move,
                         const guint8 *tiles)
{
    Rect whole = { 0, 0, after->width, after->height };
    g_autoptr(Frame) picture = copy_of(before);
    g_autoptr(GArray) rects = g_array_new(FALSE, FALSE, sizeof(Rect));
    Rect from = { move.from_x, move.from_y, move.to.width, move.to.height };
    Rect inside = rect_intersect(from, whole);
    g_assert_cmpmem(&from, sizeof from, &inside, sizeof inside);
    copy_part(picture, move.to.x, move.to.y, before, from);
    damage_to_rects(tiles, after->width, after->height, rects);
    for (guint i = 0; i < rects->len; i++) {
        Rect rect = g_array_index(rects, Rect, i);
        copy_part(picture, rect.x, rect.y, after, rect);
    }
    g_assert_true(damage_is_equal(picture, after, whole));
}

/* Returns how many tiles of how many are spared, percent. */
static int find(const Frame *before, const Frame *after, ScreenMove *ret_move)
{
    guint n = 0, left = 0;
    g_autofree guint8 *tiles = difference(before, after, &n);
    *ret_move = move_find(before, after, tiles);
    for (int i = 0; i < damage_tiles(after->width) * damage_tiles(after->height); i++)
        left += tiles[i];
    if (rect_is_empty(ret_move->to)) {
        g_assert_cmpuint(left, ==, n);
        return 0;
    }
    assert_exact(before, after, *ret_move, tiles);
    return (int)((n - left) * 100 / n);
}

/* A page, all of it moved by so many pixels; what comes in is new. */
static void test_page(void)
{
    static const int offsets[][2] = { { 0, 16 },  { 0, -16 }, { 0, 1 }, { 0, 100 },
                                      { 0, -77 }, { 24, 0 },  { -5, 0 } };
    for (gsize i = 0; i < G_N_ELEMENTS(offsets); i++) {
        int dx = offsets[i][0], dy = offsets[i][1];
        g_autoptr(Frame) big = page(WIDTH + 200, HEIGHT + 200, 3);
        g_autoptr(Frame) before = frame_new(WIDTH, HEIGHT, NULL);
        g_autoptr(Frame) after = frame_new(WIDTH, HEIGHT, NULL);
        copy_part(before, 0, 0, big, (Rect){ 100, 100, WIDTH, HEIGHT });
        copy_part(after, 0, 0, big, (Rect){ 100 + dx, 100 + dy, WIDTH, HEIGHT });
        ScreenMove move;
        g_assert_cmpint(find(before, after, &move), >=, 60);
        g_assert_cmpint(move.from_x - move.to.x, ==, dx);
        g_assert_cmpint(move.from_y - move.to.y, ==, dy);
    }
}

/* In a window that does not begin where tiles do; around it, nothing or something else changes. */
static void test_window(void)
{
    for (int noise = 0; noise < 2; noise++) {
        Rect window = { 100, 90, 430, 333 };
        g_autoptr(Frame) before = frame_new(WIDTH, HEIGHT, NULL);
        pattern_paint(before, PATTERN_FULL, 0);
        g_autoptr(Frame) after = copy_of(before);
        g_autoptr(Frame) first = page(430, 333, 0), second = page(430, 333, 2);
        copy_part(before, window.x, window.y, first, (Rect){ 0, 0, 430, 333 });
        copy_part(after, window.x, window.y, second, (Rect){ 0, 0, 430, 333 });
        if (noise)
            frame_row(after, 3)[650] ^= 1;
        ScreenMove move;
        g_assert_cmpint(find(before, after, &move), >=, 40);
        g_assert_cmpint(move.from_y - move.to.y, ==, 32);
        g_assert_cmpint(move.to.height, >=, 333 - 32);
        g_assert_cmpint(move.to.width, >=, 430);
    }
}

/* All of a window, to anywhere; what was behind it comes out. */
static void test_drag(void)
{
    static const int offsets[][2] = { { 7, 5 }, { -30, 12 }, { 64, -64 }, { 3, 0 }, { 0, -9 } };
    g_autoptr(Frame) desktop = frame_new(WIDTH, HEIGHT, NULL);
    pattern_paint(desktop, PATTERN_FULL, 0);
    g_autoptr(Frame) window = page(300, 250, 0);
    for (gsize i = 0; i < G_N_ELEMENTS(offsets); i++) {
        int dx = offsets[i][0], dy = offsets[i][1];
        g_autoptr(Frame) before = copy_of(desktop), after = copy_of(desktop);
        copy_part(before, 150, 110, window, (Rect){ 0, 0, 300, 250 });
        copy_part(after, 150 + dx, 110 + dy, window, (Rect){ 0, 0, 300, 250 });
        ScreenMove move;
        g_assert_cmpint(find(before, after, &move), >=, 25);
        g_assert_cmpint(move.from_x - move.to.x, ==, -dx);
        g_assert_cmpint(move.from_y - move.to.y, ==, -dy);
        g_assert_cmpint(move.to.width, >=, 300);
        g_assert_cmpint(move.to.height, >=, 250);
    }
}

/* Moves that are none, or not worth it. */
static void test_none(void)
{
    g_autoptr(Frame) text = page(WIDTH, HEIGHT, 0);
    g_autoptr(Frame) other = frame_new(WIDTH, HEIGHT, NULL);
    g_autoptr(Frame) motion = frame_new(WIDTH, HEIGHT, NULL);
    g_autoptr(Frame) dotted = copy_of(text);
    g_autoptr(Frame) black = frame_new(WIDTH, HEIGHT, NULL);
    pattern_paint(other, PATTERN_TEXT, 5);
    pattern_paint(motion, PATTERN_FULL, 5);
    frame_row(dotted, 77)[99] ^= 0x10;
    const Frame *const frames[] = { text, other, motion, dotted, black };
    for (gsize i = 0; i < G_N_ELEMENTS(frames); i++) {
        for (gsize j = 0; j < G_N_ELEMENTS(frames); j++) {
            ScreenMove move;
            g_assert_cmpint(find(frames[i], frames[j], &move), ==, 0);
        }
    }
}

/* Whatever is found is exact: pages with parts moved, painted over and sprinkled at random. */
static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int());
    int found = 0;
    for (int i = 0; i < 150; i++) {
        int width = g_rand_int_range(random, 1, 500), height = g_rand_int_range(random, 1, 500);
        g_autoptr(Frame) before = page(width, height, g_rand_int(random) % 100);
        g_autoptr(Frame) after = copy_of(before);
        for (int moves = g_rand_int_range(random, 1, 3); moves > 0; moves--) {
            Rect part = { g_rand_int_range(random, 0, width), g_rand_int_range(random, 0, height),
                          g_rand_int_range(random, 1, width + 1),
                          g_rand_int_range(random, 1, height + 1) };
            part.width = MIN(part.width, width - part.x);
            part.height = MIN(part.height, height - part.y);
            copy_part(after, g_rand_int_range(random, 0, width - part.width + 1),
                      g_rand_boolean(random)
                          ? part.y
                          : g_rand_int_range(random, 0, height - part.height + 1),
                      before, part);
        }
        for (int dots = g_rand_int_range(random, 0, 4); dots > 0; dots--)
            frame_row(after,
                      g_rand_int_range(random, 0, height))[g_rand_int_range(random, 0, width)] ^= 1;
        ScreenMove move;
        found += find(before, after, &move) > 0;
    }
    g_test_message("found %d", found);
    g_assert_cmpint(found, >, 0);
}

static void measure(const char *what, const Frame *before, const Frame *after)
{
    double best = G_MAXDOUBLE;
    guint n = 0;
    g_autofree guint8 *tiles = difference(before, after, &n);
    gsize n_tiles = (gsize)damage_tiles(after->width) * damage_tiles(after->height);
    for (int i = 0; i < 20; i++) {
        g_autofree guint8 *copy = g_memdup2(tiles, n_tiles);
        gint64 start = g_get_monotonic_time();
        move_find(before, after, copy);
        best = MIN(best, (double)(g_get_monotonic_time() - start) / G_USEC_PER_SEC);
    }
    g_test_minimized_result(best, "%s at 1280 x 800: %.0f us", what, best * 1e6);
}

static void test_perf(void)
{
    g_autoptr(Frame) first = page(1280, 800, 0), second = page(1280, 800, 1);
    g_autoptr(Frame) other = frame_new(1280, 800, NULL);
    g_autoptr(Frame) motion = frame_new(1280, 800, NULL), more = frame_new(1280, 800, NULL);
    pattern_paint(other, PATTERN_TEXT, 1);
    pattern_paint(motion, PATTERN_FULL, 0);
    pattern_paint(more, PATTERN_FULL, 1);
    measure("scrolled text", first, second);
    measure("another page of text", first, other);
    measure("full motion", motion, more);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/move/page", test_page);
    g_test_add_func("/move/window", test_window);
    g_test_add_func("/move/drag", test_drag);
    g_test_add_func("/move/none", test_none);
    g_test_add_func("/move/random", test_random);
    if (g_test_perf())
        g_test_add_func("/move/perf", test_perf);
    return g_test_run();
}
