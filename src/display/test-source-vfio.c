/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The source on a vGPU of ours. */
#include "display/source-vfio.h"

#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "display/test-vfio-device.h"
#include "display/vfio-cursor.h"
#include "display/vfio-edid.h"

typedef struct {
    Screen *screen;
    VfioDevice *device;
    Source *source;
    gboolean freed;
    GString *said; /* by the source, a word for each; under @lock */
    GMutex lock;
    gboolean ended;
    gboolean changed;
    gboolean mute_on; /* when it says ON */
} Test;

static void on_state(VfioPlaneState state, const GError *reason, gpointer userdata)
{
    static const char *const words[] = { "off ", "on ", "unreadable " };
    Test *test = userdata;
    g_mutex_lock(&test->lock);
    g_string_append(test->said, words[state]);
    g_mutex_unlock(&test->lock);
    g_assert_cmpint(state == VFIO_PLANE_UNREADABLE, ==, reason != NULL);
    if (state == VFIO_PLANE_ON && test->mute_on)
        source_mute(test->source, TRUE);
    g_main_context_wakeup(NULL);
}

static void on_ended(const GError *reason, gpointer userdata)
{
    Test *test = userdata;
    g_assert_error(reason, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_true(test->freed);
    test->ended = TRUE;
}

static void on_changed(gpointer userdata)
{
    Test *test = userdata;
    test->changed = TRUE;
}

static void set_up(Test *test, gconstpointer muted)
{
    *test = (Test){ .screen = screen_new(), .said = g_string_new(NULL) };
    g_mutex_init(&test->lock);
    test->device = fake_device(&test->freed);
    screen_watch(test->screen, NULL, on_changed, test);
    VfioSourceSpec spec = { .screen = test->screen,
                            .ended = on_ended,
                            .state = on_state,
                            .muted = muted != NULL,
                            .userdata = test };
    test->source = vfio_source_new(test->device, &spec);
}

static void tear_down(Test *test, gconstpointer unused)
{
    source_free(test->source);
    g_assert_true(test->freed);
    screen_free(test->screen);
    g_string_free(test->said, TRUE);
    g_mutex_clear(&test->lock);
}

static guint32 shown_pixel(Test *test)
{
    g_autoptr(Frame) frame = screen_frame(test->screen);
    return frame != NULL ? frame_row(frame, 0)[0] & 0xffffff : 0;
}

static void await_pixel(Test *test, guint32 colour)
{
    while (shown_pixel(test) != colour)
        g_main_context_iteration(NULL, TRUE);
}

static gboolean has_said(Test *test, const char *words)
{
    g_mutex_lock(&test->lock);
    gboolean equal = g_str_equal(test->said->str, words);
    g_mutex_unlock(&test->lock);
    return equal;
}

static void await_words(Test *test, const char *words)
{
    while (!has_said(test, words))
        g_main_context_iteration(NULL, TRUE);
}

/* the first picture comes without anybody's wish, the next ones not */
static void test_shows(Test *test, gconstpointer unused)
{
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0x112233, SIDE * SIDE), SIDE);
    await_pixel(test, 0x112233);
    await_words(test, "on ");
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0x445566, SIDE * SIDE), SIDE);
    screen_set_wanted(test->screen, TRUE);
    await_pixel(test, 0x445566);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0x778899, 4 * SIDE * SIDE), 2 * SIDE);
    await_pixel(test, 0x778899);
    g_autoptr(Frame) frame = screen_frame(test->screen);
    g_assert_cmpint(frame->width, ==, 2 * SIDE);
    g_assert_true(has_said(test, "on "));
}

/* the last picture stays; a mode that is being set is no end */
static void test_off_and_on(Test *test, gconstpointer unused)
{
    screen_set_wanted(test->screen, TRUE);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_pixel(test, 1);
    set_plane(test->device, VFIO_PLANE_PRIMARY, -1, 0);
    await_words(test, "on off ");
    g_assert_cmphex(shown_pixel(test), ==, 1);
    test->device->busy = TRUE;
    await_questions(test->device, 2);
    test->device->busy = FALSE;
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(2, SIDE * SIDE), SIDE);
    await_pixel(test, 2);
    g_assert_true(has_said(test, "on off on "));
}

static void test_unreadable(Test *test, gconstpointer unused)
{
    screen_set_wanted(test->screen, TRUE);
    int fds[2];
    g_assert_no_errno(pipe(fds));
    set_plane(test->device, VFIO_PLANE_PRIMARY, fds[0], SIDE);
    await_words(test, "on unreadable ");
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(3, SIDE * SIDE), SIDE);
    await_pixel(test, 3);
    await_words(test, "on unreadable on ");
    close(fds[1]);
}

