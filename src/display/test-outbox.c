/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/outbox.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"

typedef struct {
    GIOStream *stream;
    int other;
    Outbox *outbox;
    guint n_wrote;
    GError *error;
} Fixture;

static void on_wrote(Outbox *outbox, const GError *error, gpointer userdata)
{
    Fixture *fixture = userdata;
    fixture->n_wrote++;
    if (error != NULL && fixture->error == NULL)
        fixture->error = g_error_copy(error);
}

static void set_up(Fixture *fixture, gconstpointer data)
{
    int fds[2];
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fds[0], NULL);
    fixture->stream = G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
    fixture->other = fds[1];
    fixture->outbox = outbox_new(fixture->stream, on_wrote, fixture);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    outbox_free(fixture->outbox);
    g_object_unref(fixture->stream);
    g_clear_error(&fixture->error);
    if (fixture->other >= 0)
        close(fixture->other);
}

static void read_exactly(int fd, guint8 *bytes, gsize size)
{
    for (gsize done = 0; done < size;) {
        gssize n = read(fd, bytes + done, size - done);
        g_assert_cmpint(n, >, 0);
        done += (gsize)n;
    }
}

static void test_order(Fixture *fixture, gconstpointer data)
{
    guint8 got[6];
    outbox_put_copy(fixture->outbox, "ab", 2);
    outbox_put_copy(fixture->outbox, "", 0);
    outbox_put_copy(fixture->outbox, "c", 1);
    g_assert_cmpuint(outbox_held_bytes(fixture->outbox), ==, 3);
    g_assert_cmpuint(outbox_held_pieces(fixture->outbox), ==, 2);
    g_assert_true(outbox_flush(fixture->outbox, NULL));
    outbox_put_copy(fixture->outbox, "def", 3);
    g_assert_true(outbox_flush(fixture->outbox, NULL));
    g_assert_cmpuint(outbox_held_bytes(fixture->outbox), ==, 0);
    g_assert_cmpuint(outbox_sent_bytes(fixture->outbox), ==, 6);
    read_exactly(fixture->other, got, sizeof got);
    g_assert_cmpmem(got, sizeof got, "abcdef", 6);
    g_assert_cmpuint(fixture->n_wrote, ==, 0);
}

/* Pieces of many sizes, more than the line takes at once, read in bits. */
static void test_slow_reader(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GByteArray) all = g_byte_array_new();
    for (guint i = 0; i < 500; i++) {
        gsize size = i % 50 == 0 ? 200000 : (gsize)g_test_rand_int_range(1, 3000);
        g_autofree guint8 *bytes = g_malloc(size);
        for (gsize k = 0; k < size; k++)
            bytes[k] = (guint8)g_test_rand_int();
        g_byte_array_append(all, bytes, (guint)size);
        outbox_put_copy(fixture->outbox, bytes, size);
    }
    g_assert_true(outbox_flush(fixture->outbox, NULL));
    g_assert_cmpuint(outbox_held_bytes(fixture->outbox), >, 0);
    g_autofree guint8 *got = g_malloc(all->len);
    for (gsize done = 0; done < all->len;) {
        gsize size = MIN((gsize)g_test_rand_int_range(1, 50000), all->len - done);
        gssize n = recv(fixture->other, got + done, size, MSG_DONTWAIT);
        g_assert_true(n > 0 || (n < 0 && errno == EAGAIN));
        done += n > 0 ? (gsize)n : 0;
        g_main_context_iteration(NULL, n < 0);
    }
    g_assert_cmpuint(outbox_held_bytes(fixture->outbox), ==, 0);
    g_assert_cmpuint(fixture->n_wrote, >, 0);
    g_assert_cmpint(memcmp(got, all->data, all->len), ==, 0);
}

static void count_release(gpointer userdata)
{
    ++*(guint *)userdata;
}

/* What was sent is let go of at once, and all at the end. */
static void test_references(Fixture *fixture, gconstpointer data)
{
    guint n = 0;
    g_autofree guint8 *big = g_malloc0(8 << 20);
    outbox_put(fixture->outbox, g_bytes_new_with_free_func("x", 1, count_release, &n));
    outbox_put(fixture->outbox, g_bytes_new_with_free_func(big, 8 << 20, count_release, &n));
    outbox_put(fixture->outbox, g_bytes_new_with_free_func("y", 1, count_release, &n));
    g_assert_true(outbox_flush(fixture->outbox, NULL));
    g_assert_cmpuint(n, ==, 1);
    outbox_free(g_steal_pointer(&fixture->outbox));
    g_assert_cmpuint(n, ==, 3);
}

static void test_broken(Fixture *fixture, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_autofree guint8 *big = g_malloc0(8 << 20);
    outbox_put_copy(fixture->outbox, big, 8 << 20);
    g_assert_true(outbox_flush(fixture->outbox, &error));
    close(steal_fd(&fixture->other));
    while (fixture->error == NULL)
        g_main_context_iteration(NULL, TRUE);
    g_assert_cmpuint(fixture->n_wrote, ==, 1);
    g_assert_false(outbox_flush(fixture->outbox, &error));
    g_assert_nonnull(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    add("/outbox/order", test_order);
    add("/outbox/slow-reader", test_slow_reader);
    add("/outbox/references", test_references);
    add("/outbox/broken", test_broken);
    return g_test_run();
}
