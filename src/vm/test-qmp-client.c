/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is said and heard; how it ends is test-qmp-client-end.c. */
#include <sys/mman.h>
#include <sys/stat.h>

#include "vm/test-qmp-peer.h"

/* a call made at once waits for the handshake */
static void test_handshake(Fixture *fixture, gconstpointer data)
{
    call(fixture, "stop");
    run(fixture);
    expect_heard(fixture, "");
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_GREETING);
    g_assert_null(qmp_client_greeting(fixture->client));

    say(fixture, GREETING);
    expect_heard(fixture, "{\"execute\":\"qmp_capabilities\",\"id\":2}\n");
    g_assert_nonnull(json_object_get(qmp_client_greeting(fixture->client), "version"));
    say(fixture, "{\"return\": {}, \"id\": 2}\r\n");
    expect_heard(fixture, "{\"execute\":\"stop\",\"id\":1}\n");
    say(fixture, "{\"id\": 1, \"return\": {\"a\": [1]}}\r\n");
    expect_log(fixture, "{\"a\":[1]} ");
}

static void test_refused_handshake(Fixture *fixture, gconstpointer data)
{
    call(fixture, "stop");
    say(fixture, GREETING);
    say(fixture, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": 2}\r\n");
    expect_broken(fixture,
                  "QEMU's monitor broke the protocol: QEMU command 'qmp_capabilities': no");
    expect_log(fixture, "failed closed ");
}

static void test_events(Fixture *fixture, gconstpointer data)
{
    say(fixture, "{\"event\": \"EARLY\"}\r\n" GREETING "{\"event\": \"BETWEEN\"}\r\n");
    say(fixture, "{\"return\": {}, \"id\": 1}\r\n"
                 "{\"event\": \"STOP\", \"timestamp\": {\"seconds\": 3, \"microseconds\": 14}}\r\n"
                 "{\"event\": \"RESET\", \"data\": {\"guest\": true}, \"timestamp\":"
                 " {\"seconds\": 9223372036854775807, \"microseconds\": -1}}\r\n");
    expect_log(fixture, "EARLY@-1 BETWEEN@-1 STOP@3000014 RESET@-1+data ");
}

/* replies find their calls by id; an unknown id is dropped, a reply comes once */
static void test_ids(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "a");
    call(fixture, "b");
    call(fixture, "c");
    run(fixture);
    say(fixture, "{\"return\": \"C\", \"id\": 4}\r\n{\"return\": 0, \"id\": 99}\r\n"
                 "{\"return\": 0, \"id\": \"4\"}\r\n{\"return\": 0}\r\n{\"other\": 1}\r\n"
                 "{\"return\": \"A\", \"id\": 2}\r\n{\"return\": \"C\", \"id\": 4}\r\n"
                 "{\"return\": \"B\", \"id\": 3}\r\n");
    expect_log(fixture, "\"C\" \"A\" \"B\" ");
}

typedef struct {
    char *message, *error_class;
} Refusal;

static void on_refusal(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    Refusal *refusal = userdata;
    g_assert_null(result);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    refusal->message = g_strdup(error->message);
    refusal->error_class = g_strdup(qmp_client_error_class(client));
}

static void expect_refusal(Fixture *fixture, const char *reply, const char *message,
                           const char *error_class)
{
    Refusal refusal = { 0 };
    qmp_client_call(fixture->client, "cont", NULL, -1, on_refusal, &refusal);
    run(fixture);
    say(fixture, reply);
    g_assert_cmpstr(refusal.message, ==, message);
    g_assert_cmpstr(refusal.error_class, ==, error_class);
    g_free(refusal.message);
    g_free(refusal.error_class);
}

