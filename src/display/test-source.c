/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/source.h"

#include <string.h>

#include "base/error.h"
#include "display/damage.h"
#include "display/pattern.h"
#include "display/source-test.h"
#include "guest/strip.h"

static guint32 number_of(const Frame *frame)
{
    guint32 number = 0;
    g_assert_cmpint(strip_decode(frame->pixels, (unsigned)frame->width, (unsigned)frame->height,
                                 frame->stride, &number),
                    ==, STRIP_OK);
    return number;
}

static void on_news(gpointer userdata)
{
    *(gboolean *)userdata = TRUE;
}

/* What a viewer has; it looks whenever there is news. */
typedef struct {
    Screen *screen;
    GMainContext *context;
    gboolean news;
    guint64 serial;
    Frame *picture;
    gboolean pointer;
} Eye;

static void eye_open(Eye *eye, Screen *screen)
{
    *eye = (Eye){ .screen = screen, .context = g_main_context_new() };
    screen_watch(screen, eye->context, on_news, &eye->news);
}

static void eye_close(Eye *eye)
{
    screen_watch(eye->screen, NULL, NULL, NULL);
    g_main_context_unref(eye->context);
    frame_unref(eye->picture);
}

static void copy_rect(const Frame *to, const Frame *from, Rect rect)
{
    for (int y = rect.y; y < rect.y + rect.height; y++)
        memcpy(frame_row(to, y) + rect.x, frame_row(from, y) + rect.x,
               (gsize)rect.width * sizeof(guint32));
}

/* Waits for news; what it is told must make of its picture the one that is shown. */
static void eye_look(Eye *eye)
{
    g_auto(ScreenUpdate) update = { 0 };
    while (!screen_get_update(eye->screen, eye->serial, FALSE, &update))
        g_main_context_iteration(eye->context, TRUE);
    eye->serial = update.serial;
    eye->pointer = update.cursor != NULL && update.cursor->width > 0;
    if (update.resized) {
        frame_unref(eye->picture);
        eye->picture = frame_new(update.frame->width, update.frame->height, NULL);
    }
    for (guint i = 0; i < update.rects->len; i++)
        copy_rect(eye->picture, update.frame, g_array_index(update.rects, Rect, i));
    Rect whole = { 0, 0, eye->picture->width, eye->picture->height };
    g_assert_true(damage_is_equal(eye->picture, update.frame, whole));
}

/* Numbers grow, and what each kind calls damage is all that changes. */
static void test_shows(gconstpointer data)
{
    const char *kind = data;
    g_autofree char *spec = g_strdup_printf("%s,size=530x70,rate=1000", kind);
    g_autoptr(GError) error = NULL;
    g_autoptr(Screen) screen = screen_new();
    Eye eye;
    eye_open(&eye, screen);
    g_autoptr(Source) source = source_test_new(screen, spec, &error);
    g_assert_no_error(error);
    guint32 before = 0;
    for (int i = 0; i < 40; i++) {
        eye_look(&eye);
        g_assert_cmpuint(number_of(eye.picture), >, before);
        before = number_of(eye.picture);
    }
    g_clear_pointer(&source, source_free);
    eye_close(&eye);
}

/* One frame, and another one only for another size. */
static void test_still(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Screen) screen = screen_new();
    Eye eye;
    eye_open(&eye, screen);
    g_autoptr(Source) source = source_test_new(screen, "still,size=640x480,rate=1000", &error);
    eye_look(&eye);
    g_assert_cmpuint(number_of(eye.picture), ==, 1);
    g_assert_true(eye.pointer);
    g_assert_true(source_resize(source, 800, 600, &error));
    eye_look(&eye);
    g_assert_cmpint(eye.picture->width, ==, 800);
    g_assert_cmpint(eye.picture->height, ==, 600);
    g_assert_cmpuint(number_of(eye.picture), ==, 2);
    eye_close(&eye);
}

