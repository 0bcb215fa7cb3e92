/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-picture.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/error.h"

#define FORMAT PIXMAN_X8R8G8B8
#define WIDTH 8
#define HEIGHT 4

static GVariant *pixels_of(guint32 pixel, gsize n)
{
    guint32 *pixels = g_new(guint32, n);
    for (gsize i = 0; i < n; i++)
        pixels[i] = pixel;
    GVariant *data =
        g_variant_new_from_data(G_VARIANT_TYPE("ay"), pixels, n * 4, TRUE, g_free, pixels);
    return g_variant_ref_sink(data);
}

static void scanout(DbusPicture *picture, guint32 pixel)
{
    g_autoptr(GVariant) data = pixels_of(pixel, WIDTH * HEIGHT);
    dbus_picture_scanout(picture, WIDTH, HEIGHT, WIDTH * 4, FORMAT, data);
}

static void update(DbusPicture *picture, Rect rect, guint32 pixel)
{
    g_autoptr(GVariant) data = pixels_of(pixel, (gsize)rect.width * (gsize)rect.height);
    dbus_picture_update(picture, rect, (guint32)rect.width * 4, FORMAT, data);
}

static guint32 pixel_at(const Frame *frame, int x, int y)
{
    return frame_row(frame, y)[x] & 0xffffff;
}

/* what is taken stays as it is, and the next taking tells what changed since */
static void test_update(void)
{
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    scanout(picture, 0x111111);
    g_assert_true(dbus_picture_await(picture));
    g_auto(DbusNews) first = { 0 }, second = { 0 }, third = { 0 };
    dbus_picture_take(picture, &first);
    g_assert_true(first.whole);
    g_assert_cmphex(pixel_at(first.frame, 3, 2), ==, 0x111111);

    update(picture, (Rect){ 3, 2, 2, 1 }, 0x222222);
    update(picture, (Rect){ 0, 0, 1, 1 }, 0x333333);
    dbus_picture_take(picture, &second);
    g_assert_false(second.whole);
    g_assert_cmpuint(second.n_rects, ==, 2);
    g_assert_cmpint(second.rects[0].x, ==, 3);
    g_assert_cmphex(pixel_at(second.frame, 4, 2), ==, 0x222222);
    g_assert_cmphex(pixel_at(second.frame, 0, 0), ==, 0x333333);
    g_assert_cmphex(pixel_at(second.frame, 5, 2), ==, 0x111111);
    g_assert_cmphex(pixel_at(first.frame, 4, 2), ==, 0x111111);

    dbus_picture_take(picture, &third);
    g_assert_null(third.frame);
}

/* a picture QEMU sends is not copied: its bytes are the message's */
static void test_wrapped(void)
{
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    g_autoptr(GVariant) data = pixels_of(0x123456, WIDTH * HEIGHT);
    dbus_picture_scanout(picture, WIDTH, HEIGHT, WIDTH * 4, FORMAT, data);
    g_auto(DbusNews) news = { 0 };
    dbus_picture_take(picture, &news);
    g_assert_true((gconstpointer)news.frame->pixels == g_variant_get_data(data));
}

/* however much is said while nobody takes, it is one picture and a few rectangles */
static void test_bounded(void)
{
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    g_auto(DbusNews) news = { 0 };
    scanout(picture, 0);
    dbus_picture_take(picture, &news);
    for (int i = 0; i < 1000; i++)
        update(picture, (Rect){ i % 3 + 2, i % 2 + 1, 2, 1 }, (guint32)i);
    dbus_news_clear(&news);
    dbus_picture_take(picture, &news);
    g_assert_cmpuint(news.n_rects, <=, DBUS_PICTURE_RECTS);
    gboolean covered = FALSE;
    for (guint i = 0; i < news.n_rects; i++) {
        const Rect *rect = &news.rects[i];
        g_assert_cmpint(rect->x, >=, 2);
        g_assert_cmpint(rect->x + rect->width, <=, 6);
        covered |= rect->x == 2 && rect->y == 1 && rect->width == 4 && rect->height == 2;
    }
    g_assert_true(covered);
}

