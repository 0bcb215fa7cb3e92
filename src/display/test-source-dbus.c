/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The D-Bus source against a QEMU of our own, for what a real one sends only with a GPU. */
#include "display/source-dbus.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"
#include "display/pixman-format.h"
#include "tests/lib/dbus-room.h"

#define XR24 0x34325258u /* drm_fourcc.h */
#define LISTENER "org.qemu.Display1.Listener"
#define MAP LISTENER ".Unix.Map"
#define DMABUF2 LISTENER ".Unix.ScanoutDMABUF2"

/* What QEMU calls and waits for; FALSE when the listener refuses. @fd: stays ours, -1: none. */
static gboolean call(Room *room, const char *interface, const char *method, GVariant *parameters,
                     int fd)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new();
    if (fd >= 0)
        g_assert_cmpint(g_unix_fd_list_append(fds, fd, NULL), ==, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_sync(
        room->qemu.listener, NULL, "/org/qemu/Display1/Listener", interface, method, parameters,
        NULL, G_DBUS_CALL_FLAGS_NONE, LIMIT_MS, fds, NULL, NULL, &error);
    if (answer == NULL)
        g_assert_true(g_dbus_error_is_remote_error(error));
    return answer != NULL;
}

static void disable(Room *room)
{
    g_assert_true(call(room, LISTENER, "Disable", NULL, -1));
}

/* Expected pixels, from the upper left corner. */
typedef struct {
    int width, height;
    const guint32 *pixels;
} Shape;

static gboolean looks_like(Room *room, gconstpointer data)
{
    const Shape *shape = data;
    g_autoptr(Frame) frame = screen_frame(room->screen);
    if (frame == NULL || frame->width != shape->width || frame->height != shape->height)
        return FALSE;
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            if ((frame_row(frame, y)[x] & 0xffffff) != shape->pixels[y * frame->width + x])
                return FALSE;
    return TRUE;
}

/* A row of each: 4 pixels in 16 bytes and 16 more. Whole pages, as dma-bufs have. */
static int buffer_of(const guint32 *rows, guint n_rows)
{
    int fd = memfd_create("dmabuf", MFD_CLOEXEC);
    for (guint y = 0; y < n_rows; y++) {
        guint32 row[8] = { rows[y], rows[y], rows[y], rows[y] };
        g_assert_cmpint(write(fd, row, sizeof row), ==, sizeof row);
    }
    g_assert_cmpint(ftruncate(fd, sysconf(_SC_PAGESIZE)), ==, 0);
    return fd;
}

static void scanout_dmabuf(Room *room, int fd, gboolean bottom_first)
{
    g_assert_true(call(
        room, LISTENER, "ScanoutDMABUF",
        g_variant_new("(huuuutb)", 0, 4, 2, 32, XR24, G_GUINT64_CONSTANT(0), bottom_first), fd));
}

static void update_dmabuf(Room *room)
{
    g_assert_true(call(room, LISTENER, "UpdateDMABUF", g_variant_new("(iiii)", 0, 0, 4, 2), -1));
}

static const guint32 black[8] = { 0 };
static const guint32 rows[2] = { 0x112233, 0x445566 };
static const guint32 upright[8] = { 0x112233, 0x112233, 0x112233, 0x112233,
                                    0x445566, 0x445566, 0x445566, 0x445566 };
static const guint32 turned[8] = { 0x445566, 0x445566, 0x445566, 0x445566,
                                   0x112233, 0x112233, 0x112233, 0x112233 };

static void test_dmabuf(void)
{
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    scanout_dmabuf(&room, fd, FALSE);
    update_dmabuf(&room);
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });

    /* the guest draws on it */
    guint32 changed[8];
    memcpy(changed, upright, sizeof changed);
    changed[5] = 0xabcdef;
    g_assert_cmpint(pwrite(fd, &changed[5], 4, 32 + 4), ==, 4);
    update_dmabuf(&room);
    wait_until(&room, looks_like, &(Shape){ 4, 2, changed });
    close(fd);

    /* OpenGL's own pictures have the lowest row first */
    fd = buffer_of(rows, 2);
    scanout_dmabuf(&room, fd, TRUE);
    update_dmabuf(&room);
    wait_until(&room, looks_like, &(Shape){ 4, 2, turned });
    close(fd);
    stop(&room);
}