static void test_resize(void)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Screen) screen = screen_new();
    Eye eye;
    eye_open(&eye, screen);
    g_autoptr(Source) source = source_test_new(screen, "small,size=640x480,rate=1000", &error);
    static const int sizes[][2] = { { 800, 600 }, { 1, 1 }, { 513, 16 } };
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++) {
        g_assert_true(source_resize(source, sizes[i][0], sizes[i][1], &error));
        do
            eye_look(&eye);
        while (eye.picture->width != sizes[i][0] || eye.picture->height != sizes[i][1]);
    }
    g_assert_false(source_resize(source, 0, 480, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    eye_close(&eye);
}

/* Who keeps frames for long sees them unchanged, also when the source has gone. */
static void test_kept(void)
{
    g_autoptr(Screen) screen = screen_new();
    Eye eye;
    eye_open(&eye, screen);
    Source *source = source_test_new(screen, "full,size=530x40,rate=1000", NULL);
    Frame *kept[3 * PATTERN_STEPS];
    guint32 numbers[G_N_ELEMENTS(kept)];
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
        eye_look(&eye);
        kept[i] = screen_frame(screen);
        numbers[i] = number_of(kept[i]);
    }
    source_free(source);
    for (gsize i = 0; i < G_N_ELEMENTS(kept); i++) {
        g_assert_cmpuint(number_of(kept[i]), ==, numbers[i]);
        frame_unref(kept[i]);
    }
    eye_close(&eye);
}

static void test_wrong(void)
{
    static const char *const specs[] = {
        "all",
        "full,rate=0",
        "full,rate=1001",
        "full,rate=",
        "full,size",
        "full,,",
        "full,size=0x100",
        "full,size=100x100x",
        "full,size=99999x99999",
        "full,size=16384x16384x2",
        "full,size=16384x16384",
        "full rate=5",
        "size=10x",
    };
    g_autoptr(Screen) screen = screen_new();
    for (gsize i = 0; i < G_N_ELEMENTS(specs); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(source_test_new(screen, specs[i], &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    }
}

static void nothing(Source *source)
{
}

/* A source of one size. */
static void test_fixed(void)
{
    static const SourceClass fixed_class = { .name = "fixed", .free = nothing };
    Source fixed = { &fixed_class };
    g_autoptr(GError) error = NULL;
    g_assert_false(source_resize(&fixed, 640, 480, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    source_free(&fixed);
    source_free(NULL);
}

/* Each kind's damage is all that differs, from any step to any other; and something does. */
static void test_patterns(void)
{
    for (int kind = 0; pattern_names[kind] != NULL; kind++) {
        g_autoptr(Frame) before = frame_new(200, 150, NULL), after = frame_new(200, 150, NULL);
        Rect damage[PATTERN_AREAS];
        guint8 all[4 * 3] = { 0 }, some[4 * 3] = { 0 };
        pattern_paint(before, (PatternKind)kind, 2);
        pattern_paint(after, (PatternKind)kind, 9);
        guint n = pattern_damage((PatternKind)kind, 200, 150, 2, 9, damage);
        damage_find(before, after, &(Rect){ 0, 0, 200, 150 }, 1, all);
        damage_find(before, after, damage, n, some);
        g_assert_cmpmem(all, sizeof all, some, sizeof some);
        g_assert_true((memchr(all, 1, sizeof all) != NULL) == (kind != PATTERN_STILL));
        g_assert_true(kind != PATTERN_FULL || memchr(all, 0, sizeof all) == NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source/patterns", test_patterns);
    for (int kind = PATTERN_STILL + 1; pattern_names[kind] != NULL; kind++) {
        g_autofree char *path = g_strdup_printf("/source/test/shows/%s", pattern_names[kind]);
        g_test_add_data_func(path, pattern_names[kind], test_shows);
    }
    g_test_add_func("/source/test/still", test_still);
    g_test_add_func("/source/test/resize", test_resize);
    g_test_add_func("/source/test/kept", test_kept);
    g_test_add_func("/source/test/wrong", test_wrong);
    g_test_add_func("/source/fixed", test_fixed);
    return g_test_run();
}
