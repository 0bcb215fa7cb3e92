/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/pass-fds.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

typedef struct {
    int a, b;
} Pair;

static void pair_open(Pair *pair, gconstpointer data)
{
    int fds[2];
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds));
    *pair = (Pair){ fds[0], fds[1] };
}

static void pair_close(Pair *pair, gconstpointer data)
{
    close(pair->a);
    if (pair->b >= 0)
        close(pair->b);
}

static void test_pass(Pair *pair, gconstpointer data)
{
    int pipe_fds[2], received[PASS_FDS_MOST];
    guint n = 0;
    g_autoptr(GError) error = NULL;
    g_assert_no_errno(pipe2(pipe_fds, O_CLOEXEC));
    pass_fds_send(pair->a, "both ends", pipe_fds, 2, &error);
    g_assert_no_error(error);
    g_autofree char *text = pass_fds_receive(pair->b, 1000, received, &n, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, "both ends");
    g_assert_cmpuint(n, ==, 2);

    char byte = 0;
    g_assert_cmpint(write(received[1], "x", 1), ==, 1);
    g_assert_cmpint(read(pipe_fds[0], &byte, 1), ==, 1);
    g_assert_cmpint(byte, ==, 'x');
    g_assert_cmpint(fcntl(received[0], F_GETFD) & FD_CLOEXEC, !=, 0);
    for (guint i = 0; i < 2; i++) {
        close(pipe_fds[i]);
        close(received[i]);
    }
}

static void test_words_only(Pair *pair, gconstpointer data)
{
    int received[PASS_FDS_MOST];
    guint n = 7;
    g_autoptr(GError) error = NULL;
    g_autofree char *longer = g_strnfill(2 * PASS_FDS_TEXT_LIMIT, 'a');
    g_assert_true(pass_fds_send(pair->a, longer, NULL, 0, &error));
    g_autofree char *text = pass_fds_receive(pair->b, 1000, received, &n, &error);
    g_assert_cmpuint(n, ==, 0);
    g_assert_cmpuint(strlen(text), ==, PASS_FDS_TEXT_LIMIT - 1);
}

static void test_silence(Pair *pair, gconstpointer data)
{
    int received[PASS_FDS_MOST];
    guint n = 0;
    g_autoptr(GError) silent = NULL;
    g_autoptr(GError) gone = NULL;
    g_assert_null(pass_fds_receive(pair->a, 1, received, &n, &silent));
    g_assert_error(silent, VGPUCTL_ERROR, VGPUCTL_ERROR_TIMEOUT);
    close(steal_fd(&pair->b));
    g_assert_null(pass_fds_receive(pair->a, 1000, received, &n, &gone));
    g_assert_error(gone, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_autoptr(GError) broken = NULL;
    g_assert_false(pass_fds_send(pair->a, "nobody hears", NULL, 0, &broken));
    g_assert_nonnull(broken);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add("/pass-fds/pass", Pair, NULL, pair_open, test_pass, pair_close);
    g_test_add("/pass-fds/words-only", Pair, NULL, pair_open, test_words_only, pair_close);
    g_test_add("/pass-fds/silence", Pair, NULL, pair_open, test_silence, pair_close);
    return g_test_run();
}
