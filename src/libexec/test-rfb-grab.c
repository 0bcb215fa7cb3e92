/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/rfb-grab.h"

#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "tests/lib/qemu.h"

#define PATIENCE_MS 60000

/* A script is what a server says, written in full before the client runs: it never needs to hear
 * it. */

static void say(GByteArray *script, const void *bytes, gsize length)
{
    g_byte_array_append(script, bytes, (guint)length);
}

static void say16(GByteArray *script, guint value)
{
    say(script, (guint8[]){ (guint8)(value >> 8), (guint8)value }, 2);
}

static void say32(GByteArray *script, guint32 value)
{
    say16(script, value >> 16);
    say16(script, value & 0xffff);
}

/* Everything up to the screen's size, as QEMU says it. */
static GByteArray *start_script(guint width, guint height)
{
    GByteArray *script = g_byte_array_new();
    say(script, "RFB 003.008\n", 12);
    say(script, "\1\1", 2);
    say32(script, 0);
    say16(script, width);
    say16(script, height);
    say(script, "\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0", 16);
    say32(script, 4);
    say(script, "QEMU", 4);
    return script;
}

static void say_update(GByteArray *script, guint rects)
{
    say(script, "\0\0", 2);
    say16(script, rects);
}

static void say_rect(GByteArray *script, guint x, guint y, guint width, guint height, gint32 code)
{
    const guint numbers[] = { x, y, width, height };
    for (gsize i = 0; i < G_N_ELEMENTS(numbers); i++)
        say16(script, numbers[i]);
    say32(script, (guint32)code);
}

static void say_pixels(GByteArray *script, guint count, guint32 pixel)
{
    for (; count > 0; count--)
        say(script, &pixel, sizeof pixel);
}

typedef enum { CLOSES, STALLS } Ending;

static Frame *play(const GByteArray *script, gsize length, Ending ending, guint limit_ms,
                   GByteArray *heard, GError **error)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(file_write_all(pair[0], script->data, length));
    if (ending == CLOSES)
        shutdown(pair[0], SHUT_WR);
    Frame *frame = rfb_grab(pair[1], limit_ms, error);
    close(pair[1]);
    guint8 chunk[4096];
    for (ssize_t n; heard != NULL && (n = read(pair[0], chunk, sizeof chunk)) > 0;)
        g_byte_array_append(heard, chunk, (guint)n);
    close(pair[0]);
    return frame;
}

static Frame *expect_frame(const GByteArray *script, int width, int height)
{
    g_autoptr(GError) error = NULL;
    Frame *frame = play(script, script->len, STALLS, PATIENCE_MS, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpint(frame->width, ==, width);
    g_assert_cmpint(frame->height, ==, height);
    return frame;
}

static void expect_error(GByteArray *script, VgpuctlError code, const char *text)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(play(script, script->len, CLOSES, PATIENCE_MS, NULL, &error));
    g_assert_error(error, VGPUCTL_ERROR, (int)code);
    if (strstr(error->message, text) == NULL)
        g_error("'%s' does not say '%s'", error->message, text);
    g_byte_array_unref(script);
}

/* a picture in two parts, and all that may come between */
static GByteArray *good_script(void)
{
    GByteArray *script = start_script(4, 3);
    say(script, "\2", 1);
    say_update(script, 1);
    say_rect(script, 0, 0, 4, 1, 0);
    say_pixels(script, 4, 0x00112233);
    say(script, "\1\0\0\0\0\2............", 18);
    say(script, "\3\0\0\0\0\0\0\5hello", 13);
    say_update(script, 0xffff);
    say_rect(script, 0, 1, 1, 2, 0);
    say_pixels(script, 2, 0xffaabbcc);
    say_rect(script, 1, 1, 3, 2, 0);
    say_pixels(script, 6, 0x00ddeeff);
    say_rect(script, 0, 0, 0, 0, -224);
    return script;
}

