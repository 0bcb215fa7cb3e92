/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/frame.h"

#include <string.h>

#include "base/error.h"
#include "display/cursor.h"

static Frame *new_frame(int width, int height)
{
    g_autoptr(GError) error = NULL;
    Frame *frame = frame_new(width, height, &error);
    g_assert_no_error(error);
    return frame;
}

static void assert_black(const Frame *frame)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            g_assert_cmphex(frame_row(frame, y)[x], ==, 0);
}

static void fill(const Frame *frame)
{
    for (int y = 0; y < frame->height; y++)
        memset(frame_row(frame, y), 0x5a, (gsize)frame->width * sizeof(guint32));
}

static void test_new(void)
{
    static const int sizes[][2] = { { 1, 1 }, { 17, 3 }, { 1280, 800 }, { FRAME_SIDE_LIMIT, 1 } };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(Frame) frame = new_frame(sizes[i][0], sizes[i][1]);
        g_assert_cmpint(frame->width, ==, sizes[i][0]);
        g_assert_cmpint(frame->height, ==, sizes[i][1]);
        g_assert_cmpuint(frame->stride % 64, ==, 0);
        g_assert_cmpuint((guintptr)frame->pixels % 64, ==, 0);
        assert_black(frame);
        fill(frame);
    }
}

