/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Frames as devices describe them, in a file in place of a dma-buf. */
#include "display/frame-map.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define XR24 0x34325258 /* "XR24" */

static void test_formats(void)
{
    static const struct {
        const char *name;
        guint bytes;
        guint8 red[4]; /* a pixel of 0xff0408: in memory */
    } rows[] = {
        { "XR24", 4, { 0x08, 0x04, 0xff, 0x55 } },
        { "AR24", 4, { 0x08, 0x04, 0xff, 0x80 } },
        { "XB24", 4, { 0xff, 0x04, 0x08, 0x55 } },
        { "AB24", 4, { 0xff, 0x04, 0x08, 0x80 } },
        { "RG16", 2, { 0x21, 0xf8 } },
        { "XR30", 4, { 0x20, 0x40, 0xc0, 0x3f } },
        { "XB30", 4, { 0xfc, 0x43, 0x00, 0x02 } },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 format, pixels[2] = { 0, 0xdeadbeef };
        memcpy(&format, rows[i].name, 4);
        format = GUINT32_FROM_LE(format);
        g_autofree char *name = vfio_format_name(format);
        g_assert_cmpstr(name, ==, rows[i].name);
        g_assert_cmpuint(frame_pixel_bytes(format), ==, rows[i].bytes);
        g_assert_true(frame_convert_row(format, rows[i].red, 1, pixels));
        g_assert_cmphex(pixels[0], ==, 0xff0408);
        g_assert_cmphex(pixels[1], ==, 0xdeadbeef);
    }
    guint32 pixel;
    g_assert_false(frame_convert_row(0x1, (const guint8 *)"1234", 1, &pixel));
    g_autofree char *odd = vfio_format_name(0x1);
    g_assert_cmpstr(odd, ==, "0x1");
}

static VfioFrame frame_in(int fd, guint32 width, guint32 height, gsize size)
{
    return (VfioFrame){ .width = width,
                        .height = height,
                        .stride = width * 4,
                        .format = XR24,
                        .dmabuf = TRUE,
                        .fd = fd,
                        .size = size };
}

/* 800 x 600 is no whole number of pages: the last row is not to be had */
static void test_map(void)
{
    static const struct {
        guint32 width, height;
        gsize rows;
    } cases[] = { { 1024, 768, 768 }, { 800, 600, 599 }, { 1, 1, 0 } };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        gsize size = (gsize)cases[i].width * cases[i].height * 4;
        autofd int fd = memfd_create("frame", MFD_CLOEXEC);
        g_assert_no_errno(ftruncate(fd, (off_t)size));
        VfioFrame frame = frame_in(fd, cases[i].width, cases[i].height, size);
        g_auto(FrameMap) map = { 0 };
        g_autoptr(GError) error = NULL;
        gboolean mapped = frame_map(&frame, &map, &error);
        g_assert_cmpint(mapped, ==, cases[i].rows > 0);
        g_assert_cmpuint(map.rows, ==, cases[i].rows);
    }
}

static void test_refusals(void)
{
    autofd int fd = memfd_create("frame", MFD_CLOEXEC);
    g_assert_no_errno(ftruncate(fd, 1 << 20));
    VfioFrame good = frame_in(fd, 64, 64, 64 * 64 * 4);
    VfioFrame tiled = good, unknown = good, short_one = good, narrow = good, huge = good;
    tiled.modifier = ((guint64)1 << 56) | 1; /* I915_FORMAT_MOD_X_TILED */
    unknown.format = 0x20203843;             /* "C8  " */
    short_one.size--;
    narrow.stride--;
    huge.width = huge.stride = 1 << 30;
    const struct {
        const VfioFrame *frame;
        VgpuctlError code;
        const char *text;
    } cases[] = {
        { &tiled, VGPUCTL_ERROR_REFUSED, "tiled (modifier 0x100000000000001)" },
        { &unknown, VGPUCTL_ERROR_REFUSED, "format C8  " },
        { &short_one, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &narrow, VGPUCTL_ERROR_INVALID, "impossible picture" },
        { &huge, VGPUCTL_ERROR_INVALID, "impossible picture" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(FrameMap) map = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_false(frame_map(cases[i].frame, &map, &error));
        g_assert_error(error, VGPUCTL_ERROR, (int)cases[i].code);
        g_assert_nonnull(strstr(error->message, cases[i].text));
    }
}

/* what cannot be mapped may still be drawn by OpenGL */
static void test_unmappable(void)
{
    int fds[2];
    g_assert_no_errno(pipe(fds));
    VfioFrame frame = frame_in(fds[0], 64, 64, 64 * 64 * 4);
    g_auto(FrameMap) map = { 0 };
    g_autoptr(GError) error = NULL;
    g_assert_false(frame_map(&frame, &map, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    close(fds[0]);
    close(fds[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/frame-map/formats", test_formats);
    g_test_add_func("/frame-map/map", test_map);
    g_test_add_func("/frame-map/refusals", test_refusals);
    g_test_add_func("/frame-map/unmappable", test_unmappable);
    return g_test_run();
}
