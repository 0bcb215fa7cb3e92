/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The reader and what it keeps, with files in place of dma-bufs. */
#include "display/dmabuf.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define XR24 0x34325258
#define SIDE 64

static int filled(guint32 colour)
{
    int fd = memfd_create("picture", MFD_CLOEXEC);
    g_autofree guint32 *pixels = g_new(guint32, SIDE * SIDE);
    for (gsize i = 0; i < SIDE * SIDE; i++)
        pixels[i] = colour;
    g_assert_cmpint(write(fd, pixels, SIDE * SIDE * 4), ==, SIDE * SIDE * 4);
    return fd;
}

static Dmabuf buffer_of(int fd)
{
    return (Dmabuf){ .fd = fd, .width = SIDE, .height = SIDE, .stride = SIDE * 4, .format = XR24 };
}

static guint32 first_pixel(DmabufReader *reader, const Dmabuf *buffer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(Frame) frame = dmabuf_reader_read(reader, buffer, &error);
    g_assert_no_error(error);
    return frame_row(frame, 0)[0];
}

static guint maps(void)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents("/proc/self/maps", &text, NULL, NULL));
    guint n = 0;
    for (const char *at = text; (at = strstr(at, "memfd:picture")) != NULL; at++)
        n++;
    return n;
}

/* the same buffer by another descriptor is mapped once; what is old goes */
static void test_kept(void)
{
    g_autoptr(DmabufReader) reader = dmabuf_reader_new(NULL);
    int first = filled(0x112233);
    Dmabuf buffer = buffer_of(first);
    g_assert_cmphex(first_pixel(reader, &buffer), ==, 0x112233);
    g_assert_cmpuint(maps(), ==, 1);
    buffer.fd = fcntl(first, F_DUPFD_CLOEXEC, 0);
    close(first);
    g_assert_cmphex(first_pixel(reader, &buffer), ==, 0x112233);
    g_assert_cmpuint(maps(), ==, 1);
    buffer.height /= 2; /* the same buffer as another picture */
    g_assert_cmphex(first_pixel(reader, &buffer), ==, 0x112233);
    g_assert_cmpuint(maps(), ==, 2);
    close(buffer.fd);
    for (guint32 i = 0; i < 20; i++) {
        autofd int fd = filled(i);
        Dmabuf other = buffer_of(fd);
        g_assert_cmphex(first_pixel(reader, &other), ==, i);
    }
    g_assert_cmpuint(maps(), ==, 5);
    dmabuf_reader_forget(reader);
    g_assert_cmpuint(maps(), ==, 0);
}

static void test_flips(void)
{
    g_autoptr(DmabufReader) reader = dmabuf_reader_new(NULL);
    autofd int a = filled(1);
    autofd int b = filled(2);
    Dmabuf front = buffer_of(a), back = buffer_of(b);
    Rect changed;
    g_autoptr(Frame) shown = dmabuf_reader_read_next(reader, &front, NULL, &changed, NULL);
    for (guint i = 0; i < 10; i++) {
        Frame *next =
            dmabuf_reader_read_next(reader, i % 2 == 0 ? &back : &front, shown, &changed, NULL);
        g_assert_cmphex(frame_row(next, 0)[0], ==, i % 2 == 0 ? 2 : 1);
        g_assert_cmpint(changed.height, ==, SIDE);
        frame_unref(shown);
        shown = next;
    }
    g_assert_cmpuint(maps(), ==, 2);
    g_autoptr(Frame) same = dmabuf_reader_read_next(reader, &front, shown, &changed, NULL);
    g_assert_true(same == shown);
}

/* what cannot be mapped would be drawn, where there is something to draw on */
static void test_no_way(void)
{
    int fds[2];
    g_assert_no_errno(pipe(fds));
    Dmabuf buffer = buffer_of(fds[0]);
    g_autoptr(GError) error = NULL;
    g_autoptr(DmabufReader) reader = dmabuf_reader_new(NULL);
    g_assert_null(dmabuf_reader_read(reader, &buffer, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "no render node"));
    g_clear_error(&error);
    g_autoptr(DmabufReader) drawing = dmabuf_reader_new("/dev/null/renderD128");
    g_assert_null(dmabuf_reader_read(drawing, &buffer, &error));
    g_assert_nonnull(strstr(error->message, "/dev/null/renderD128"));
    g_clear_error(&error);
    buffer.width = 0;
    g_assert_null(dmabuf_reader_read(drawing, &buffer, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    close(fds[0]);
    close(fds[1]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/dmabuf/kept", test_kept);
    g_test_add_func("/dmabuf/flips", test_flips);
    g_test_add_func("/dmabuf/no-way", test_no_way);
    return g_test_run();
}