/* nobody looks and nothing moves: it is seen all the same, and nothing is held */
static void test_end(Test *test, gconstpointer unused)
{
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_pixel(test, 1);
    close(steal_fd(&test->device->ended[1]));
    while (!test->ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(test->freed);
    g_autoptr(GError) error = NULL;
    g_assert_false(source_resize(test->source, 800, 600, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
}

/* a muted one knows of the plane, shows nothing, and all when it may again */
static void test_muted(Test *test, gconstpointer unused)
{
    screen_set_wanted(test->screen, TRUE);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_words(test, "on ");
    await_questions(test->device, 3);
    g_assert_null(screen_frame(test->screen));
    source_mute(test->source, FALSE);
    await_pixel(test, 1);
    source_mute(test->source, TRUE);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(2, SIDE * SIDE), SIDE);
    await_questions(test->device, 3);
    g_assert_cmphex(shown_pixel(test), ==, 1);
    /* what somebody else drew meanwhile is replaced, though the plane has no news */
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    screen_show(test->screen, frame_new(SIDE, SIDE, NULL), NULL, 0);
    source_mute(test->source, FALSE);
    await_pixel(test, 1);
}

/* who is told may silence it before it shows */
static void test_muted_by_state(Test *test, gconstpointer unused)
{
    test->mute_on = TRUE;
    screen_set_wanted(test->screen, TRUE);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_words(test, "on ");
    await_questions(test->device, 3);
    g_assert_null(screen_frame(test->screen));
}

static Cursor *cursor_now(Test *test)
{
    g_auto(ScreenUpdate) update = { 0 };
    if (!screen_get_update(test->screen, 0, FALSE, &update))
        return NULL;
    return update.cursor != NULL ? cursor_ref(update.cursor) : NULL;
}

static void test_cursor(Test *test, gconstpointer unused)
{
    screen_set_wanted(test->screen, TRUE);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_pixel(test, 1);
    g_assert_null(cursor_now(test));
    set_plane(test->device, VFIO_PLANE_CURSOR, filled(0x80402010, 32 * 32), 32);
    g_autoptr(Cursor) cursor = NULL;
    while ((cursor = cursor_now(test)) == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(cursor->width, ==, 32);
    g_assert_cmphex(cursor->pixels[0], ==, 0x80804020);
    set_plane(test->device, VFIO_PLANE_CURSOR, -1, 0);
    for (g_autoptr(Cursor) hidden = NULL; hidden == NULL || hidden->width != 0;) {
        g_clear_pointer(&hidden, cursor_unref);
        g_main_context_iteration(NULL, TRUE);
        hidden = cursor_now(test);
    }
}

static void test_alpha(void)
{
    g_assert_cmphex(vfio_cursor_unmultiplied(0xff123456), ==, 0xff123456);
    g_assert_cmphex(vfio_cursor_unmultiplied(0x00123456), ==, 0);
    g_assert_cmphex(vfio_cursor_unmultiplied(0x40404000), ==, 0x40ffff00);
    g_assert_cmphex(vfio_cursor_unmultiplied(0x01ffffff), ==, 0x01ffffff);
}

/* In place of the library's. */
static struct {
    GMutex lock; /* held: an exchange takes its time */
    guint n;
    int width, height;
} exchanged;

gboolean vfio_edid_can(const VfioDevice *device)
{
    return TRUE;
}

gboolean vfio_edid_set_size(VfioDevice *device, int width, int height, GError **error)
{
    g_mutex_lock(&exchanged.lock);
    exchanged.n++;
    exchanged.width = width;
    exchanged.height = height;
    g_mutex_unlock(&exchanged.lock);
    g_main_context_wakeup(NULL);
    return TRUE;
}

static gboolean was_exchanged(int width)
{
    g_mutex_lock(&exchanged.lock);
    gboolean was = exchanged.width == width;
    g_mutex_unlock(&exchanged.lock);
    return was;
}

/* However many are asked for and however slow the driver is: nobody waits, and the last one wins.
 */
static void test_resize_flood(Test *test, gconstpointer unused)
{
    g_mutex_lock(&exchanged.lock);
    for (int i = 0; i < 1000; i++)
        g_assert_true(source_resize(test->source, i % 2 == 0 ? 800 : 1024, 600, NULL));
    g_assert_true(source_resize(test->source, 1280, 720, NULL));
    g_mutex_unlock(&exchanged.lock);
    while (!was_exchanged(1280))
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpint(exchanged.height, ==, 720);
    g_assert_cmpuint(exchanged.n, <=, 2);
}

static void await_rest(Test *test, guint n)
{
    while (screen_rests(test->screen) < n)
        g_usleep(1000);
    g_assert_cmpuint(screen_rests(test->screen), ==, n);
}

/* nobody wants news: it waits for nothing but a wish, also when somebody hurries */
static void test_rests(Test *test, gconstpointer unused)
{
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(1, SIDE * SIDE), SIDE);
    await_pixel(test, 1);
    await_words(test, "on ");
    await_rest(test, 1);
    guint before = questions(test->device);
    source_hurry(test->source);
    g_assert_cmpuint(questions(test->device), ==, before);
    screen_set_wanted(test->screen, TRUE);
    await_questions(test->device, 3);
    screen_set_wanted(test->screen, FALSE);
    await_rest(test, 2);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *path;
        gboolean muted;
        void (*run)(Test *test, gconstpointer unused);
    } tests[] = {
        { "/source-vfio/shows", FALSE, test_shows },
        { "/source-vfio/off-and-on", FALSE, test_off_and_on },
        { "/source-vfio/unreadable", FALSE, test_unreadable },
        { "/source-vfio/end", FALSE, test_end },
        { "/source-vfio/muted", TRUE, test_muted },
        { "/source-vfio/muted-by-state", FALSE, test_muted_by_state },
        { "/source-vfio/cursor", FALSE, test_cursor },
        { "/source-vfio/rests", FALSE, test_rests },
        { "/source-vfio/resize-flood", FALSE, test_resize_flood },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Test, tests[i].muted ? "muted" : NULL, set_up, tests[i].run,
                   tear_down);
    g_test_add_func("/source-vfio/alpha", test_alpha);
    return g_test_run();
}