static void test_hostile(void)
{
    static const Rect wrong[] = { { -1, 0, 2, 2 },      { 7, 0, 2, 1 },
                                  { 0, 3, 1, 2 },       { 0, 0, 0, 1 },
                                  { 0, 0, 1, -1 },      { G_MAXINT, 0, G_MAXINT, 1 },
                                  { 0, G_MININT, 1, 1 } };
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    g_autoptr(GVariant) data = pixels_of(0x777777, WIDTH * HEIGHT);
    update(picture, (Rect){ 0, 0, 1, 1 }, 1); /* of nothing */
    dbus_picture_scanout(picture, 0, HEIGHT, 0, FORMAT, data);
    dbus_picture_scanout(picture, WIDTH, HEIGHT, WIDTH * 4 - 1, FORMAT, data);
    dbus_picture_scanout(picture, WIDTH, HEIGHT + 1, WIDTH * 4, FORMAT, data);
    dbus_picture_scanout(picture, FRAME_SIDE_LIMIT + 1, 1, 0x20000, FORMAT, data);
    dbus_picture_scanout(picture, G_MAXUINT32, G_MAXUINT32, G_MAXUINT32, FORMAT, data);
    dbus_picture_scanout(picture, WIDTH, HEIGHT, WIDTH * 4, 0x08018000, data);
    g_auto(DbusNews) news = { 0 };
    dbus_picture_take(picture, &news);
    g_assert_null(news.frame);

    scanout(picture, 0x111111);
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        dbus_picture_update(picture, wrong[i], WIDTH * 4, FORMAT, data);
    dbus_picture_update(picture, (Rect){ 0, 0, WIDTH, HEIGHT }, G_MAXUINT32, FORMAT, data);
    dbus_picture_changed(picture, (Rect){ 0, 0, WIDTH, HEIGHT }); /* there is no map */
    dbus_picture_take(picture, &news);
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++)
            g_assert_cmphex(pixel_at(news.frame, x, y), ==, 0x111111);
}

static int memory_of(gsize length, guint32 pixel)
{
    int fd = memfd_create("shared", MFD_CLOEXEC);
    for (gsize i = 0; i < length / 4; i++)
        g_assert_cmpint(write(fd, &pixel, sizeof pixel), ==, sizeof pixel);
    return fd;
}

static gboolean scanout_map(DbusPicture *picture, int fd, guint32 offset, guint32 stride,
                            GError **error)
{
    return dbus_picture_scanout_map(picture, fd, offset, WIDTH, HEIGHT, stride, FORMAT, error);
}