static gboolean scanout_part(Room *room, int fd, guint32 planes)
{
    GVariantBuilder handles, offsets, strides;
    g_variant_builder_init(&handles, G_VARIANT_TYPE("ah"));
    g_variant_builder_init(&offsets, G_VARIANT_TYPE("au"));
    g_variant_builder_init(&strides, G_VARIANT_TYPE("au"));
    g_variant_builder_add(&handles, "h", 0);
    g_variant_builder_add(&offsets, "u", 0);
    g_variant_builder_add(&strides, "u", 32);
    return call(room, DMABUF2, "ScanoutDMABUF2",
                g_variant_new("(ahuuuuauauuuuutb)", &handles, 1, 1, 2, 1, &offsets, &strides,
                              planes, XR24, 4, 2, G_GUINT64_CONSTANT(0), FALSE),
                fd);
}

static gboolean has_ended(Room *room, gconstpointer data)
{
    return room->ended != NULL;
}

static gboolean has_told(Room *room, gconstpointer number)
{
    g_mutex_lock(&room->lock);
    gboolean has = room->unreadable >= GPOINTER_TO_UINT(number);
    g_mutex_unlock(&room->lock);
    return has;
}

/* QEMU 10.1: a part of a buffer; what OpenGL compressed cannot be read here, but the next picture
 */
static void test_dmabuf2(void)
{
    static const guint32 part[2] = { 0x445566, 0x445566 };
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    g_assert_true(scanout_part(&room, fd, 1));
    wait_until(&room, looks_like, &(Shape){ 2, 1, part });
    g_assert_true(scanout_part(&room, fd, 2));
    wait_until(&room, has_told, GUINT_TO_POINTER(1));
    g_assert_error(room.why, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_true(looks_like(&room, &(Shape){ 2, 1, part }));
    /* the same once more is told once */
    g_assert_true(scanout_part(&room, fd, 2));
    update_dmabuf(&room);
    g_assert_true(scanout_part(&room, fd, 3));
    wait_until(&room, has_told, GUINT_TO_POINTER(2));
    scanout_dmabuf(&room, fd, FALSE);
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    g_assert_cmpuint(room.unreadable, ==, 2);
    g_assert_null(room.ended);
    close(fd);
    stop(&room);
}

static void test_disable(void)
{
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    scanout_dmabuf(&room, fd, FALSE);
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    disable(&room);
    wait_until(&room, looks_like, &(Shape){ 4, 2, black });
    update_dmabuf(&room);
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    close(fd);
    stop(&room);
}

static gboolean scanout_map(Room *room, int fd, guint32 height)
{
    return call(room, MAP, "ScanoutMap",
                g_variant_new("(huuuuu)", 0, 0, 4, height, 32, PIXMAN_X8R8G8B8), fd);
}

/* what is wrong is refused by an error, after which QEMU sends pixels */
static void test_map(void)
{
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    g_assert_false(scanout_map(&room, fd, 3000));
    g_assert_false(call(&room, MAP, "ScanoutMap",
                        g_variant_new("(huuuuu)", 7, 0, 4, 2, 32, PIXMAN_X8R8G8B8), fd));
    g_assert_true(scanout_map(&room, fd, 2));
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    guint32 changed[8];
    memcpy(changed, upright, sizeof changed);
    changed[2] = 0x808080;
    g_assert_cmpint(pwrite(fd, &changed[2], 4, 8), ==, 4);
    g_assert_true(call(&room, MAP, "UpdateMap", g_variant_new("(iiii)", 2, 0, 9, 1), -1));
    wait_until(&room, looks_like, &(Shape){ 4, 2, changed });

    /* muted, it shows nothing, and all of it afterwards */
    source_mute(room.source, TRUE);
    screen_show(room.screen, frame_new(4, 2, NULL), NULL, 0);
    g_assert_true(call(&room, MAP, "UpdateMap", g_variant_new("(iiii)", 0, 0, 1, 1), -1));
    source_mute(room.source, FALSE);
    wait_until(&room, looks_like, &(Shape){ 4, 2, changed });
    close(fd);
    stop(&room);
}

static gboolean cursor_is(Room *room, gconstpointer data)
{
    g_auto(ScreenUpdate) update = { 0 };
    return screen_get_update(room->screen, 0, FALSE, &update) && update.cursor != NULL &&
           update.cursor->width == GPOINTER_TO_INT(data);
}

static void define_cursor(Room *room)
{
    static const guint8 pixels[16];
    g_assert_true(call(
        room, LISTENER, "CursorDefine",
        g_variant_new("(iiii@ay)", 2, 2, 1, 1,
                      g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, pixels, sizeof pixels, 1)),
        -1));
}