static void test_error_replies(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    expect_refusal(
        fixture,
        "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"two\\nlines\"}, \"id\": 2}\r\n",
        "QEMU command 'cont': two lines", "CommandNotFound");
    /* QEMU that could not read the id leaves it out */
    expect_refusal(fixture, "{\"error\": {\"class\": \"GenericError\", \"desc\": \"what?\"}}\r\n",
                   "QEMU command 'cont': what?", "GenericError");
    expect_refusal(fixture, "{\"error\": 5, \"id\": 4}\r\n", "QEMU command 'cont': no reason given",
                   NULL);
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_RUNNING);
}

/* byte by byte, a multi-byte character split */
static void test_split(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "name");
    run(fixture);
    static const char reply[] = "{\"return\": \"gr\xc3\xbc\xc3\x9f\", \"id\": 2}\r\n";
    for (const char *byte = reply; *byte != '\0'; byte++)
        say(fixture, (char[]){ *byte, '\0' });
    expect_log(fixture, "\"gr\xc3\xbc\xc3\x9f\" ");
}

static void test_line_limit(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    qmp_client_set_line_limit(fixture->client, 30);
    say(fixture, "{\"event\": \"TWELVE_BYTES\"}   \r\n"); /* 29 bytes before the newline */
    expect_log(fixture, "TWELVE_BYTES@-1 ");
    call(fixture, "a");
    say(fixture, "{\"event\": \"TWELVE_BYTES\"}      ");
    expect_broken(fixture, "QEMU's monitor broke the protocol: a line longer than the limit");
    expect_log(fixture, "failed closed ");
}

static void test_long_line(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    qmp_client_set_line_limit(fixture->client, 30);
    say(fixture, "{\"event\": \"THIRTEEN_BYTES\"}    \r\n");
    expect_log(fixture, "closed ");
}

/* each of these ends the connection with a reason of one printable line */
static void test_garbage(void)
{
    static const struct {
        const char *text, *reason;
    } cases[] = {
        { "\x01\x02 HTTP/1.1\r\n", "a line that is not JSON: '[' or '{' expected near '\\001'" },
        { "{\"QMP\": \xff}\r\n", "a line that is not JSON: unable to decode byte 0xff" },
        { "{\"event\": \"A\", \"event\": \"B\"}\n",
          "a line that is not JSON: duplicate object key near '\\\"event\\\"'" },
        { "[1]\n", "a message that is no object" },
        { "{\"event\": 1}\n", "an event without a name, or with data that is no object" },
        { "{\"event\": \"A\", \"data\": []}\n",
          "an event without a name, or with data that is no object" },
        { GREETING GREETING, "a second greeting" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        Fixture fixture = { 0 };
        set_up(&fixture, NULL);
        say(&fixture, cases[i].text);
        g_autofree char *reason =
            g_strconcat("QEMU's monitor broke the protocol: ", cases[i].reason, NULL);
        expect_broken(&fixture, reason);
        tear_down(&fixture, NULL);
    }
}

/* jansson stops at 2048 levels, long before the stack ends */
static void test_deep(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    g_autofree char *deep = g_strnfill(100000, '[');
    say(fixture, deep);
    say(fixture, "\n");
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_CLOSED);
}

/* values above 2^63 come as real numbers, the connection stays */
static void test_large_numbers(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    call(fixture, "qom-get");
    run(fixture);
    say(fixture, "{\"return\": 18446744073709551615, \"id\": 2}\r\n");
    g_assert_cmpfloat(g_ascii_strtod(fixture->log->str, NULL), ==, 18446744073709551616.0);
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_RUNNING);
}

/* more than the socket takes at once, in both directions */
static void test_large_messages(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    g_autofree char *large = g_strnfill(3000000, 'x');
    qmp_client_call(fixture->client, "big", json_pack("{s:s}", "text", large), -1, on_reply,
                    fixture);
    call(fixture, "small");
    run(fixture);
    g_autofree char *sent = g_strdup_printf("{\"execute\":\"big\",\"arguments\":{\"text\":\"%s\"},"
                                            "\"id\":2}\n{\"execute\":\"small\",\"id\":3}\n",
                                            large);
    g_assert_true(g_str_equal(fixture->heard->str, sent));

    g_autofree char *reply = g_strdup_printf("{\"return\": \"%s\", \"id\": 2}\r\n", large);
    gsize length = strlen(reply);
    for (gsize done = 0; done < length;) {
        ssize_t n = send(fixture->peer, reply + done, length - done, MSG_DONTWAIT);
        done += n > 0 ? (gsize)n : 0;
        run(fixture);
    }
    g_assert_cmpuint(fixture->log->len, ==, 3000003);
}

