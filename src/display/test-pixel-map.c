/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pictures as devices describe them, in a file in place of a dma-buf. */
#include "display/pixel-map.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define XR24 0x34325258
#define XB24 0x34324258

#define assert_rect(rect, x_, y_, width_, height_)                                                 \
    do {                                                                                           \
        g_assert_cmpint((rect).x, ==, x_);                                                         \
        g_assert_cmpint((rect).y, ==, y_);                                                         \
        g_assert_cmpint((rect).width, ==, width_);                                                 \
        g_assert_cmpint((rect).height, ==, height_);                                               \
    } while (0)

/* @size bytes, every word of which is its own number. */
static int numbered(gsize size)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    g_autofree guint32 *words = g_malloc0(size);
    for (gsize i = 0; i < size / sizeof *words; i++)
        words[i] = (guint32)i;
    g_assert_cmpint(write(fd, words, size), ==, (gssize)size);
    return fd;
}

static Dmabuf picture_in(int fd, guint32 width, guint32 height)
{
    return (
        Dmabuf){ .fd = fd, .width = width, .height = height, .stride = width * 4, .format = XR24 };
}

static void set_word(int fd, gsize index, guint32 value)
{
    g_assert_cmpint(pwrite(fd, &value, sizeof value, (off_t)(index * sizeof value)), ==,
                    sizeof value);
}

/* 800 x 600 is no whole number of pages: the end is not to be had, and black */
static void test_short(void)
{
    static const struct {
        guint32 width, height;
        guint there; /* whole rows */
    } cases[] = { { 1024, 768, 768 }, { 800, 600, 599 }, { 16, 64, 64 } };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint32 width = cases[i].width, height = cases[i].height;
        autofd int fd = numbered((gsize)width * height * 4);
        Dmabuf picture = picture_in(fd, width, height);
        g_auto(PixelMap) map = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_true(pixel_map(&picture, 0, &map, &error));
        g_assert_no_error(error);
        Rect changed;
        g_autoptr(Frame) frame = pixel_map_read(&map, NULL, &changed, &error);
        g_assert_no_error(error);
        assert_rect(changed, 0, 0, (int)width, (int)height);
        guint32 last = cases[i].there * width - 1;
        g_assert_cmphex(frame_row(frame, (int)cases[i].there - 1)[width - 1], ==, last);
        if (cases[i].there < height) {
            gsize words = (gsize)width * height * 4 / 4096 * 1024 - (gsize)last - 1;
            g_assert_cmphex(frame_row(frame, (int)height - 1)[words - 1], ==, last + words);
            g_assert_cmphex(frame_row(frame, (int)height - 1)[words], ==, 0);
        }
    }
    autofd int fd = numbered(4);
    Dmabuf tiny = picture_in(fd, 1, 1);
    g_auto(PixelMap) map = { 0 };
    g_assert_false(pixel_map(&tiny, 0, &map, NULL));
}

/* a part of a buffer, at an odd place of the file, rows bottom up */
static void test_part(void)
{
    for (gboolean bottom_first = FALSE; bottom_first <= TRUE; bottom_first++) {
        autofd int fd = numbered(1 << 16);
        Dmabuf part = { .fd = fd,
                        .width = 3,
                        .height = 2,
                        .stride = 400,
                        .format = XR24,
                        .offset = 5000,
                        .bottom_first = bottom_first,
                        .x = 7,
                        .y = 4,
                        .buffer_width = 100,
                        .buffer_height = 10 };
        g_auto(PixelMap) map = { 0 };
        g_assert_true(pixel_map(&part, 0, &map, NULL));
        Rect changed;
        g_autoptr(Frame) frame = pixel_map_read(&map, NULL, &changed, NULL);
        guint32 upper = (5000 + 4 * 400) / 4 + 7;
        for (guint x = 0; x < 3; x++) {
            g_assert_cmpuint(frame_row(frame, bottom_first ? 1 : 0)[x], ==, upper + x);
            g_assert_cmpuint(frame_row(frame, bottom_first ? 0 : 1)[x], ==, upper + 100 + x);
        }
    }
}

