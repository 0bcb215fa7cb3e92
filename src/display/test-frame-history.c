/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/frame-history.h"

#include <string.h>

#define WIDTH 90
#define HEIGHT 70
#define KEPT 5

static guint32 model[HEIGHT][WIDTH];

static Frame *new_frame(void)
{
    Frame *frame = frame_new(WIDTH, HEIGHT, NULL);
    g_assert_nonnull(frame);
    return frame;
}

static void assert_shows(const Frame *frame, guint32 pixels[HEIGHT][WIDTH])
{
    for (int y = 0; y < HEIGHT; y++)
        g_assert_cmpmem(frame_row(frame, y), sizeof pixels[y], pixels[y], sizeof pixels[y]);
}

/* Draws at random, as it was said to the history, and in the model alike. */
static void draw(GRand *random, FrameHistory *history, const Frame *frame)
{
    Rect rect = { g_rand_int_range(random, 0, WIDTH), g_rand_int_range(random, 0, HEIGHT), 0, 0 };
    rect.width = g_rand_int_range(random, 1, WIDTH - rect.x + 1);
    rect.height = g_rand_int_range(random, 1, HEIGHT - rect.y + 1);
    frame_history_changed(history, rect);
    guint32 colour = g_rand_int(random);
    for (int y = rect.y; y < rect.y + rect.height; y++)
        for (int x = rect.x; x < rect.x + rect.width; x++)
            frame_row(frame, y)[x] = model[y][x] = colour++;
}

/*
 * Viewers keep frames for as long as they like: the newest shows all that was drawn, theirs stay as
 * they are. At times a picture comes from elsewhere.
 */
static void test_random(void)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int());
    g_autoptr(FrameHistory) history = frame_history_new();
    static guint32 seen[KEPT][HEIGHT][WIDTH];
    Frame *kept[KEPT] = { NULL };
    memset(model, 0, sizeof model);
    Frame *newest = new_frame();
    for (int turn = 0; turn < 1000; turn++) {
        newest = frame_history_make_writable(history, newest, NULL);
        assert_shows(newest, model);
        for (int n = g_rand_int_range(random, 0, turn % 40 == 0 ? 40 : 4); n > 0; n--)
            draw(random, history, newest);
        assert_shows(newest, model);
        int i = g_rand_int_range(random, 0, KEPT);
        if (kept[i] != NULL)
            assert_shows(kept[i], seen[i]);
        g_clear_pointer(&kept[i], frame_unref);
        if (g_rand_boolean(random)) {
            kept[i] = frame_ref(newest);
            memcpy(seen[i], model, sizeof model);
        }
        if (turn % 100 == 99) {
            frame_unref(newest);
            newest = new_frame();
            memset(model, 0, sizeof model);
        }
    }
    for (int i = 0; i < KEPT; i++)
        frame_unref(kept[i]);
    frame_unref(newest);
}

/* One viewer who is a frame behind: two pictures' memory is all that is used. */
static void test_used_again(void)
{
    g_autoptr(FrameHistory) history = frame_history_new();
    Frame *newest = new_frame(), *behind = NULL;
    const guint32 *memory[2];
    for (int turn = 0; turn < 10; turn++) {
        newest = frame_history_make_writable(history, newest, NULL);
        frame_history_changed(history, (Rect){ 0, turn, 1, 1 });
        *frame_row(newest, turn) = (guint32)turn;
        if (turn < 2)
            memory[turn] = newest->pixels;
        g_assert_true(newest->pixels == memory[turn % 2]);
        frame_unref(behind);
        behind = frame_ref(newest);
    }
    for (int turn = 0; turn < 10; turn++)
        g_assert_cmphex(*frame_row(newest, turn), ==, (guint32)turn);
    frame_unref(behind);
    frame_unref(newest);
}

/* Somebody else's memory is never written. */
static void test_wrapped(void)
{
    g_autoptr(FrameHistory) history = frame_history_new();
    guint32 memory[4] = { 1, 2, 3, 4 };
    Frame *newest = frame_new_wrapped(2, 2, 8, memory, NULL, NULL, NULL);
    g_autoptr(Frame) frame = frame_history_make_writable(history, newest, NULL);
    g_assert_true(frame->pixels != memory);
    g_assert_cmphex(frame_row(frame, 1)[1], ==, 4);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame-history/random", test_random);
    g_test_add_func("/frame-history/used-again", test_used_again);
    g_test_add_func("/frame-history/wrapped", test_wrapped);
    return g_test_run();
}