static void test_impossible(void)
{
    static const int sizes[][2] = {
        { 0, 1 }, { 1, 0 }, { -1, 5 }, { FRAME_SIDE_LIMIT + 1, 1 }, { 1, FRAME_SIDE_LIMIT + 1 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(frame_new(sizes[i][0], sizes[i][1], &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    }
}

/* Memory is used again, and is black all the same. */
static void test_pool(void)
{
    Frame *first = new_frame(301, 200);
    const guint32 *pixels = first->pixels;
    fill(first);
    frame_unref(first);
    g_autoptr(Frame) other = new_frame(300, 201);
    g_assert_true(other->pixels != pixels);
    g_autoptr(Frame) second = new_frame(301, 200);
    g_assert_true(second->pixels == pixels);
    assert_black(second);
}

/* What is not asked for again goes when others come. */
static void test_pool_bound(void)
{
    Frame *frames[32];
    for (guint i = 0; i < G_N_ELEMENTS(frames); i++) {
        frames[i] = new_frame(64, 10);
        fill(frames[i]);
    }
    for (guint i = 0; i < G_N_ELEMENTS(frames); i++)
        frame_unref(frames[i]);
    for (int height = 20; height < 40; height++) {
        g_autoptr(Frame) frame = new_frame(64, height);
        fill(frame);
    }
    Frame *huge = new_frame(4096, 8192); /* more than is kept at all */
    frame_unref(huge);
    g_autoptr(Frame) again = new_frame(64, 10);
    assert_black(again);
}

static void count(gpointer data)
{
    ++*(int *)data;
}

static void test_wrapped(void)
{
    guint32 memory[3 * 5] = { 0 };
    int released = 0;
    memory[5 + 1] = 0x123456;
    g_autoptr(GError) error = NULL;
    Frame *frame = frame_new_wrapped(3, 3, 20, memory, count, &released, &error);
    g_assert_no_error(error);
    g_assert_cmphex(frame_row(frame, 1)[1], ==, 0x123456);
    frame_ref(frame);
    frame_unref(frame);
    g_assert_cmpint(released, ==, 0);
    frame_unref(frame);
    g_assert_cmpint(released, ==, 1);
}

static void test_wrapped_impossible(void)
{
    static const struct {
        int width;
        gsize stride;
    } cases[] = { { 3, 8 }, { 3, 13 }, { 0, 4 }, { 4, 0 } };
    guint32 memory[16];
    int released = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(frame_new_wrapped(cases[i].width, 1, cases[i].stride, memory, count,
                                        &released, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    }
    g_assert_cmpint(released, ==, 0);
}

static void test_writable(void)
{
    g_autoptr(GError) error = NULL;
    Frame *frame = new_frame(5, 4);
    fill(frame);
    Frame *same = frame_make_writable(frame, &error);
    g_assert_true(same == frame);
    g_autoptr(Frame) kept = frame_ref(frame);
    g_autoptr(Frame) copy = frame_make_writable(frame, &error);
    g_assert_true(copy != kept && copy->pixels != kept->pixels);
    frame_row(copy, 3)[4] = 1;
    g_assert_cmphex(frame_row(copy, 3)[3], ==, 0x5a5a5a5a);
    g_assert_cmphex(frame_row(kept, 3)[4], ==, 0x5a5a5a5a);
}

/* Somebody else's memory is not written, even by its only holder. */
static void test_writable_wrapped(void)
{
    guint32 memory[4] = { 1, 2, 3, 4 };
    int released = 0;
    g_autoptr(GError) error = NULL;
    Frame *frame = frame_new_wrapped(2, 2, 8, memory, count, &released, &error);
    g_autoptr(Frame) copy = frame_make_writable(frame, &error);
    g_assert_cmpint(released, ==, 1);
    g_assert_true(copy->pixels != memory);
    g_assert_cmphex(frame_row(copy, 1)[0], ==, 3);
}

static void test_cursor(void)
{
    static const struct {
        int width, height, hot_x, hot_y, is_x, is_y;
    } cases[] = {
        { 16, 24, 3, 4, 3, 4 },
        { 16, 24, 99, -1, 15, 0 },
        { 0, 0, 1, 1, 0, 0 },
        { CURSOR_SIDE_LIMIT, CURSOR_SIDE_LIMIT, 0, 0, 0, 0 },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Cursor) cursor =
            cursor_new(cases[i].width, cases[i].height, cases[i].hot_x, cases[i].hot_y, &error);
        g_assert_no_error(error);
        g_assert_cmpint(cursor->hot_x, ==, cases[i].is_x);
        g_assert_cmpint(cursor->hot_y, ==, cases[i].is_y);
        for (int p = 0; p < cursor->width * cursor->height; p++)
            g_assert_cmphex(cursor->pixels[p], ==, 0);
        cursor_unref(cursor_ref(cursor));
    }
}

static void test_cursor_equal(void)
{
    g_autoptr(Cursor) cursor = cursor_new(3, 2, 1, 1, NULL);
    g_autoptr(Cursor) same = cursor_new(3, 2, 1, 1, NULL);
    g_autoptr(Cursor) wide = cursor_new(2, 3, 1, 1, NULL);
    g_autoptr(Cursor) moved = cursor_new(3, 2, 0, 1, NULL);
    g_autoptr(Cursor) none = cursor_new(0, 0, 0, 0, NULL);
    g_autoptr(Cursor) none_either = cursor_new(0, 0, 5, 5, NULL);
    g_assert_true(cursor_equal(cursor, same));
    g_assert_true(cursor_equal(none, none_either));
    g_assert_true(cursor_equal(NULL, NULL));
    const Cursor *const others[] = { wide, moved, none, NULL };
    for (gsize i = 0; i < G_N_ELEMENTS(others); i++) {
        g_assert_false(cursor_equal(cursor, others[i]));
        g_assert_false(cursor_equal(others[i], cursor));
    }
    same->pixels[5] = 0x80ffffff;
    g_assert_false(cursor_equal(cursor, same));
}

static void test_cursor_impossible(void)
{
    static const int sizes[][2] = { { 0, 1 }, { 1, 0 }, { -1, 4 }, { CURSOR_SIDE_LIMIT + 1, 1 } };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(cursor_new(sizes[i][0], sizes[i][1], 0, 0, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame/new", test_new);
    g_test_add_func("/frame/impossible", test_impossible);
    g_test_add_func("/frame/pool", test_pool);
    g_test_add_func("/frame/pool-bound", test_pool_bound);
    g_test_add_func("/frame/wrapped", test_wrapped);
    g_test_add_func("/frame/wrapped-impossible", test_wrapped_impossible);
    g_test_add_func("/frame/writable", test_writable);
    g_test_add_func("/frame/writable-wrapped", test_writable_wrapped);
    g_test_add_func("/cursor/new", test_cursor);
    g_test_add_func("/cursor/equal", test_cursor_equal);
    g_test_add_func("/cursor/impossible", test_cursor_impossible);
    return g_test_run();
}