/* @format: one that is compared in place, and one that is converted first */
static void check_changes(guint32 format)
{
    autofd int fd = numbered(64 * 64 * 4);
    Dmabuf picture = picture_in(fd, 64, 64);
    picture.format = format;
    g_auto(PixelMap) map = { 0 };
    g_assert_true(pixel_map(&picture, 0, &map, NULL));
    Rect changed;
    g_autoptr(Frame) first = pixel_map_read(&map, NULL, &changed, NULL);

    g_autoptr(Frame) same = pixel_map_read(&map, first, &changed, NULL);
    g_assert_true(same == first);
    g_assert_true(rect_is_empty(changed));

    set_word(fd, 10 * 64 + 5, 0xabcdef);
    set_word(fd, 12 * 64 + 63, 0xabcdef);
    g_autoptr(Frame) other = pixel_map_read(&map, first, &changed, NULL);
    g_assert_true(other != first);
    assert_rect(changed, 0, 10, 64, 3);
    g_assert_cmphex(frame_row(other, 12)[63], ==, format == XR24 ? 0xabcdef : 0xefcdab);
    for (int y = 0; y < 64; y++)
        for (int x = 0; x < 64; x++)
            if ((y != 10 || x != 5) && (y != 12 || x != 63))
                g_assert_cmphex(frame_row(other, y)[x], ==, frame_row(first, y)[x]);

    /* another size: nothing to compare with */
    g_autoptr(Frame) small = frame_new(32, 32, NULL);
    g_autoptr(Frame) whole = pixel_map_read(&map, small, &changed, NULL);
    g_assert_nonnull(whole);
    assert_rect(changed, 0, 0, 64, 64);
}

static void test_changes(void)
{
    check_changes(XR24);
    check_changes(XB24);
}

static void test_refusals(void)
{
    autofd int fd = memfd_create("picture", MFD_CLOEXEC);
    g_assert_no_errno(ftruncate(fd, 64 * 64 * 4));
    Dmabuf good = picture_in(fd, 64, 64);
    Dmabuf tiled = good, unknown = good, behind = good, beside = good, narrow = good, huge = good,
           far = good;
    tiled.modifier = ((guint64)1 << 56) | 1; /* I915_FORMAT_MOD_X_TILED */
    unknown.format = 0x20203843;             /* "C8  " */
    behind.offset++;
    beside.x++;
    narrow.stride--;
    huge.width = huge.stride = 1 << 30;
    far.offset = G_MAXUINT64;
    const struct {
        const Dmabuf *picture;
        VgpuctlError code;
        const char *text;
    } cases[] = {
        { &tiled, VGPUCTL_ERROR_REFUSED, "tiled (modifier 0x100000000000001)" },
        { &unknown, VGPUCTL_ERROR_REFUSED, "format C8  " },
        { &behind, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &beside, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &narrow, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &huge, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &far, VGPUCTL_ERROR_INVALID, "impossible picture" },
    };
    g_auto(PixelMap) works = { 0 };
    g_assert_true(pixel_map(&good, 0, &works, NULL));
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(PixelMap) map = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(pixel_map(cases[i].picture, 0, &map, &error));
        g_assert_error(error, VGPUCTL_ERROR, (int)cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].text));
    }
}

/* a region's size is what the device says, not the file's */
static void test_region(void)
{
    autofd int fd = numbered(1 << 16);
    Dmabuf region = picture_in(fd, 64, 64);
    region.offset = 4096;
    g_auto(PixelMap) map = { 0 }, none = { 0 };
    g_assert_true(pixel_map(&region, 64 * 64 * 4, &map, NULL));
    Rect changed;
    g_autoptr(Frame) frame = pixel_map_read(&map, NULL, &changed, NULL);
    g_assert_cmpuint(frame_row(frame, 0)[0], ==, 1024);
    g_assert_cmpint(map.sync_fd, ==, -1);
    g_assert_false(pixel_map(&region, 64 * 64 * 4 - 1, &none, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pixel-map/short", test_short);
    g_test_add_func("/pixel-map/part", test_part);
    g_test_add_func("/pixel-map/changes", test_changes);
    g_test_add_func("/pixel-map/refusals", test_refusals);
    g_test_add_func("/pixel-map/region", test_region);
    return g_test_run();
}