/* rectangles that reach over the edge, as guests have them, are cut */
static void test_map(void)
{
    const gsize stride = WIDTH * 4 + 8, length = 16 + stride * HEIGHT;
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    g_autoptr(GError) error = NULL;
    int fd = memory_of(length, 0x445566), spare = dup(fd);
    g_assert_true(scanout_map(picture, fd, 16, (guint32)stride, &error));
    g_auto(DbusNews) news = { 0 }, next = { 0 };
    dbus_picture_take(picture, &news);
    g_autoptr(Frame) frame = frame_new(WIDTH, HEIGHT, &error);
    g_assert_true(dbus_map_read(news.map, (Rect){ 0, 0, WIDTH, HEIGHT }, frame, &error));
    g_assert_cmphex(pixel_at(frame, 7, 3), ==, 0x445566);

    guint32 pixel = 0xabcdef;
    g_assert_cmpint(pwrite(spare, &pixel, 4, 16 + (off_t)stride * 2 + 5 * 4), ==, 4);
    dbus_picture_changed(picture, (Rect){ 5, 2, G_MAXINT, 100 });
    dbus_picture_changed(picture, (Rect){ WIDTH, 0, 5, 5 });
    dbus_picture_take(picture, &next);
    g_assert_cmpuint(next.n_rects, ==, 1);
    g_assert_cmpint(next.rects[0].width, ==, 3);
    g_assert_cmpint(next.rects[0].height, ==, 2);
    g_assert_true(dbus_map_read(next.map, next.rects[0], frame, &error));
    g_assert_cmphex(pixel_at(frame, 5, 2), ==, 0xabcdef);
    g_assert_cmphex(pixel_at(frame, 6, 3), ==, 0x445566);

    /* QEMU is not believed: memory that goes away is an error and no signal */
    g_assert_cmpint(ftruncate(spare, 64), ==, 0);
    g_assert_false(dbus_map_read(next.map, (Rect){ 0, 0, WIDTH, HEIGHT }, frame, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    close(spare);
}

static void test_map_refused(void)
{
    static const struct {
        guint32 offset, width, height, stride, format;
    } wrong[] = {
        { 1, WIDTH, HEIGHT, WIDTH * 4, FORMAT },  { 0, WIDTH, HEIGHT + 1, WIDTH * 4, FORMAT },
        { 0, WIDTH, HEIGHT, WIDTH * 3, FORMAT },  { 0, 0, HEIGHT, WIDTH * 4, FORMAT },
        { 0, G_MAXUINT32, 1, WIDTH * 4, FORMAT }, { G_MAXUINT32, 1, 1, 4, FORMAT },
        { 0, WIDTH, HEIGHT, WIDTH * 4, 1 },
    };
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_false(dbus_picture_scanout_map(picture, memory_of(WIDTH * HEIGHT * 4, 0),
                                                wrong[i].offset, wrong[i].width, wrong[i].height,
                                                wrong[i].stride, wrong[i].format, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    }
}

/* QEMU says "disable" of buffers that nobody shows; only a screen that stays still goes dark */
static void test_disable(void)
{
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    g_auto(DbusNews) news = { 0 };
    dbus_picture_disable(picture); /* nothing is shown yet */
    scanout(picture, 0x111111);
    dbus_picture_take(picture, &news);
    dbus_picture_disable(picture);
    update(picture, (Rect){ 0, 0, 1, 1 }, 0x222222);
    dbus_news_clear(&news);
    dbus_picture_take(picture, &news);
    g_assert_nonnull(news.frame);
    g_assert_false(news.dark);

    dbus_picture_disable(picture);
    dbus_news_clear(&news);
    dbus_picture_take(picture, &news);
    g_assert_false(news.dark);
    g_assert_true(dbus_picture_await(picture));
    dbus_picture_take(picture, &news);
    g_assert_true(news.dark);

    /* and it comes back whole */
    update(picture, (Rect){ 0, 0, 1, 1 }, 0x333333);
    dbus_news_clear(&news);
    dbus_picture_take(picture, &news);
    g_assert_true(news.whole);
    g_assert_cmphex(pixel_at(news.frame, 1, 0), ==, 0x111111);
}

static gpointer await(gpointer picture)
{
    return GINT_TO_POINTER(dbus_picture_await(picture));
}

static void test_stop(void)
{
    g_autoptr(DbusPicture) picture = dbus_picture_new();
    GThread *thread = g_thread_new("await", await, picture);
    dbus_picture_stop(picture);
    g_assert_false(GPOINTER_TO_INT(g_thread_join(thread)));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dbus-picture/update", test_update);
    g_test_add_func("/dbus-picture/wrapped", test_wrapped);
    g_test_add_func("/dbus-picture/bounded", test_bounded);
    g_test_add_func("/dbus-picture/hostile", test_hostile);
    g_test_add_func("/dbus-picture/map", test_map);
    g_test_add_func("/dbus-picture/map-refused", test_map_refused);
    g_test_add_func("/dbus-picture/disable", test_disable);
    g_test_add_func("/dbus-picture/stop", test_stop);
    return g_test_run();
}
