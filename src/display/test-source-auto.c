/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The two sources on a vGPU of ours and a console that is none. */
#include "display/source-auto.h"

#include <string.h>

#include "base/cleanup.h"
#include "display/source-dbus.h"
#include "display/test-vfio-device.h"

/* In place of the library's: it shows a picture of 1x1 whenever it is asked to. */
typedef struct {
    Source source;
    Screen *screen;
    GMutex lock;
    gboolean muted;
    guint resized;
    guint32 colour; /* which it draws */
    SourceEnded ended;
    DbusUnreadable unreadable;
    gpointer userdata;
    gboolean no_resize;
} FakeDbus;

static FakeDbus *fake_dbus; /* that was made last */
static gboolean refuse_dbus;

static void draw_dbus(FakeDbus *dbus)
{
    g_mutex_lock(&dbus->lock);
    if (!dbus->muted) {
        Frame *frame = frame_new(1, 1, NULL);
        *frame_row(frame, 0) = dbus->colour;
        screen_show(dbus->screen, frame, NULL, 0);
    }
    g_mutex_unlock(&dbus->lock);
}

static void mute_dbus(Source *source, gboolean muted)
{
    FakeDbus *dbus = (FakeDbus *)source;
    g_mutex_lock(&dbus->lock);
    dbus->muted = muted;
    g_mutex_unlock(&dbus->lock);
    draw_dbus(dbus);
}

static gboolean resize_dbus(Source *source, int width, int height, GError **error)
{
    FakeDbus *dbus = (FakeDbus *)source;
    if (dbus->no_resize)
        return error_set(error, VGPUCTL_ERROR_REFUSED, "this console has one size");
    dbus->resized++;
    return TRUE;
}

static void free_dbus(Source *source)
{
    FakeDbus *dbus = (FakeDbus *)source;
    g_mutex_clear(&dbus->lock);
    g_free(dbus);
}

Source *dbus_source_new(DbusConsole *console, const DbusSourceSpec *spec, GError **error)
{
    static const SourceClass class = {
        .name = "dbus", .resize = resize_dbus, .mute = mute_dbus, .free = free_dbus
    };
    if (refuse_dbus) {
        error_set(error, VGPUCTL_ERROR_FAILED, "there is no console");
        return NULL;
    }
    fake_dbus = g_new0(FakeDbus, 1);
    fake_dbus->source.class = &class;
    fake_dbus->screen = spec->screen;
    fake_dbus->colour = 0xdb;
    fake_dbus->ended = spec->ended;
    fake_dbus->unreadable = spec->unreadable;
    fake_dbus->userdata = spec->userdata;
    g_mutex_init(&fake_dbus->lock);
    draw_dbus(fake_dbus);
    return &fake_dbus->source;
}

typedef struct {
    Screen *screen;
    VfioDevice *device;
    Source *source;
    gboolean freed, ended;
    guint unreadable;
} Test;

static void on_state(VfioPlaneState state, const GError *reason, gpointer userdata)
{
    g_main_context_wakeup(NULL);
}

static void on_ended(const GError *reason, gpointer userdata)
{
    Test *test = userdata;
    test->ended = TRUE;
}

static void on_changed(gpointer userdata)
{
}

static void set_up(Test *test, gconstpointer unused)
{
    *test = (Test){ .screen = screen_new(), .device = fake_device(&test->freed) };
    screen_watch(test->screen, NULL, on_changed, test);
    screen_set_wanted(test->screen, TRUE);
    VfioSourceSpec spec = {
        .screen = test->screen, .ended = on_ended, .state = on_state, .userdata = test
    };
    test->source = auto_source_new(test->device, &spec);
    refuse_dbus = FALSE;
}

static void tear_down(Test *test, gconstpointer unused)
{
    source_free(test->source);
    g_assert_true(test->freed);
    screen_free(test->screen);
}

static void on_unreadable(const GError *reason, gpointer userdata)
{
    ((Test *)userdata)->unreadable++;
}

static void add_dbus(Test *test)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(auto_source_add_dbus(test->source, NULL, on_unreadable, test, &error));
    g_assert_no_error(error);
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