/* Receives one byte and the descriptor with it; -1: none came. */
static int receive_fd(int socket_fd, char *ret_byte)
{
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } control = { 0 };
    struct iovec part = { ret_byte, 1 };
    struct msghdr message = { .msg_iov = &part,
                              .msg_iovlen = 1,
                              .msg_control = control.space,
                              .msg_controllen = sizeof control.space };
    g_assert_cmpint(recvmsg(socket_fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC), ==, 1);
    int fd = -1;
    if (CMSG_FIRSTHDR(&message) != NULL)
        memcpy(&fd, CMSG_DATA(&control.header), sizeof fd);
    return fd;
}

static ino_t inode_of(int fd)
{
    struct stat info;
    g_assert_cmpint(fstat(fd, &info), ==, 0);
    return info.st_ino;
}

/* each descriptor comes with the first byte of its own message, and ours is closed */
static void test_fd_passing(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    int fds[2] = { memfd_create("one", MFD_CLOEXEC), memfd_create("two", MFD_CLOEXEC) };
    ino_t inodes[2] = { inode_of(fds[0]), inode_of(fds[1]) };
    call(fixture, "before");
    for (int i = 0; i < 2; i++)
        qmp_client_call(fixture->client, "add-fd", NULL, fds[i], on_reply, fixture);
    while (g_main_context_iteration(fixture->context, FALSE))
        ;

    g_autoptr(GString) text = g_string_new(NULL);
    int seen = 0;
    while (seen < 2 || !g_str_has_suffix(text->str, "\n")) {
        char byte;
        autofd int fd = receive_fd(fixture->peer, &byte);
        if (fd >= 0) {
            g_assert_true(text->len == 0 || g_str_has_suffix(text->str, "\n"));
            g_assert_cmpuint(inode_of(fd), ==, inodes[seen++]);
        }
        g_string_append_c(text, byte);
    }
    g_assert_cmpstr(text->str, ==,
                    "{\"execute\":\"before\",\"id\":2}\n{\"execute\":\"add-fd\",\"id\":3}\n"
                    "{\"execute\":\"add-fd\",\"id\":4}\n");
    for (int i = 0; i < 2; i++)
        g_assert_cmpint(fcntl(fds[i], F_GETFD), ==, -1);
}

static void test_bad_arguments(Fixture *fixture, gconstpointer data)
{
    handshake(fixture);
    json_t *loop = json_object(), *inner = json_object();
    json_object_set_new(loop, "inner", inner);
    json_object_set(inner, "outer", loop);
    qmp_client_call(fixture->client, "loop", json_incref(loop), -1, on_reply, fixture);
    expect_log(fixture, "");
    run(fixture);
    expect_log(fixture, "failed ");
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_RUNNING);
    json_object_clear(inner);
    json_decref(loop);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("handshake", test_handshake);
    ADD("refused-handshake", test_refused_handshake);
    ADD("events", test_events);
    ADD("ids", test_ids);
    ADD("error-replies", test_error_replies);
    ADD("split", test_split);
    ADD("line-limit", test_line_limit);
    ADD("long-line", test_long_line);
    g_test_add_func("/qmp-client/garbage", test_garbage);
    ADD("deep", test_deep);
    ADD("large-numbers", test_large_numbers);
    ADD("large-messages", test_large_messages);
    ADD("fd-passing", test_fd_passing);
    ADD("bad-arguments", test_bad_arguments);
    return g_test_run();
}