static void test_good(void)
{
    /* security None, shared, the pixel format, three encodings, then one request a part, and one
     * for what is newer */
    static const guint8 expected[] = "RFB 003.008\n\1\1"
                                     "\0\0\0\0\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0"
                                     "\2\0\0\3\0\0\0\0\377\377\377\41\377\377\377\40"
                                     "\3\0\0\0\0\0\0\4\0\3"
                                     "\3\0\0\0\0\0\0\4\0\3"
                                     "\3\1\0\0\0\0\0\4\0\3";
    g_autoptr(GByteArray) script = good_script();
    g_autoptr(GByteArray) heard = g_byte_array_new();
    g_autoptr(GError) error = NULL;
    g_autoptr(Frame) frame = play(script, script->len, STALLS, PATIENCE_MS, heard, &error);
    g_assert_no_error(error);
    g_assert_cmpint(frame->width, ==, 4);
    g_assert_cmphex(frame_row(frame, 0)[3] & 0xffffff, ==, 0x112233);
    g_assert_cmphex(frame_row(frame, 2)[0] & 0xffffff, ==, 0xaabbcc);
    g_assert_cmphex(frame_row(frame, 2)[3] & 0xffffff, ==, 0xddeeff);
    if (G_BYTE_ORDER == G_LITTLE_ENDIAN)
        g_assert_cmpmem(heard->data, heard->len, expected, sizeof expected - 1);
}

/* what a server shows first may be old: what it sends then is taken, too */
static void test_newer(void)
{
    g_autoptr(GByteArray) script = good_script();
    say_update(script, 1);
    say_rect(script, 3, 2, 1, 1, 0);
    say_pixels(script, 1, 0x00445566);
    g_autoptr(GError) error = NULL;
    g_autoptr(Frame) frame = play(script, script->len, STALLS, PATIENCE_MS, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmphex(frame_row(frame, 2)[3] & 0xffffff, ==, 0x445566);
    g_assert_cmphex(frame_row(frame, 2)[2] & 0xffffff, ==, 0xddeeff);
}

/* what arrived before the screen changed its size is of another picture */
static void test_resize(void)
{
    g_autoptr(GByteArray) script = start_script(2, 2);
    say_update(script, 2);
    say_rect(script, 0, 0, 2, 1, 0);
    say_pixels(script, 2, 0x111111);
    say_rect(script, 0, 0, 3, 1, -223);
    say_update(script, 1);
    say_rect(script, 0, 0, 3, 1, 0);
    say_pixels(script, 3, 0x222222);
    g_autoptr(Frame) frame = expect_frame(script, 3, 1);
    g_assert_cmphex(frame->pixels[2] & 0xffffff, ==, 0x222222);
}

/* every way to end too early is an error, and nothing leaks */
static void test_truncated(void)
{
    g_autoptr(GByteArray) script = good_script();
    for (guint length = 0; length < script->len; length++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Frame) frame = play(script, length, CLOSES, PATIENCE_MS, NULL, &error);
        /* the closing LastRect adds no pixel, but the message is not over before it */
        g_assert_null(frame);
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    }
}

