/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile or broken QEMU may say to the QMP client. For any bytes: each call is completed
 * exactly once and the end is told once; and how the bytes are cut into reads changes nothing.
 */
#include "fuzz.h"

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vm/qmp-client.h"

#define CALLS 3
#define LINE_LIMIT 4096

static const char greeting[] = "{\"QMP\": {\"version\": {}, \"capabilities\": []}}\r\n";
static const char negotiated[] = "{\"return\": {}, \"id\": 1}\r\n";

typedef struct {
    GMainContext *context;
    QmpClient *client; /* NULL after an event told us to free it */
    int peer;
    guint completed[CALLS];
    guint closed;
    GString *log;
} Session;

typedef struct {
    Session *session;
    guint index;
} Call;

static void on_reply(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    Call *call = userdata;
    g_assert((result == NULL) == (error != NULL));
    call->session->completed[call->index]++;
    g_string_append_printf(call->session->log, "%u %s\n", call->index,
                           error != NULL ? error->message : "done");
}

static void on_event(QmpClient *client, const char *name, const json_t *data, gint64 time_us,
                     void *userdata)
{
    Session *session = userdata;
    g_assert(g_utf8_validate(name, -1, NULL));
    g_assert(time_us >= -1);
    g_assert(data == NULL || json_is_object(data));
    g_string_append_printf(session->log, "%s %" G_GINT64_FORMAT "\n", name, time_us);
    if (g_str_equal(name, "FREE"))
        g_clear_pointer(&session->client, qmp_client_free);
}

static void on_closed(QmpClient *client, const GError *reason, void *userdata)
{
    Session *session = userdata;
    session->closed++;
    for (const char *c = reason->message; *c != '\0'; c++)
        g_assert(!g_ascii_iscntrl(*c));
    g_string_append_printf(session->log, "%s\n", reason->message);
}

static void run_pending(Session *session)
{
    while (g_main_context_iteration(session->context, FALSE))
        ;
}

static void say(Session *session, const char *data, size_t size, size_t chunk)
{
    while (size > 0) {
        /* a full socket or one that the client has closed are both a peer's everyday life */
        ssize_t n = send(session->peer, data, MIN(size, chunk), MSG_DONTWAIT | MSG_NOSIGNAL);
        run_pending(session);
        if (n < 0)
            return;
        data += n;
        size -= (size_t)n;
    }
}

/* Plays one session and returns all that the callbacks were told. */
static char *play(const char *data, size_t size, size_t chunk, gboolean shake_hands)
{
    int pair[2];
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    Session session = { .context = g_main_context_new(),
                        .peer = pair[1],
                        .log = g_string_new(NULL) };
    session.client = qmp_client_new(pair[0], session.context,
                                    &(QmpClientHandlers){ on_event, on_closed }, &session);
    qmp_client_set_line_limit(session.client, LINE_LIMIT);

    if (shake_hands) {
        say(&session, greeting, strlen(greeting), SIZE_MAX);
        say(&session, negotiated, strlen(negotiated), SIZE_MAX);
        g_assert(qmp_client_state(session.client) == QMP_CLIENT_RUNNING);
    }
    Call calls[CALLS];
    for (guint i = 0; i < CALLS; i++) {
        calls[i] = (Call){ &session, i };
        qmp_client_call(session.client, "query-status", NULL, -1, on_reply, &calls[i]);
    }
    run_pending(&session);
    say(&session, data, size, chunk);
    close(session.peer);
    run_pending(&session);

    gboolean freed = session.client == NULL;
    g_assert(session.closed == (freed ? 0 : 1));
    g_assert(freed || qmp_client_state(session.client) == QMP_CLIENT_CLOSED);
    for (guint i = 0; i < CALLS; i++)
        g_assert(session.completed[i] == 1);
    qmp_client_free(session.client);
    for (guint i = 0; i < CALLS; i++)
        g_assert(session.completed[i] == 1);
    g_main_context_unref(session.context);
    return g_string_free(session.log, FALSE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    g_autofree char *whole = play(text, size, SIZE_MAX, TRUE);
    g_autofree char *parts = play(text, size, 1 + size / 32, TRUE);
    g_assert(g_str_equal(whole, parts));
    g_autofree char *from_greeting = play(text, size, 1 + size / 4, FALSE);
    return 0;
}