static void test_table(void)
{
    static const struct {
        VfioPlaneState plane;
        gboolean dbus;
        AutoSide side;
    } rows[] = {
        { VFIO_PLANE_OFF, FALSE, AUTO_SIDE_VFIO },
        { VFIO_PLANE_OFF, TRUE, AUTO_SIDE_DBUS },
        { VFIO_PLANE_ON, FALSE, AUTO_SIDE_VFIO },
        { VFIO_PLANE_ON, TRUE, AUTO_SIDE_VFIO },
        { VFIO_PLANE_UNREADABLE, FALSE, AUTO_SIDE_VFIO },
        { VFIO_PLANE_UNREADABLE, TRUE, AUTO_SIDE_DBUS },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_assert_cmpint(auto_side(rows[i].plane, rows[i].dbus), ==, rows[i].side);
}

/* firmware, the guest's driver, firmware again */
static void test_life(Test *test, gconstpointer unused)
{
    add_dbus(test);
    await_pixel(test, 0xdb);
    await_questions(test->device, 3);
    g_assert_cmphex(shown_pixel(test), ==, 0xdb);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0xf10, SIDE * SIDE), SIDE);
    await_pixel(test, 0xf10);
    fake_dbus->colour = 0xdb2;
    draw_dbus(fake_dbus); /* nobody sees it */
    g_assert_cmphex(shown_pixel(test), ==, 0xf10);
    set_plane(test->device, VFIO_PLANE_PRIMARY, -1, 0);
    await_pixel(test, 0xdb2);
    /* the same picture as before is shown anew */
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0xf10, SIDE * SIDE), SIDE);
    await_pixel(test, 0xf10);
}

/* QEMU was told to show its screen to somebody else: the plane is what is left */
static void test_dbus_ends(Test *test, gconstpointer unused)
{
    add_dbus(test);
    await_pixel(test, 0xdb);
    g_autoptr(GError) reason = g_error_new(VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND, "gone");
    fake_dbus->unreadable(reason, fake_dbus->userdata);
    g_assert_cmpuint(test->unreadable, ==, 1);
    fake_dbus->ended(reason, fake_dbus->userdata);
    g_assert_false(test->ended);
    g_assert_true(fake_dbus->muted);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0xf10, SIDE * SIDE), SIDE);
    await_pixel(test, 0xf10);
    set_plane(test->device, VFIO_PLANE_PRIMARY, -1, 0);
    await_questions(test->device, 3);
    g_assert_cmphex(shown_pixel(test), ==, 0xf10);
}

static void test_no_dbus(Test *test, gconstpointer unused)
{
    refuse_dbus = TRUE;
    g_autoptr(GError) error = NULL;
    g_assert_false(auto_source_add_dbus(test->source, NULL, on_unreadable, test, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0xf10, SIDE * SIDE), SIDE);
    await_pixel(test, 0xf10);
}

/* the plane was on before QEMU's console was there */
static void test_late(Test *test, gconstpointer unused)
{
    set_plane(test->device, VFIO_PLANE_PRIMARY, filled(0xf10, SIDE * SIDE), SIDE);
    await_pixel(test, 0xf10);
    add_dbus(test);
    await_pixel(test, 0xf10);
    g_assert_true(fake_dbus->muted);
}

/* no way to the pixels from here; QEMU may have one */
static void test_unreadable(Test *test, gconstpointer unused)
{
    add_dbus(test);
    await_pixel(test, 0xdb);
    int fds[2];
    g_assert_no_errno(pipe(fds));
    fake_dbus->colour = 0xdb2;
    set_plane(test->device, VFIO_PLANE_PRIMARY, fds[0], SIDE);
    await_pixel(test, 0xdb2);
    close(fds[1]);
}

static void test_resize(Test *test, gconstpointer unused)
{
    add_dbus(test);
    g_autoptr(GError) error = NULL;
    g_assert_true(source_resize(test->source, 800, 600, &error));
    g_assert_cmpuint(fake_dbus->resized, ==, 1);
    fake_dbus->no_resize = TRUE;
    /* it has no EDID either */
    g_assert_false(source_resize(test->source, 800, 600, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "EDID"));
}

static void test_end(Test *test, gconstpointer unused)
{
    add_dbus(test);
    close(steal_fd(&test->device->ended[1]));
    while (!test->ended)
        g_main_context_iteration(NULL, TRUE);
    g_assert_true(test->freed);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *path;
        void (*run)(Test *test, gconstpointer unused);
    } tests[] = {
        { "/source-auto/life", test_life },
        { "/source-auto/dbus-ends", test_dbus_ends },
        { "/source-auto/no-dbus", test_no_dbus },
        { "/source-auto/late", test_late },
        { "/source-auto/unreadable", test_unreadable },
        { "/source-auto/resize", test_resize },
        { "/source-auto/end", test_end },
    };
    g_test_add_func("/source-auto/table", test_table);
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Test, NULL, set_up, tests[i].run, tear_down);
    return g_test_run();
}
