/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/screen.h"

#include <string.h>

#include "display/damage.h"
#include "display/pattern.h"

static Frame *plain_frame(int width, int height, guint32 colour)
{
    Frame *frame = frame_new(width, height, NULL);
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            frame_row(frame, y)[x] = colour;
    return frame;
}

/* A copy of the newest frame, one pixel of which is @colour. */
static Frame *dotted(Screen *screen, int x, int y, guint32 colour)
{
    Frame *frame = frame_make_writable(screen_frame(screen), NULL);
    frame_row(frame, y)[x] = colour;
    return frame;
}

static void show_dot(Screen *screen, int x, int y, guint32 colour)
{
    screen_show(screen, dotted(screen, x, y, colour), NULL, 0);
}

/* "RESIZED 0,0 64x64; ... CURSOR", and "nothing" where there is none; *@since goes on. */
static char *ask(Screen *screen, guint64 *since)
{
    g_auto(ScreenUpdate) update = { 0 };
    if (!screen_get_update(screen, *since, FALSE, &update))
        return g_strdup("nothing");
    g_assert_cmpuint(update.serial, >, *since);
    *since = update.serial;
    GString *text = g_string_new(update.resized ? "RESIZED" : NULL);
    for (guint i = 0; i < update.rects->len; i++) {
        Rect rect = g_array_index(update.rects, Rect, i);
        g_string_append_printf(text, "%s%d,%d %dx%d", text->len > 0 ? "; " : "", rect.x, rect.y,
                               rect.width, rect.height);
    }
    if (update.recoloured)
        g_string_append(text, update.cursor != NULL ? " CURSOR" : " NO CURSOR");
    return g_string_free(text, FALSE);
}

static void expect(Screen *screen, guint64 *since, const char *expected)
{
    g_autofree char *text = ask(screen, since);
    g_assert_cmpstr(text, ==, expected);
}

