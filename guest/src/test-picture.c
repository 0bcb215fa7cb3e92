/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "picture.h"

#include <glib.h>
#include <string.h>

#include "../strip.h"

static const struct {
    int width, height;
} sizes[] = { { 1280, 800 }, { 640, 480 }, { 1918, 1079 }, { 512, 200 }, { 720, 1280 } };
static const char *const mode_names[] = { "full", "box", "text", "still" };

typedef struct {
    Canvas canvas;
    Picture picture;
    PictureState state;
} Fixture;

/* The canvas has a margin behind each line and behind the last one; nothing may be drawn there. */
#define BEHIND 3
#define GUARD 0xdeadbeef

static void set_up(Fixture *fixture, const char *mode, int width, int height)
{
    size_t stride = (size_t)(width + BEHIND) * 4;
    fixture->canvas = (Canvas){ g_malloc(stride * (size_t)(height + 1)), width, height, stride };
    for (size_t i = 0; i < stride / 4 * (size_t)(height + 1); i++)
        fixture->canvas.pixels[i] = GUARD;
    fixture->state = (PictureState){ .renderer = "dumb buffer on test", .frame = 1 };
    g_assert_true(picture_init(&fixture->picture, picture_mode_find(mode), width, height));
}

static void tear_down(Fixture *fixture)
{
    picture_clear(&fixture->picture);
    g_free(fixture->canvas.pixels);
}

static void check_picture(const Fixture *fixture)
{
    const Canvas *canvas = &fixture->canvas;
    uint32_t frame = 0;
    g_assert_cmpint(strip_decode(canvas->pixels, (unsigned)canvas->width, (unsigned)canvas->height,
                                 canvas->stride, &frame),
                    ==, STRIP_OK);
    g_assert_cmpuint(frame, ==, fixture->state.frame);
    for (int y = 0; y < canvas->height; y++) {
        g_assert_cmphex(canvas_line(canvas, y)[canvas->width - 1], !=, GUARD);
        for (int i = 0; i < BEHIND; i++)
            g_assert_cmphex(canvas_line(canvas, y)[canvas->width + i], ==, GUARD);
    }
    g_assert_cmphex(canvas_line(canvas, canvas->height)[0], ==, GUARD);
}

static void step(Fixture *fixture)
{
    fixture->state.frame++;
    fixture->state.milliseconds += 33;
}

/* Every mode at every size: inside the canvas, with the right frame number. */
static void test_sizes(void)
{
    for (unsigned s = 0; s < G_N_ELEMENTS(sizes); s++) {
        for (unsigned m = 0; m < G_N_ELEMENTS(mode_names); m++) {
            Fixture fixture;
            set_up(&fixture, mode_names[m], sizes[s].width, sizes[s].height);
            for (int i = 0; i < 3; i++) {
                fixture.picture.mode->paint(&fixture.picture, &fixture.canvas, &fixture.state);
                check_picture(&fixture);
                step(&fixture);
            }
            tear_down(&fixture);
        }
    }
}

/* An hour later the numbers of the animation are large: still inside. */
static void test_late(void)
{
    Fixture fixture;
    set_up(&fixture, "full", 640, 480);
    for (uint32_t i = 0; i < 40; i++) {
        fixture.state.milliseconds = i * 107374182u; /* to the end of 32 bits */
        fixture.picture.mode->paint(&fixture.picture, &fixture.canvas, &fixture.state);
        check_picture(&fixture);
        step(&fixture);
    }
    tear_down(&fixture);
}

/* What `full` promises: nearly every pixel differs from frame to frame. */
static void test_full_changes(void)
{
    Fixture fixture;
    set_up(&fixture, "full", 1280, 800);
    fixture.picture.mode->paint(&fixture.picture, &fixture.canvas, &fixture.state);
    size_t count = fixture.canvas.stride / 4 * 800, same = 0;
    g_autofree uint32_t *before = g_memdup2(fixture.canvas.pixels, count * 4);
    step(&fixture);
    fixture.picture.mode->paint(&fixture.picture, &fixture.canvas, &fixture.state);
    for (size_t i = 0; i < count; i++)
        same += before[i] == fixture.canvas.pixels[i];
    g_assert_cmpuint(same, <, count / 20);
    tear_down(&fixture);
}

static gboolean is_inside(int x, int y, const Rectangle *areas, int count)
{
    for (int i = 0; i < count; i++)
        if (x >= areas[i].x && x < areas[i].x + areas[i].width && y >= areas[i].y &&
            y < areas[i].y + areas[i].height)
            return TRUE;
    return FALSE;
}

/* What `box` reports as changed is all that changed, in 400 steps (all edges are met). */
static void test_box_damage(void)
{
    Fixture fixture;
    set_up(&fixture, "box", 640, 480);
    fixture.picture.mode->paint(&fixture.picture, &fixture.canvas, &fixture.state);
    size_t size = fixture.canvas.stride * 480;
    for (int i = 0; i < 400; i++) {
        g_autofree uint32_t *before = g_memdup2(fixture.canvas.pixels, size);
        Canvas old = fixture.canvas;
        old.pixels = before;
        Rectangle damage[PICTURE_DAMAGE_MOST];
        step(&fixture);
        int count =
            fixture.picture.mode->change(&fixture.picture, &fixture.canvas, &fixture.state, damage);
        g_assert_cmpint(count, >, 0);
        check_picture(&fixture);
        for (int y = 0; y < 480; y++)
            for (int x = 0; x < 640; x++)
                if (canvas_line(&old, y)[x] != canvas_line(&fixture.canvas, y)[x])
                    g_assert_true(is_inside(x, y, damage, count));
    }
    tear_down(&fixture);
}

static void test_modes(void)
{
    g_assert_null(picture_mode_find("no-such-mode"));
    g_assert_cmpstr(picture_mode_find("text")->name, ==, "text");
    g_assert_true(picture_mode_find("still")->only_once);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/picture/modes", test_modes);
    g_test_add_func("/picture/sizes", test_sizes);
    g_test_add_func("/picture/late", test_late);
    g_test_add_func("/picture/full-changes", test_full_changes);
    g_test_add_func("/picture/box-damage", test_box_damage);
    return g_test_run();
}
