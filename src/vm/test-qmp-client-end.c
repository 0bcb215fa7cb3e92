/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whatever ends a client, each call is completed once and nobody is told after its end. */
#include <sys/mman.h>

#include "vm/test-qmp-peer.h"

/* all calls are completed, sent or not, in their order and before the end is told */
static void test_peer_dies(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "a");
    call(fixture, "b");
    run(fixture);
    call(fixture, "c");
    g_assert_cmpint(send(fixture->peer, "{\"return\": 1, \"id\": 2}\n", 23, 0), ==, 23);
    hang_up(fixture);
    expect_log(fixture, "1 failed failed closed ");
    g_assert_error(qmp_client_reason(fixture->client), VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
}

static void test_peer_dies_early(Fixture *fixture, gconstpointer data)
{
    call(fixture, "a");
    hang_up(fixture);
    expect_log(fixture, "failed closed ");
    g_assert_cmpstr(qmp_client_reason(fixture->client)->message, ==,
                    "QEMU closed its monitor connection");
}

/* QEMU's last words count, also when it takes no more from us */
static void test_last_words(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "quit");
    run(fixture);
    static const char words[] = "{\"return\": {}, \"id\": 2}\r\n{\"event\": \"SHUTDOWN\"}\r\n";
    g_assert_cmpint(send(fixture->peer, words, strlen(words), 0), ==, strlen(words));
    close(fixture->peer);
    fixture->peer = -1;
    call(fixture, "late");
    run(fixture);
    expect_log(fixture, "{} SHUTDOWN@-1 failed closed ");
}

/* a peer that stopped reading but keeps its side open does not hold the calls */
static void test_half_closed(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    g_assert_cmpint(shutdown(fixture->peer, SHUT_RD), ==, 0);
    call(fixture, "a");
    run(fixture);
    expect_log(fixture, "failed closed ");
    g_assert_cmpstr(qmp_client_reason(fixture->client)->message, ==,
                    "Sending to QEMU's monitor: Broken pipe");
}

static void test_half_line(Fixture *fixture, gconstpointer data)
{
    say(fixture, "{\"QMP\": {\"ver");
    hang_up(fixture);
    g_assert_cmpstr(qmp_client_reason(fixture->client)->message, ==,
                    "QEMU closed its monitor connection in the middle of a message");
    expect_log(fixture, "closed ");
}

/* a descriptor that never left is closed all the same */
static void test_fd_unsent(Fixture *fixture, gconstpointer data)
{
    int fd = memfd_create("never", MFD_CLOEXEC);
    qmp_client_call(fixture->client, "add-fd", NULL, fd, on_reply, fixture);
    hang_up(fixture);
    expect_log(fixture, "failed closed ");
    g_assert_cmpint(fcntl(fd, F_GETFD), ==, -1);
}

static void test_free_in_reply(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "a");
    call(fixture, "b");
    run(fixture);
    fixture->free_in_callback = TRUE;
    say(fixture, "{\"return\": {}, \"id\": 2}\n{\"event\": \"NEVER\"}\n");
    expect_log(fixture, "{} failed ");
    g_assert_null(fixture->client);
}

static void test_free_in_event(Fixture *fixture, gconstpointer data)
{
    call(fixture, "a");
    fixture->free_in_callback = TRUE;
    say(fixture, "{\"event\": \"E\"}\n{\"event\": \"NEVER\"}\n");
    expect_log(fixture, "E@-1 failed ");
}

/* inside the failures of the end: nobody is told twice, the end itself is not told any more */
static void test_free_in_failure(Fixture *fixture, gconstpointer data)
{
    call(fixture, "a");
    call(fixture, "b");
    fixture->free_in_callback = TRUE;
    hang_up(fixture);
    expect_log(fixture, "failed failed ");
}

static void test_free_in_closed(Fixture *fixture, gconstpointer data)
{
    fixture->free_in_callback = TRUE;
    hang_up(fixture);
    expect_log(fixture, "closed ");
    g_assert_null(fixture->client);
}

static void test_free_completes(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "sent");
    run(fixture);
    call(fixture, "unsent");
    fixture->call_in_callback = TRUE;
    g_clear_pointer(&fixture->client, qmp_client_free);
    expect_log(fixture, "failed failed failed ");
}

/* completed by the context, not inside the call */
static void test_call_after_close(Fixture *fixture, gconstpointer data)
{
    hang_up(fixture);
    expect_log(fixture, "closed ");
    call(fixture, "late");
    expect_log(fixture, "");
    fixture->call_in_callback = TRUE;
    run(fixture);
    expect_log(fixture, "failed failed ");
    call(fixture, "later");
    g_clear_pointer(&fixture->client, qmp_client_free);
    expect_log(fixture, "failed ");
}

static void test_call_in_reply(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "a");
    run(fixture);
    fixture->call_in_callback = TRUE;
    say(fixture, "{\"return\": 1, \"id\": 2}\n");
    say(fixture, "{\"return\": 2, \"id\": 3}\n");
    expect_log(fixture, "1 2 ");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("peer-dies", test_peer_dies);
    ADD("peer-dies-early", test_peer_dies_early);
    ADD("last-words", test_last_words);
    ADD("half-closed", test_half_closed);
    ADD("half-line", test_half_line);
    ADD("fd-unsent", test_fd_unsent);
    ADD("free-in-reply", test_free_in_reply);
    ADD("free-in-event", test_free_in_event);
    ADD("free-in-failure", test_free_in_failure);
    ADD("free-in-closed", test_free_in_closed);
    ADD("free-completes", test_free_completes);
    ADD("call-after-close", test_call_after_close);
    ADD("call-in-reply", test_call_in_reply);
    return g_test_run();
}
