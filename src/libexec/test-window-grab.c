/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/window-grab.h"

#include <stdlib.h>
#include <xcb/xcb.h>

#include "base/error.h"
#include "display/png.h"
#include "tests/lib/qemu.h"

#define RED 0xff0000u
#define BLUE 0x0000ffu
#define PATIENCE_US (60 * G_USEC_PER_SEC)

static xcb_connection_t *connection;
static const xcb_screen_t *screen;

static xcb_window_t make_window(xcb_window_t parent, int x, int y, guint width, guint height,
                                guint32 colour)
{
    xcb_window_t window = xcb_generate_id(connection);
    xcb_create_window(connection, XCB_COPY_FROM_PARENT, window, parent, (gint16)x, (gint16)y,
                      (guint16)width, (guint16)height, 0, XCB_WINDOW_CLASS_INPUT_OUTPUT,
                      XCB_COPY_FROM_PARENT, XCB_CW_BACK_PIXEL, &colour);
    return window;
}

/* Waits until the server has done all we asked for. */
static void synchronise(void)
{
    free(xcb_get_input_focus_reply(connection, xcb_get_input_focus(connection), NULL));
}

static void show(xcb_window_t window)
{
    xcb_map_subwindows(connection, window);
    xcb_map_window(connection, window);
    synchronise();
}

static void expect_error(VgpuctlError code, const char *text)
{
    g_autoptr(GError) error = NULL;
    gboolean whole;
    g_assert_null(window_grab(getpid(), &whole, &error));
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
    if (strstr(error->message, text) == NULL)
        g_error("'%s' does not say '%s'", error->message, text);
}

static Frame *expect_frame(gboolean expected_whole)
{
    g_autoptr(GError) error = NULL;
    gboolean whole = !expected_whole;
    Frame *frame = window_grab(getpid(), &whole, &error);
    g_assert_no_error(error);
    g_assert_cmpint(whole, ==, expected_whole);
    return frame;
}

static void expect_colour(const Frame *frame, guint32 colour)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            g_assert_cmphex(frame_row(frame, y)[x] & 0xffffff, ==, colour);
}

static void test_no_display(void)
{
    g_autofree char *display = g_strdup(g_getenv("DISPLAY"));
    g_unsetenv("DISPLAY");
    g_unsetenv("WAYLAND_DISPLAY");
    expect_error(VGPUCTL_ERROR_REFUSED, "DISPLAY is not set");
    g_setenv("WAYLAND_DISPLAY", "wayland-0", TRUE);
    expect_error(VGPUCTL_ERROR_REFUSED, "A Wayland session");
    g_unsetenv("WAYLAND_DISPLAY");
    g_setenv("DISPLAY", ":54321", TRUE);
    expect_error(VGPUCTL_ERROR_FAILED, "display :54321");
    if (display != NULL)
        g_setenv("DISPLAY", display, TRUE);
    else
        g_unsetenv("DISPLAY");
}

static gboolean have_server(void)
{
    if (connection == NULL)
        g_test_skip("no Xvfb here");
    return connection != NULL;
}

static void test_missing(void)
{
    if (!have_server())
        return;
    expect_error(VGPUCTL_ERROR_NOT_FOUND, "has no window on X display :");
    xcb_window_t window = make_window(screen->root, 0, 0, 64, 48, RED);
    synchronise();
    expect_error(VGPUCTL_ERROR_REFUSED, "is not shown on X display :");
    xcb_destroy_window(connection, window);
}

/* the largest child is the drawing area; a menu bar beside it is not in the picture */
static void test_drawing_area(void)
{
    if (!have_server())
        return;
    xcb_window_t small = make_window(screen->root, 300, 300, 16, 16, BLUE);
    xcb_window_t window = make_window(screen->root, 10, 20, 100, 70, RED);
    make_window(window, 0, 0, 100, 20, RED);
    make_window(window, 0, 20, 100, 50, BLUE);
    show(small);
    show(window);
    g_autoptr(Frame) frame = expect_frame(TRUE);
    g_assert_cmpint(frame->width, ==, 100);
    g_assert_cmpint(frame->height, ==, 50);
    expect_colour(frame, BLUE);
    xcb_destroy_window(connection, window);
    xcb_destroy_window(connection, small);
}

static void test_over_the_edge(void)
{
    if (!have_server())
        return;
    xcb_window_t window = make_window(screen->root, -10, screen->height_in_pixels - 5, 30, 20, RED);
    show(window);
    g_autoptr(Frame) frame = expect_frame(FALSE);
    g_assert_cmpint(frame->width, ==, 30);
    g_assert_cmpint(frame->height, ==, 20);
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            g_assert_cmphex(frame_row(frame, y)[x] & 0xffffff, ==, x >= 10 && y < 5 ? RED : 0);

    xcb_configure_window(connection, window, XCB_CONFIG_WINDOW_X, &(guint32){ 5000 });
    show(window);
    expect_error(VGPUCTL_ERROR_REFUSED, "outside of the X screen");
    xcb_destroy_window(connection, window);
}

static gboolean has_light(const Frame *frame)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            if ((frame_row(frame, y)[x] & 0xff) > 0x80)
                return TRUE;
    return FALSE;
}

/* What QEMU writes in its own window, be it that the guest has not drawn yet. */
static void test_qemu(gconstpointer data)
{
    if (!have_server())
        return;
    const char *options[] = { "-display", data, "-device", "virtio-vga-gl", NULL };
    TestQemu qemu;
    if (!test_qemu_start(&qemu, options)) {
        g_test_skip("this QEMU does not start with that display here");
        return;
    }
    gboolean seen = FALSE;
    g_autoptr(GError) error = NULL;
    gint64 deadline = g_get_monotonic_time() + PATIENCE_US;
    while (!seen && g_get_monotonic_time() < deadline) {
        gboolean whole;
        g_clear_error(&error);
        g_autoptr(Frame) frame = window_grab(qemu.pid, &whole, &error);
        /* the corner is black in text mode, and light where a menu bar is */
        seen = frame != NULL && has_light(frame) &&
               (frame_row(frame, 2)[frame->width - 2] & 0xffffff) == 0;
        if (seen && g_test_verbose())
            frame_write_png(frame, "window-grab.png", NULL);
    }
    test_qemu_stop(&qemu);
    g_assert_no_error(error);
    g_assert_true(seen);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    GPid xvfb = xvfb_start();
    if (xvfb != 0) {
        connection = xcb_connect(NULL, NULL);
        screen = xcb_setup_roots_iterator(xcb_get_setup(connection)).data;
    }
    g_test_add_func("/window-grab/no-display", test_no_display);
    g_test_add_func("/window-grab/missing", test_missing);
    g_test_add_func("/window-grab/drawing-area", test_drawing_area);
    g_test_add_func("/window-grab/over-the-edge", test_over_the_edge);
    g_test_add_data_func("/window-grab/qemu-sdl", "sdl,gl=on", test_qemu);
    g_test_add_data_func("/window-grab/qemu-gtk", "gtk,gl=on", test_qemu);
    int status = g_test_run();
    if (connection != NULL)
        xcb_disconnect(connection);
    background_stop(xvfb);
    return status;
}