static void test_update(void)
{
    g_autoptr(Screen) screen = screen_new();
    guint64 since = 0, late = 0;
    g_assert_null(screen_frame(screen));
    expect(screen, &since, "nothing");
    screen_show(screen, plain_frame(200, 100, 1), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 200x100");
    expect(screen, &since, "nothing");
    late = since;
    show_dot(screen, 199, 99, 2);
    expect(screen, &since, "192,64 8x36");
    show_dot(screen, 0, 0, 2);
    expect(screen, &since, "0,0 64x64");
    expect(screen, &late, "0,0 64x64; 192,64 8x36");
    expect(screen, &late, "nothing");
}

/* What shows the same again is no news, whatever was called damaged. */
static void test_no_news(void)
{
    g_autoptr(Screen) screen = screen_new();
    guint64 since = 0;
    screen_show(screen, plain_frame(100, 100, 0x00123456), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 100x100");
    screen_show(screen, plain_frame(100, 100, 0xff123456), NULL, 0);
    expect(screen, &since, "nothing");
    screen_show(screen, screen_frame(screen), NULL, 0);
    expect(screen, &since, "nothing");
}

/* Outside of the damage nobody looks, outside of the picture neither. */
static void test_damage(void)
{
    g_autoptr(Screen) screen = screen_new();
    guint64 since = 0;
    screen_show(screen, plain_frame(200, 200, 1), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 200x200");
    Rect damage[] = { { 0, 0, 65, 1 }, { 190, 190, 900, 900 } };
    screen_show(screen, dotted(screen, 64, 0, 3), damage, 2);
    expect(screen, &since, "64,0 64x64");
    Frame *frame = dotted(screen, 199, 199, 4);
    screen_show(screen, frame, damage, 2);
    expect(screen, &since, "192,192 8x8");
    screen_show(screen, dotted(screen, 100, 100, 4), damage, 0);
    screen_show(screen, dotted(screen, 100, 100, 4), damage, 2);
    expect(screen, &since, "nothing");
}

static void test_resize(void)
{
    g_autoptr(Screen) screen = screen_new();
    guint64 since = 0, late = 0;
    screen_show(screen, plain_frame(64, 64, 1), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 64x64");
    late = since;
    screen_show(screen, plain_frame(640, 480, 1), &(Rect){ 0, 0, 1, 1 }, 1);
    expect(screen, &since, "RESIZED; 0,0 640x480");
    show_dot(screen, 0, 0, 2);
    expect(screen, &since, "0,0 64x64");
    expect(screen, &late, "RESIZED; 0,0 640x480");
    screen_show(screen, plain_frame(1, 1, 1), NULL, 0);
    screen_show(screen, plain_frame(640, 480, 1), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 640x480");
}

static void test_cursor(void)
{
    g_autoptr(Screen) screen = screen_new();
    guint64 since = 0;
    g_autoptr(Cursor) arrow = cursor_new(8, 8, 1, 1, NULL);
    g_autoptr(Cursor) same = cursor_new(8, 8, 1, 1, NULL);
    g_autoptr(Cursor) other = cursor_new(8, 8, 2, 1, NULL);
    screen_set_cursor(screen, arrow);
    expect(screen, &since, "nothing"); /* without a picture there is nothing to point at */
    screen_show(screen, plain_frame(64, 64, 1), NULL, 0);
    expect(screen, &since, "RESIZED; 0,0 64x64 CURSOR");
    show_dot(screen, 0, 0, 2);
    expect(screen, &since, "0,0 64x64");
    screen_set_cursor(screen, same);
    expect(screen, &since, "nothing");
    screen_set_cursor(screen, other);
    expect(screen, &since, " CURSOR");
    screen_set_cursor(screen, NULL);
    expect(screen, &since, " NO CURSOR");
}

static void count(gpointer userdata)
{
    ++*(int *)userdata;
}

static void test_watch(void)
{
    g_autoptr(Screen) screen = screen_new();
    g_autoptr(GMainContext) context = g_main_context_new();
    int calls = 0;
    screen_watch(screen, context, count, &calls);
    g_assert_false(g_main_context_iteration(context, FALSE));
    for (guint32 colour = 1; colour < 5; colour++)
        screen_show(screen, plain_frame(64, 64, colour), NULL, 0);
    g_assert_true(g_main_context_iteration(context, FALSE));
    g_assert_cmpint(calls, ==, 1);
    screen_show(screen, screen_frame(screen), NULL, 0);
    g_assert_false(g_main_context_iteration(context, FALSE));
    show_dot(screen, 0, 0, 9);
    screen_watch(screen, NULL, NULL, NULL);
    g_assert_false(g_main_context_iteration(context, FALSE));
    g_assert_cmpint(calls, ==, 1);
}

static gpointer await(gpointer data)
{
    Screen *screen = data;
    gboolean first = screen_await_wanted(screen, -1), second = screen_await_wanted(screen, -1);
    screen_set_wanted(screen, FALSE);
    gboolean third = screen_await_wanted(screen, -1);
    return GINT_TO_POINTER(first << 2 | second << 1 | third);
}

static void test_wanted(void)
{
    g_autoptr(Screen) screen = screen_new();
    g_assert_true(screen_await_wanted(screen, 0)); /* its time has come long ago */
    GThread *source = g_thread_new("source", await, screen);
    screen_set_wanted(screen, TRUE);
    screen_cancel(screen);
    int answers = GPOINTER_TO_INT(g_thread_join(source));
    g_assert_cmpint(answers & 1, ==, 0);
    g_assert_false(screen_await_wanted(screen, 0));
}

static void copy_part(const Frame *to, int x, int y, const Frame *from, Rect part)
{
    for (int i = 0; i < part.height; i++)
        memcpy(frame_row(to, y + i) + x, frame_row(from, part.y + i) + part.x,
               (gsize)part.width * sizeof(guint32));
}

/* Makes of a viewer's picture what it was told. */
static void apply(const ScreenUpdate *update, Frame **picture)
{
    if (update->resized) {
        frame_unref(*picture);
        *picture = frame_new(update->frame->width, update->frame->height, NULL);
    }
    if (!rect_is_empty(update->move.to)) {
        const ScreenMove *move = &update->move;
        g_autoptr(Frame) before = frame_ref(*picture);
        *picture = frame_make_writable(*picture, NULL);
        copy_part(*picture, move->to.x, move->to.y, before,
                  (Rect){ move->from_x, move->from_y, move->to.width, move->to.height });
    }
    for (guint i = 0; i < update->rects->len; i++) {
        Rect rect = g_array_index(update->rects, Rect, i);
        copy_part(*picture, rect.x, rect.y, update->frame, rect);
    }
}

static Frame *scrolled(guint step)
{
    Frame *frame = frame_new(640, 480, NULL);
    pattern_paint(frame, PATTERN_SCROLL, step);
    return frame;
}

/* Who can copy and keeps the pace is told what moved; who is late, or cannot, is not. */
static void test_moves(void)
{
    g_autoptr(Screen) screen = screen_new();
    Frame *picture = NULL;
    guint64 since = 0, late = 0;
    g_autoptr(Cursor) arrow = cursor_new(8, 8, 1, 1, NULL);
    for (guint step = 0; step < 6; step++) {
        screen_show(screen, scrolled(step), NULL, 0);
        if (step == 3)
            screen_set_cursor(screen, arrow); /* is newer, but leaves the picture as it is */
        g_auto(ScreenUpdate) update = { 0 }, plain = { 0 }, behind = { 0 };
        g_assert_true(screen_get_update(screen, since, FALSE, &plain));
        g_assert_true(rect_is_empty(plain.move.to));
        g_assert_true(screen_get_update(screen, late, TRUE, &behind));
        g_assert_true(rect_is_empty(behind.move.to) || step == 1);
        g_assert_true(screen_get_update(screen, since, TRUE, &update));
        g_assert_cmpint(rect_is_empty(update.move.to), ==, step == 0);
        g_assert_cmpint(update.move.from_y - update.move.to.y, ==, step == 0 ? 0 : 16);
        late = late == 0 ? update.serial : late;
        since = update.serial;
        apply(&update, &picture);
        g_assert_true(damage_is_equal(picture, update.frame, (Rect){ 0, 0, 640, 480 }));
    }
    frame_unref(picture);
}

/*
 * A source that draws as fast as it can, and viewers that ask when they like, of whom some can
 * copy: with each answer, what they have put together is the frame they were told of. A frame's
 * first pixel is its number.
 */
#define FRAMES 300
#define VIEWERS 3

typedef struct {
    Screen *screen;
    gboolean moves;
    guint64 since;
    Frame *picture;
    guint updates, moved;
} Viewer;

static void scribble(GRand *random, const Frame *frame, Rect *ret_damage)
{
    *ret_damage = (Rect){ g_rand_int_range(random, 0, frame->width - 9),
                          g_rand_int_range(random, 0, frame->height), 9, 1 };
    for (int i = 0; i < ret_damage->width; i++)
        frame_row(frame, ret_damage->y)[ret_damage->x + i] = g_rand_int(random);
}

static void scroll(GRand *random, const Frame *frame, const Frame *before, Rect *ret_damage)
{
    int by = g_rand_int_range(random, 1, 40);
    Rect from = { 30, 10 + by, frame->width - 50, frame->height - 10 - by };
    copy_part(frame, from.x, from.y - by, before, from);
    *ret_damage = (Rect){ from.x, 10, from.width, from.height };
}

static void draw_one(Screen *screen, GRand *random, guint32 number)
{
    g_autoptr(Frame) before = screen_frame(screen);
    Frame *frame = frame_make_writable(frame_ref(before), NULL);
    Rect damage[] = { { 0, 0, 1, 1 }, { 0 } };
    if (number % 50 == 0) {
        frame_unref(frame);
        frame = frame_new(g_rand_int_range(random, 200, 400), 320, NULL);
        pattern_paint(frame, PATTERN_TEXT, number);
    } else if (g_rand_boolean(random)) {
        scroll(random, frame, before, &damage[1]);
    } else {
        scribble(random, frame, &damage[1]);
    }
    frame_row(frame, 0)[0] = number;
    screen_show(screen, frame, damage, G_N_ELEMENTS(damage));
}

static gpointer draw(gpointer data)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(3);
    for (guint32 number = 1; number <= FRAMES; number++)
        draw_one(data, random, number);
    return NULL;
}

/* FALSE when there is nothing new. */
static gboolean look(Viewer *viewer)
{
    g_auto(ScreenUpdate) update = { 0 };
    if (!screen_get_update(viewer->screen, viewer->since, viewer->moves, &update))
        return FALSE;
    g_assert_cmpuint(update.serial, >, viewer->since);
    viewer->since = update.serial;
    apply(&update, &viewer->picture);
    Rect whole = { 0, 0, update.frame->width, update.frame->height };
    g_assert_true(damage_is_equal(viewer->picture, update.frame, whole));
    viewer->updates++;
    viewer->moved += !rect_is_empty(update.move.to);
    return TRUE;
}

/* In one thread, which takes turns at random: some are late, some are not. */
static void test_turns(void)
{
    g_autoptr(Screen) screen = screen_new();
    g_autoptr(GRand) random = g_rand_new_with_seed(g_test_rand_int());
    Viewer viewers[VIEWERS] = { { screen, FALSE }, { screen, TRUE }, { screen, TRUE } };
    screen_show(screen, scrolled(0), NULL, 0);
    for (guint32 number = 1; number <= FRAMES; number++) {
        draw_one(screen, random, number);
        look(&viewers[0]);
        look(&viewers[1]);
        if (g_rand_int_range(random, 0, 4) == 0)
            look(&viewers[2]);
    }
    g_assert_cmpuint(viewers[0].moved, ==, 0);
    g_assert_cmpuint(viewers[1].moved, >, 0);
    g_assert_cmpuint(viewers[2].moved, <, viewers[1].moved);
    for (int i = 0; i < VIEWERS; i++)
        frame_unref(viewers[i].picture);
}

static gpointer view(gpointer data)
{
    Viewer *viewer = data;
    while (viewer->picture == NULL || frame_row(viewer->picture, 0)[0] != FRAMES)
        if (!look(viewer))
            g_thread_yield();
    return NULL;
}

static void test_threads(void)
{
    g_autoptr(Screen) screen = screen_new();
    screen_show(screen, scrolled(0), NULL, 0);
    Viewer viewers[VIEWERS];
    GThread *threads[VIEWERS];
    for (int i = 0; i < VIEWERS; i++) {
        viewers[i] = (Viewer){ .screen = screen, .moves = i > 0 };
        threads[i] = g_thread_new("viewer", view, &viewers[i]);
    }
    g_thread_join(g_thread_new("source", draw, screen));
    for (int i = 0; i < VIEWERS; i++) {
        g_thread_join(threads[i]);
        g_assert_cmpuint(viewers[i].updates, <=, FRAMES + 1);
        frame_unref(viewers[i].picture);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/screen/update", test_update);
    g_test_add_func("/screen/no-news", test_no_news);
    g_test_add_func("/screen/damage", test_damage);
    g_test_add_func("/screen/resize", test_resize);
    g_test_add_func("/screen/cursor", test_cursor);
    g_test_add_func("/screen/watch", test_watch);
    g_test_add_func("/screen/wanted", test_wanted);
    g_test_add_func("/screen/moves", test_moves);
    g_test_add_func("/screen/turns", test_turns);
    g_test_add_func("/screen/threads", test_threads);
    return g_test_run();
}