static void test_cursor(void)
{
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    g_assert_true(scanout_map(&room, fd, 2));
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });

    /* before the guest has one of its own there is nothing to hide */
    g_assert_true(call(&room, LISTENER, "MouseSet", g_variant_new("(iii)", 0, 0, 0), -1));
    g_auto(ScreenUpdate) update = { 0 };
    g_assert_true(screen_get_update(room.screen, 0, FALSE, &update));
    g_assert_null(update.cursor);

    define_cursor(&room);
    wait_until(&room, cursor_is, GINT_TO_POINTER(2));
    g_assert_true(call(&room, LISTENER, "MouseSet", g_variant_new("(iii)", 5, 5, 0), -1));
    wait_until(&room, cursor_is, GINT_TO_POINTER(0));
    g_assert_true(call(&room, LISTENER, "MouseSet", g_variant_new("(iii)", 5, 5, 1), -1));
    wait_until(&room, cursor_is, GINT_TO_POINTER(2));
    g_assert_false(call(
        &room, LISTENER, "CursorDefine",
        g_variant_new("(iiii@ay)", 64, 64, 0, 0, g_variant_new_array(G_VARIANT_TYPE_BYTE, NULL, 0)),
        -1));
    close(fd);
    stop(&room);
}

static gboolean has_registered_again(Room *room, gconstpointer data)
{
    g_mutex_lock(&room->qemu.lock);
    gboolean again = room->qemu.registered == 2;
    g_mutex_unlock(&room->qemu.lock);
    return again;
}

/* QEMU 7.2 in a text mode: a new size, and parts of a picture that was never sent. */
static void resize_console(Room *room)
{
    GVariantBuilder changed;
    g_variant_builder_init(&changed, G_VARIANT_TYPE("a{sv}"));
    g_variant_builder_add(&changed, "{sv}", "Width", g_variant_new_uint32(720));
    g_assert_true(g_dbus_connection_emit_signal(
        room->qemu.control, NULL, FAKE_CONSOLE_PATH, "org.freedesktop.DBus.Properties",
        "PropertiesChanged",
        g_variant_new("(sa{sv}as)", "org.qemu.Display1.Console", &changed, NULL), NULL));
}

static void test_size_without_picture(void)
{
    Room room;
    start(&room);
    resize_console(&room);
    wait_until(&room, has_registered_again, NULL);
    int fd = buffer_of(rows, 2);
    g_assert_true(scanout_map(&room, fd, 2));
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    g_assert_null(room.ended);
    close(fd);
    stop(&room);
}

static gboolean is_waited_for(Room *room, gconstpointer data)
{
    g_mutex_lock(&room->qemu.lock);
    gboolean waiting = room->qemu.waiting;
    g_mutex_unlock(&room->qemu.lock);
    return waiting;
}

static void set_busy(Room *room, gboolean busy)
{
    g_mutex_lock(&room->qemu.lock);
    room->qemu.busy = busy;
    g_cond_broadcast(&room->qemu.changed);
    g_mutex_unlock(&room->qemu.lock);
}

