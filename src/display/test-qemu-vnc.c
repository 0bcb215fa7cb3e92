/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a picture alone (libexec/test-rfb-grab.c) does not need: pointer, sizes, input. */
#include "display/qemu-vnc.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "display/rfb-wire.h"

#define LIMIT_US (60 * G_USEC_PER_SEC)

typedef struct {
    int fds[2]; /* ours, the server's */
    QemuVnc *client;
} Session;

static void say(const Session *session, const void *bytes, gsize length)
{
    g_assert_true(file_write_all(session->fds[1], bytes, length));
}

/* A server of 4 x 2 pixels. */
static void start(Session *session)
{
    static const char hello[] = "RFB 003.008\n\1\1\0\0\0\0\0\4\0\2"
                                "\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0\0\0\0\4QEMU";
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, session->fds), ==, 0);
    say(session, hello, sizeof hello - 1);
    session->client =
        qemu_vnc_new(session->fds[0], qemu_vnc_full, g_get_monotonic_time() + LIMIT_US, &error);
    g_assert_no_error(error);
}

static void stop(Session *session)
{
    qemu_vnc_free(session->client);
    close(session->fds[0]);
    close(session->fds[1]);
}

static void say_rect(const Session *session, guint x, guint y, guint width, guint height,
                     gint32 encoding)
{
    guint8 head[16] = { RFB_SERVER_UPDATE, 0, 0, 1 };
    rfb_put16(head + 4, x);
    rfb_put16(head + 6, y);
    rfb_put16(head + 8, width);
    rfb_put16(head + 10, height);
    rfb_put32(head + 12, (guint32)encoding);
    say(session, head, sizeof head);
}

static void read_message(const Session *session, QemuVncNews *ret_news)
{
    g_autoptr(GError) error = NULL;
    g_assert_true(qemu_vnc_read(session->client, ret_news, &error));
    g_assert_no_error(error);
}

/* what the mask leaves out is transparent; rows of the mask are whole bytes */
static void test_cursor(void)
{
    static const guint32 pixels[] = { 0x112233, 0x445566, 0x778899, 0xaabbcc };
    static const guint8 mask[] = { 0x80, 0x40 };
    Session session;
    start(&session);
    say_rect(&session, 1, 0, 2, 2, RFB_ENCODING_CURSOR);
    say(&session, pixels, sizeof pixels);
    say(&session, mask, sizeof mask);
    g_auto(QemuVncNews) news = { 0 };
    read_message(&session, &news);
    g_assert_cmpint(news.cursor->hot_x, ==, 1);
    g_assert_cmphex(news.cursor->pixels[0], ==, 0xff112233);
    g_assert_cmphex(news.cursor->pixels[1], ==, 0);
    g_assert_cmphex(news.cursor->pixels[2], ==, 0);
    g_assert_cmphex(news.cursor->pixels[3], ==, 0xffaabbcc);
    g_assert_true(news.update);

    say_rect(&session, 0, 0, 2000, 2000, RFB_ENCODING_CURSOR);
    g_autoptr(GError) error = NULL;
    g_assert_false(qemu_vnc_read(session.client, &news, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    stop(&session);
}

/* a frame that somebody keeps is not written again */
static void test_kept_frame(void)
{
    static const guint32 first[8] = { 1, 1, 1, 1, 1, 1, 1, 1 }, second = 2;
    Session session;
    start(&session);
    say_rect(&session, 0, 0, 4, 2, RFB_ENCODING_RAW);
    say(&session, first, sizeof first);
    g_auto(QemuVncNews) news = { 0 };
    read_message(&session, &news);
    g_assert_cmpuint(qemu_vnc_missing(session.client), ==, 0);
    g_autoptr(Frame) kept = frame_ref(qemu_vnc_frame(session.client));
    say_rect(&session, 3, 1, 1, 1, RFB_ENCODING_RAW);
    say(&session, &second, sizeof second);
    read_message(&session, &news);
    g_assert_cmpuint(news.rects->len, ==, 1);
    g_assert_cmpint(g_array_index(news.rects, Rect, 0).x, ==, 3);
    g_assert_cmphex(frame_row(kept, 1)[3] & 0xffffff, ==, 1);
    g_assert_cmphex(frame_row(qemu_vnc_frame(session.client), 1)[3] & 0xffffff, ==, 2);
    stop(&session);
}

static void say_size(const Session *session, guint reason, guint status, guint width, guint height)
{
    static const guint8 screens[20] = { 1 };
    say_rect(session, reason, status, width, height, RFB_ENCODING_EXTENDED_DESKTOP_SIZE);
    say(session, screens, sizeof screens);
}

static void test_sizes(void)
{
    Session session;
    start(&session);
    g_auto(QemuVncNews) news = { 0 };
    say_size(&session, RFB_RESIZE_BY_SERVER, RFB_RESIZE_DONE, 4, 2);
    read_message(&session, &news);
    g_assert_false(news.resized);
    say_size(&session, RFB_RESIZE_BY_THIS_CLIENT, RFB_RESIZE_PROHIBITED, 9, 9);
    read_message(&session, &news);
    g_assert_true(news.refused);
    g_assert_false(news.resized);
    say_size(&session, RFB_RESIZE_BY_SERVER, RFB_RESIZE_DONE, 5, 3);
    read_message(&session, &news);
    g_assert_true(news.resized);
    g_assert_false(news.refused);
    g_assert_cmpint(qemu_vnc_frame(session.client)->width, ==, 5);
    g_assert_cmpuint(qemu_vnc_missing(session.client), ==, 15);
    stop(&session);
}

static void test_input(void)
{
    static const guint8 expected[] = "\377\0\0\1\0\0\0\0\0\0\0\310" /* key */
                                     "\5\3\0\7\1\2"                 /* pointer */
                                     "\373\0\4\0\3\0\1\0"           /* size */
                                     "\0\0\0\0\0\0\0\0\4\0\3\0\0\0\0\0";
    int pair[2];
    guint8 heard[100];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_assert_true(qemu_vnc_send_key(pair[0], 0xc8, TRUE));
    g_assert_true(qemu_vnc_send_pointer(pair[0], 7, 258, 3));
    g_assert_true(qemu_vnc_send_size(pair[0], 1024, 768));
    ssize_t n = recv(pair[1], heard, sizeof heard, 0);
    g_assert_cmpmem(heard, (gsize)MAX(n, 0), expected, sizeof expected - 1);

    /* a server that does not read is not waited for, and what does fit is whole */
    gsize sent = 0, arrived = 0;
    while (qemu_vnc_send_key(pair[0], 1, TRUE))
        sent += 12;
    close(pair[0]);
    while ((n = recv(pair[1], heard, sizeof heard, 0)) > 0)
        arrived += (gsize)n;
    g_assert_cmpuint(arrived, ==, sent);
    close(pair[1]);
}

static void test_end(void)
{
    Session session;
    start(&session);
    shutdown(session.fds[1], SHUT_WR);
    g_auto(QemuVncNews) news = { 0 };
    g_autoptr(GError) error = NULL;
    g_assert_false(qemu_vnc_read(session.client, &news, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    stop(&session);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qemu-vnc/cursor", test_cursor);
    g_test_add_func("/qemu-vnc/kept-frame", test_kept_frame);
    g_test_add_func("/qemu-vnc/sizes", test_sizes);
    g_test_add_func("/qemu-vnc/input", test_input);
    g_test_add_func("/qemu-vnc/end", test_end);
    return g_test_run();
}
