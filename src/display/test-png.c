/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/png.h"

#include <errno.h>
#include <png.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/file.h"

static Frame *make_frame(int width, int height)
{
    g_autoptr(GError) error = NULL;
    Frame *frame = frame_new(width, height, &error);
    g_assert_no_error(error);
    guint32 seed = 1;
    for (int y = 0; y < height; y++)
        for (int x = 0; x < width; x++)
            frame_row(frame, y)[x] = seed = seed * 1664525u + 1013904223u;
    return frame;
}

/* what libpng reads back is what we had, whatever the X byte said */
static void test_round_trip(void)
{
    g_autoptr(Frame) frame = make_frame(37, 11);
    frame_row(frame, 0)[0] = 0x00123456;
    g_autoptr(GByteArray) bytes = frame_to_png(frame, NULL);
    g_assert_nonnull(bytes);

    png_image reader = { .version = PNG_IMAGE_VERSION };
    g_assert_true(png_image_begin_read_from_memory(&reader, bytes->data, bytes->len));
    g_assert_cmpuint(reader.width, ==, 37);
    g_assert_cmpuint(reader.height, ==, 11);
    g_assert_cmpuint(reader.format & PNG_FORMAT_FLAG_ALPHA, ==, 0);
    reader.format = PNG_FORMAT_RGB;
    g_autofree guint8 *rgb = g_malloc(PNG_IMAGE_SIZE(reader));
    g_assert_true(png_image_finish_read(&reader, NULL, rgb, 0, NULL));
    g_assert_cmpmem(rgb, 3, "\x12\x34\x56", 3);
    for (int i = 0; i < 37 * 11; i++) {
        guint32 pixel = frame_row(frame, i / 37)[i % 37];
        g_assert_cmpuint(rgb[3 * i], ==, pixel >> 16 & 0xff);
        g_assert_cmpuint(rgb[3 * i + 1], ==, pixel >> 8 & 0xff);
        g_assert_cmpuint(rgb[3 * i + 2], ==, pixel & 0xff);
    }
}

static void expect_failed_write(const char *directory, const char *reason)
{
    g_autofree char *path = g_build_filename(directory, "shot.png", NULL);
    g_autoptr(Frame) frame = make_frame(640, 480);
    g_autoptr(GError) error = NULL;
    g_assert_false(frame_write_png(frame, path, &error));
    g_autofree char *message = g_strdup_printf("Writing %s: %s", path, reason);
    g_assert_cmpstr(error->message, ==, message);

    g_autoptr(GDir) left = g_dir_open(directory, 0, NULL);
    g_assert_null(g_dir_read_name(left));
}

/* a file that cannot be finished is not there */
static void test_limit(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-png-XXXXXX", NULL);
    struct rlimit old, small = { 0 };
    getrlimit(RLIMIT_FSIZE, &old);
    small = (struct rlimit){ 10000, old.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    expect_failed_write(directory, g_strerror(EFBIG));
    setrlimit(RLIMIT_FSIZE, &old);
    file_remove_tree(directory, NULL);
}

/* in a mount namespace of this process, which is why it is the last test */
static void test_full_disk(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-png-XXXXXX", NULL);
    if ((unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
        mount("tmpfs", directory, "tmpfs", 0, "size=64k") < 0) {
        g_test_skip("no mount namespace may be made here");
    } else {
        expect_failed_write(directory, g_strerror(ENOSPC));
        umount(directory);
    }
    file_remove_tree(directory, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/png/round-trip", test_round_trip);
    g_test_add_func("/png/limit", test_limit);
    g_test_add_func("/png/full-disk", test_full_disk);
    return g_test_run();
}