/* what is asked of a QEMU that is busy, or refuses, keeps nobody waiting and ends nothing */
static void test_busy(void)
{
    Room room;
    start(&room);
    int fd = buffer_of(rows, 2);
    set_busy(&room, TRUE);
    room.qemu.refusals = 1;
    resize_console(&room);
    wait_until(&room, is_waited_for, NULL);
    g_assert_true(scanout_map(&room, fd, 2));
    wait_until(&room, looks_like, &(Shape){ 4, 2, upright });
    set_busy(&room, FALSE);
    wait_until(&room, has_told, GUINT_TO_POINTER(1));
    g_assert_nonnull(strstr(room.why->message, "not now"));
    wait_until(&room, has_registered_again, NULL);
    scanout_dmabuf(&room, fd, TRUE);
    wait_until(&room, looks_like, &(Shape){ 4, 2, turned });
    g_assert_null(room.ended);
    close(fd);
    stop(&room);
}

/* nor does the end wait for it */
static void test_end_while_busy(void)
{
    Room room;
    start(&room);
    set_busy(&room, TRUE);
    resize_console(&room);
    wait_until(&room, is_waited_for, NULL);
    screen_cancel(room.screen);
    source_free(room.source);
    room.source = NULL;
    set_busy(&room, FALSE);
    stop(&room);
}

static gboolean was_asked(Room *room, gconstpointer data)
{
    g_mutex_lock(&room->qemu.lock);
    gboolean asked = g_strcmp0(room->qemu.size, data) == 0;
    g_mutex_unlock(&room->qemu.lock);
    return asked;
}

static gboolean is_refused(Room *room, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    if (source_resize(room->source, 800, 600, &error))
        return FALSE;
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "SetUIInfo is not supported"));
    return TRUE;
}

/* of 96 dots an inch */
static void test_resize(void)
{
    Room room;
    start(&room);
    g_autoptr(GError) error = NULL;
    g_assert_true(source_resize(room.source, 1920, 1080, &error));
    wait_until(&room, was_asked, "(508, 285, 0, 0, 1920, 1080)");
    wait_until(&room, is_refused, NULL);
    stop(&room);
}

/* QEMU, which stands still, is asked once and then for the last one */
static void test_resize_flood(void)
{
    Room room;
    start(&room);
    room.qemu.takes_all_sizes = TRUE;
    g_mutex_lock(&room.qemu.lock);
    for (int i = 0; i < 1000; i++)
        g_assert_true(source_resize(room.source, i % 2 == 0 ? 800 : 1024, 600, NULL));
    g_assert_true(source_resize(room.source, 1920, 1080, NULL));
    g_mutex_unlock(&room.qemu.lock);
    wait_until(&room, was_asked, "(508, 285, 0, 0, 1920, 1080)");
    g_assert_cmpuint(room.qemu.sizes, ==, 2);
    stop(&room);
}

static void test_end(void)
{
    Room room;
    start(&room);
    g_assert_true(g_dbus_connection_close_sync(room.qemu.control, NULL, NULL));
    wait_until(&room, has_ended, NULL);
    g_assert_error(room.ended, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    stop(&room);
}

/* nobody authenticates */
static void test_hang(void)
{
    int pair[2];
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_null(dbus_console_new(pair[0], 50, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    close(pair[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/source-dbus/dmabuf", test_dmabuf);
    g_test_add_func("/source-dbus/dmabuf2", test_dmabuf2);
    g_test_add_func("/source-dbus/disable", test_disable);
    g_test_add_func("/source-dbus/map", test_map);
    g_test_add_func("/source-dbus/cursor", test_cursor);
    g_test_add_func("/source-dbus/size-without-picture", test_size_without_picture);
    g_test_add_func("/source-dbus/busy", test_busy);
    g_test_add_func("/source-dbus/end-while-busy", test_end_while_busy);
    g_test_add_func("/source-dbus/resize", test_resize);
    g_test_add_func("/source-dbus/resize-flood", test_resize_flood);
    g_test_add_func("/source-dbus/end", test_end);
    g_test_add_func("/source-dbus/hang", test_hang);
    return g_test_run();
}
