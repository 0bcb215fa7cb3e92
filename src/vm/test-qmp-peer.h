/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A QMP client and its peer, which the test plays itself over a socketpair: everything the peer has
 * said is in the socket before the client runs, so nothing waits or races. For the tests only.
 */
#pragma once

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"
#include "vm/qmp-client.h"

#define GREETING                                                                                   \
    "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": [\"oob\"]}}\r\n"

typedef struct {
    GMainContext *context;
    QmpClient *client;
    int peer;
    GString *heard; /* what the client sent and the peer has not taken yet */
    GString *log;   /* what the callbacks were told, a word each */
    gboolean free_in_callback;
    gboolean call_in_callback;
} Fixture;

static inline void on_event(QmpClient *client, const char *name, const json_t *data, gint64 time_us,
                            void *userdata)
{
    Fixture *fixture = userdata;
    g_string_append_printf(fixture->log, "%s@%" G_GINT64_FORMAT "%s ", name, time_us,
                           data != NULL ? "+data" : "");
    if (fixture->free_in_callback)
        g_clear_pointer(&fixture->client, qmp_client_free);
}

static inline void on_closed(QmpClient *client, const GError *reason, void *userdata)
{
    Fixture *fixture = userdata;
    g_assert_cmpint(qmp_client_state(client), ==, QMP_CLIENT_CLOSED);
    g_assert_true(reason == qmp_client_reason(client));
    g_string_append(fixture->log, "closed ");
    if (fixture->free_in_callback)
        g_clear_pointer(&fixture->client, qmp_client_free);
}

static inline void on_reply(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    Fixture *fixture = userdata;
    g_assert_true((result == NULL) == (error != NULL));
    g_autofree char *text =
        result != NULL ? json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    g_string_append_printf(fixture->log, "%s ", error != NULL ? "failed" : text);
    if (fixture->call_in_callback) {
        fixture->call_in_callback = FALSE;
        qmp_client_call(client, "again", NULL, -1, on_reply, fixture);
    }
    if (fixture->free_in_callback)
        g_clear_pointer(&fixture->client, qmp_client_free);
}

static inline void set_up(Fixture *fixture, gconstpointer data)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair), ==,
                    0);
    fixture->context = g_main_context_new();
    fixture->client = qmp_client_new(pair[0], fixture->context,
                                     &(QmpClientHandlers){ on_event, on_closed }, fixture);
    fixture->peer = pair[1];
    fixture->heard = g_string_new(NULL);
    fixture->log = g_string_new(NULL);
}

static inline void tear_down(Fixture *fixture, gconstpointer data)
{
    qmp_client_free(fixture->client);
    g_assert_false(g_main_context_pending(fixture->context));
    g_main_context_unref(fixture->context);
    if (fixture->peer >= 0)
        close(fixture->peer);
    g_string_free(fixture->heard, TRUE);
    g_string_free(fixture->log, TRUE);
}

/* Lets the client do all it can do now and takes what it sends. */
static inline void run(Fixture *fixture)
{
    char chunk[65536];
    gboolean busy;
    do {
        busy = g_main_context_iteration(fixture->context, FALSE);
        ssize_t n = fixture->peer >= 0 ? recv(fixture->peer, chunk, sizeof chunk, MSG_DONTWAIT) : 0;
        if (n > 0)
            g_string_append_len(fixture->heard, chunk, n);
        busy = busy || n > 0;
    } while (busy);
}

static inline void say(Fixture *fixture, const char *text)
{
    gsize length = strlen(text);
    g_assert_cmpint(send(fixture->peer, text, length, MSG_NOSIGNAL), ==, length);
    run(fixture);
}

static inline void hang_up(Fixture *fixture)
{
    close(fixture->peer);
    fixture->peer = -1;
    run(fixture);
}

static inline void call(Fixture *fixture, const char *command)
{
    qmp_client_call(fixture->client, command, NULL, -1, on_reply, fixture);
}

/* what the client sent since the last look */
static inline void expect_heard(Fixture *fixture, const char *text)
{
    g_assert_cmpstr(fixture->heard->str, ==, text);
    g_string_truncate(fixture->heard, 0);
}

static inline void expect_log(Fixture *fixture, const char *text)
{
    g_assert_cmpstr(fixture->log->str, ==, text);
    g_string_truncate(fixture->log, 0);
}

static inline void expect_broken(Fixture *fixture, const char *message)
{
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_CLOSED);
    g_assert_error(qmp_client_reason(fixture->client), VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    g_assert_cmpstr(qmp_client_reason(fixture->client)->message, ==, message);
}

static inline void handshake(Fixture *fixture)
{
    say(fixture, GREETING);
    expect_heard(fixture, "{\"execute\":\"qmp_capabilities\",\"id\":1}\n");
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_NEGOTIATING);
    say(fixture, "{\"return\": {}, \"id\": 1}\r\n");
    g_assert_cmpint(qmp_client_state(fixture->client), ==, QMP_CLIENT_RUNNING);
}

#define ADD(name, func) g_test_add("/qmp-client/" name, Fixture, NULL, set_up, func, tear_down)