static void test_stall(void)
{
    g_autoptr(GByteArray) script = good_script();
    const guint lengths[] = { 0, 5, 12, 14, 30, script->len - 20 };
    for (gsize i = 0; i < G_N_ELEMENTS(lengths); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(play(script, lengths[i], STALLS, 50, NULL, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    }
}

static gpointer ring_bells(gpointer fd)
{
    guint8 bells[4096];
    memset(bells, 2, sizeof bells);
    while (send(GPOINTER_TO_INT(fd), bells, sizeof bells, MSG_NOSIGNAL) > 0)
        ;
    return NULL;
}

/* a server that talks without end does not keep us */
static void test_flood(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autoptr(GByteArray) script = start_script(2, 2);
    g_assert_true(file_write_all(pair[0], script->data, script->len));
    GThread *thread = g_thread_new("bells", ring_bells, GINT_TO_POINTER(pair[0]));
    g_autoptr(GError) error = NULL;
    g_assert_null(rfb_grab(pair[1], 100, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    close(pair[1]);
    g_thread_join(thread);
    close(pair[0]);
}

static GByteArray *script_of(const void *bytes, gsize length)
{
    GByteArray *script = g_byte_array_new();
    say(script, bytes, length);
    return script;
}

static void test_handshake(void)
{
    expect_error(script_of("HTTP/1.1 400 Bad Request", 24), VGPUCTL_ERROR_INVALID,
                 "does not speak RFB 3.8");
    expect_error(script_of("RFB 003.003\n", 12), VGPUCTL_ERROR_INVALID, "does not speak RFB 3.8");
    expect_error(script_of("RFB 003.008\n\0\0\0\0\4full", 21), VGPUCTL_ERROR_ACCESS,
                 "refuses the connection: full");
    expect_error(script_of("RFB 003.008\n\1\2", 14), VGPUCTL_ERROR_ACCESS, "wants a password");
    expect_error(script_of("RFB 003.008\n\2\2\1\0\0\0\1\0\0\0\2no", 25), VGPUCTL_ERROR_ACCESS,
                 "refuses the connection: no");
    expect_error(script_of("RFB 003.008\n\0\377\0\0\0", 17), VGPUCTL_ERROR_INVALID,
                 "a text of 4278190080 bytes");
}

static void test_garbage(void)
{
    expect_error(start_script(0, 480), VGPUCTL_ERROR_INVALID, "0 x 480 pixels is impossible");
    expect_error(start_script(65535, 65535), VGPUCTL_ERROR_INVALID, "is impossible");

    GByteArray *script = start_script(2, 2);
    say(script, "\x77", 1);
    expect_error(script, VGPUCTL_ERROR_INVALID, "unknown type 119");

    script = start_script(2, 2);
    say_update(script, 1);
    say_rect(script, 0, 0, 2, 2, 7);
    expect_error(script, VGPUCTL_ERROR_INVALID, "encoding 7");

    const guint outside[][4] = { { 1, 0, 2, 2 }, { 0, 1, 2, 2 }, { 65535, 65535, 65535, 65535 } };
    for (gsize i = 0; i < G_N_ELEMENTS(outside); i++) {
        script = start_script(2, 2);
        say_update(script, 1);
        say_rect(script, outside[i][0], outside[i][1], outside[i][2], outside[i][3], 0);
        expect_error(script, VGPUCTL_ERROR_INVALID, "outside of its screen");
    }

    script = start_script(2, 2);
    say_update(script, 1);
    say_rect(script, 0, 0, 65535, 1, -223);
    expect_error(script, VGPUCTL_ERROR_INVALID, "65535 x 1 pixels is impossible");

    script = start_script(2, 2);
    say(script, "\3\0\0\0\377\377\377\377", 8);
    expect_error(script, VGPUCTL_ERROR_INVALID, "a text of 4294967295 bytes");
}

static void test_socket(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(rfb_grab_socket("/no/such/socket", 1000, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_clear_error(&error);
    g_autofree char *path = g_strnfill(200, 'a');
    g_assert_null(rfb_grab_socket(path, 1000, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
}

static gboolean is_black(const Frame *frame)
{
    for (int y = 0; y < frame->height; y++)
        for (int x = 0; x < frame->width; x++)
            if ((frame_row(frame, y)[x] & 0xffffff) != 0)
                return FALSE;
    return TRUE;
}

typedef struct {
    const char *display, *device;
} QemuCase;

/* by EGL's software renderer, without any GPU: where Mesa gives that (host/facts-gl.h) */
static const QemuCase plain = { "none", "VGA" };
static const QemuCase headless = { "egl-headless,rendernode=/dev/null", "virtio-vga-gl" };

/* Whether the firmware has set its text mode of 80 x 25 and written something. */
static gboolean shows_text(const Frame *frame)
{
    return frame->width == 720 && frame->height == 400 && !is_black(frame);
}

/* QEMU's own server: the firmware's text comes out, also of a console that is drawn by GL. */
static void test_qemu(gconstpointer data)
{
    const QemuCase *c = data;
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-rfb-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "vnc", NULL);
    g_autofree char *vnc = g_strconcat("unix:", path, NULL);
    const char *options[] = { "-display", c->display, "-vnc", vnc, "-device", c->device, NULL };
    TestQemu qemu;
    if (!test_qemu_start(&qemu, options)) {
        file_remove_tree(directory, NULL);
        g_test_skip("no QEMU that starts with this display here");
        return;
    }
    gboolean seen = FALSE;
    gint64 deadline = g_get_monotonic_time() + 1000 * PATIENCE_MS;
    while (!seen && g_get_monotonic_time() < deadline) {
        g_autoptr(GError) error = NULL;
        g_autoptr(Frame) frame = rfb_grab_socket(path, PATIENCE_MS, &error);
        g_assert_no_error(error);
        seen = shows_text(frame);
    }
    test_qemu_stop(&qemu);
    file_remove_tree(directory, NULL);
    g_assert_true(seen);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/rfb-grab/good", test_good);
    g_test_add_func("/rfb-grab/newer", test_newer);
    g_test_add_func("/rfb-grab/resize", test_resize);
    g_test_add_func("/rfb-grab/truncated", test_truncated);
    g_test_add_func("/rfb-grab/stall", test_stall);
    g_test_add_func("/rfb-grab/flood", test_flood);
    g_test_add_func("/rfb-grab/handshake", test_handshake);
    g_test_add_func("/rfb-grab/garbage", test_garbage);
    g_test_add_func("/rfb-grab/socket", test_socket);
    g_test_add_data_func("/rfb-grab/qemu", &plain, test_qemu);
    g_test_add_data_func("/rfb-grab/qemu-gl", &headless, test_qemu);
    return g_test_run();
}
