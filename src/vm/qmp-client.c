/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "vm/qmp-call.h"
#include "vm/qmp-message.h"

#define READ_CHUNK 16384

struct QmpClient {
    int references; /* the owner's and one for each of our frames that may call back */
    int fd;         /* owned; -1 once closed */
    QmpClientState state;
    GMainContext *context; /* owned */
    GSource *reader;       /* owned; until closed */
    GSource *writer;       /* owned; while there is something to send */
    GSource *refuser;      /* owned; while calls made after the end wait for their completion */
    GByteArray *input;     /* owned; begins with the first byte of an unhandled message */
    gsize searched;        /* bytes of @input known to hold no newline */
    gsize line_limit;
    GQueue unsent; /* QmpCall, owned */
    GQueue sent;   /* QmpCall, owned, in the order of sending */
    guint64 next_id;
    json_t *greeting;    /* owned */
    GError *write_error; /* owned; sending failed, what QEMU said before is still read */
    GError *reason;      /* owned; set when closed */
    char *error_class;   /* owned */
    QmpClientHandlers handlers;
    void *userdata;
};

static void client_unref(QmpClient *client)
{
    if (--client->references > 0)
        return;
    g_main_context_unref(client->context);
    g_byte_array_free(client->input, TRUE);
    json_decref(client->greeting);
    g_clear_error(&client->write_error);
    g_clear_error(&client->reason);
    g_free(client->error_class);
    g_free(client);
}

static QmpClient *client_ref(QmpClient *client)
{
    client->references++;
    return client;
}

/* a reference for the length of a scope; g_autoptr(QmpClient) is the owner's */
typedef QmpClient QmpClientFrame;
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpClientFrame, client_unref)

static QmpCall *client_new_call(QmpClient *client, const char *command, json_t *arguments, int fd,
                                QmpReplyFunc func, void *userdata)
{
    QmpCall *call = qmp_call_new(client->next_id++, command, arguments, fd);
    call->func = func;
    call->userdata = userdata;
    return call;
}

/* Consumes @call, which is in no queue any more. */
static void client_complete(QmpClient *client, QmpCall *call, json_t *result, const GError *error,
                            const char *error_class)
{
    g_free(client->error_class);
    client->error_class = g_strdup(error_class);
    if (call->func != NULL)
        call->func(client, result, error, call->userdata);
    qmp_call_free(call);
}

static void client_fail(QmpClient *client, QmpCall *call)
{
    g_autoptr(GError) error = g_error_copy(client->reason);
    g_prefix_error(&error, "QEMU command '%s' was not answered: ", call->command);
    client_complete(client, call, NULL, error, NULL);
}

static void unwatch(GSource **source)
{
    if (*source != NULL)
        g_source_destroy(*source);
    g_clear_pointer(source, g_source_unref);
}

/* Fails the calls there are now. Those that their callbacks make are not among them. */
static void client_fail_calls(QmpClient *client)
{
    for (guint left = client->sent.length + client->unsent.length; left > 0; left--) {
        QmpCall *call = g_queue_pop_head(&client->sent);
        if (call == NULL)
            call = g_queue_pop_head(&client->unsent);
        if (call == NULL)
            return; /* a callback freed the client, which completed the others */
        client_fail(client, call);
    }
}

static gboolean on_refuse(gpointer data)
{
    g_autoptr(QmpClientFrame) client = client_ref(data);
    unwatch(&client->refuser);
    client_fail_calls(client);
    return G_SOURCE_REMOVE;
}

/* Has the calls that were made after the end completed by the main context. */
static void client_refuse_later(QmpClient *client)
{
    if (client->refuser != NULL)
        return;
    client->refuser = g_idle_source_new();
    g_source_set_priority(client->refuser, G_PRIORITY_DEFAULT);
    g_source_set_callback(client->refuser, on_refuse, client, NULL);
    g_source_attach(client->refuser, client->context);
}

/* Ends the connection; steals @reason. */
static void client_close(QmpClient *owner, GError *reason)
{
    if (owner->state == QMP_CLIENT_CLOSED) {
        g_error_free(reason);
        return;
    }
    g_autoptr(QmpClientFrame) client = client_ref(owner);
    client->state = QMP_CLIENT_CLOSED;
    client->reason = reason;
    unwatch(&client->reader);
    unwatch(&client->writer);
    close(client->fd);
    client->fd = -1;
    client_fail_calls(client);
    if (client->handlers.closed != NULL)
        client->handlers.closed(client, client->reason, client->userdata);
}

static void client_broken(QmpClient *client, const char *what)
{
    client_close(client, g_error_new(VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID,
                                     "QEMU's monitor broke the protocol: %s", what));
}

static GSource *client_watch(QmpClient *client, GIOCondition condition, GUnixFDSourceFunc func)
{
    GSource *source = g_unix_fd_source_new(client->fd, condition);
    g_source_set_callback(source, G_SOURCE_FUNC(func), client, NULL);
    g_source_attach(source, client->context);
    return source;
}

static void on_negotiated(QmpClient *client, json_t *result, const GError *error, void *userdata);

/* The call whose bytes may be sent now: in negotiation that is qmp_capabilities alone. */
static QmpCall *client_next_unsent(QmpClient *client)
{
    QmpCall *call = g_queue_peek_head(&client->unsent);
    gboolean may =
        client->state == QMP_CLIENT_RUNNING ||
        (client->state == QMP_CLIENT_NEGOTIATING && call != NULL && call->func == on_negotiated);
    return may && client->write_error == NULL ? call : NULL;
}

/*
 * QEMU takes no more from us, but its last replies and events may still lie in the socket: let the
 * reader come to their end. Shutting down makes sure that there is one.
 */
static void client_write_failed(QmpClient *client, int errno_value)
{
    error_set_errno(&client->write_error, errno_value, "Sending to QEMU's monitor");
    (void)shutdown(client->fd, SHUT_RDWR);
}

static void client_refuse_unwritable(QmpClient *client, QmpCall *call)
{
    g_queue_remove(&client->unsent, call);
    g_autoptr(GError) error = NULL;
    error_set(&error, VGPUCTL_ERROR_INVALID,
              "QEMU command '%s': its arguments cannot be written as JSON", call->command);
    client_complete(client, call, NULL, error, NULL);
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
    g_autoptr(QmpClientFrame) client = client_ref(data);
    for (QmpCall *call; (call = client_next_unsent(client)) != NULL;) {
        if (call->text == NULL) {
            client_refuse_unwritable(client, call);
        } else if (qmp_call_send(call, client->fd)) {
            if (call->sent == call->length)
                g_queue_push_tail(&client->sent, g_queue_pop_head(&client->unsent));
        } else if (errno == EAGAIN) {
            return G_SOURCE_CONTINUE;
        } else {
            client_write_failed(client, errno);
        }
    }
    unwatch(&client->writer);
    return G_SOURCE_REMOVE;
}

static void client_start_writing(QmpClient *client)
{
    if (client->writer == NULL && client_next_unsent(client) != NULL)
        client->writer = client_watch(client, G_IO_OUT, on_writable);
}

static void on_negotiated(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    if (client->state == QMP_CLIENT_CLOSED)
        return;
    if (error != NULL) {
        client_broken(client, error->message);
        return;
    }
    client->state = QMP_CLIENT_RUNNING;
    client_start_writing(client);
}

static void client_take_greeting(QmpClient *client, json_t *greeting)
{
    if (client->state != QMP_CLIENT_GREETING) {
        client_broken(client, "a second greeting");
        return;
    }
    client->greeting = json_incref(greeting);
    client->state = QMP_CLIENT_NEGOTIATING;
    g_queue_push_head(&client->unsent,
                      client_new_call(client, "qmp_capabilities", NULL, -1, on_negotiated, NULL));
    client_start_writing(client);
}

/*
 * The call that a reply belongs to, taken off the queue. QEMU leaves the id out where it could not
 * read it; it answers in order, so that error is the oldest call's. Replies with an id that we do
 * not know are to be dropped (qmp-spec, "Commands Responses").
 */
static QmpCall *client_steal_answered(QmpClient *client, const json_t *id, gboolean is_error)
{
    if (id == NULL && is_error)
        return g_queue_pop_head(&client->sent);
    if (!json_is_number(id))
        return NULL;
    for (GList *link = client->sent.head; link != NULL; link = link->next) {
        QmpCall *call = link->data;
        if ((double)call->id == json_number_value(id)) {
            g_queue_delete_link(&client->sent, link);
            return call;
        }
    }
    return NULL;
}

static void client_take_reply(QmpClient *client, const QmpMessage *message)
{
    gboolean refused = message->kind == QMP_MESSAGE_ERROR;
    QmpCall *call = client_steal_answered(client, message->id, refused);
    if (call == NULL)
        return;
    g_autoptr(GError) error = NULL;
    if (refused)
        error_set(&error, VGPUCTL_ERROR_FAILED, "QEMU command '%s': %s", call->command,
                  message->description);
    client_complete(client, call, message->value, error, message->name);
}

static void client_take_message(QmpClient *client, const QmpMessage *message)
{
    switch (message->kind) {
    case QMP_MESSAGE_GREETING:
        client_take_greeting(client, message->value);
        break;
    case QMP_MESSAGE_EVENT:
        if (client->handlers.event != NULL)
            client->handlers.event(client, message->name, message->value, message->time_us,
                                   client->userdata);
        break;
    case QMP_MESSAGE_RETURN:
    case QMP_MESSAGE_ERROR:
        client_take_reply(client, message);
        break;
    case QMP_MESSAGE_OTHER:
        break;
    default:
        g_assert_not_reached();
    }
}

static void client_take_line(QmpClient *client, const char *text, gsize length)
{
    g_auto(QmpMessage) message = { 0 };
    g_autoptr(GError) error = NULL;
    if (qmp_message_parse(text, length, &message, &error))
        client_take_message(client, &message);
    else
        client_broken(client, error->message);
}

/* Handles the whole lines in the input; stops where a callback ends the connection. */
static void client_take_lines(QmpClient *client)
{
    gsize start = 0;
    while (client->state != QMP_CLIENT_CLOSED) {
        const guint8 *from = client->input->data + client->searched;
        const guint8 *end = memchr(from, '\n', client->input->len - client->searched);
        gsize length =
            (end != NULL ? (gsize)(end - client->input->data) : client->input->len) - start;
        if (length > client->line_limit) {
            client_broken(client, "a line longer than the limit");
            return;
        }
        if (end == NULL)
            break;
        client_take_line(client, (const char *)client->input->data + start, length);
        start += length + 1;
        client->searched = start;
    }
    g_byte_array_remove_range(client->input, 0, (guint)start);
    client->searched = client->input->len;
}

static void client_read_ended(QmpClient *client, int errno_value)
{
    GError *reason = NULL;
    if (client->write_error != NULL)
        reason = g_steal_pointer(&client->write_error);
    else if (errno_value != 0)
        error_set_errno(&reason, errno_value, "Reading from QEMU's monitor");
    else
        error_set(&reason, VGPUCTL_ERROR_FAILED, "QEMU closed its monitor connection%s",
                  client->input->len > 0 ? " in the middle of a message" : "");
    client_close(client, reason);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
    g_autoptr(QmpClientFrame) client = client_ref(data);
    guint8 chunk[READ_CHUNK];
    ssize_t n = recv(fd, chunk, sizeof chunk, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return G_SOURCE_CONTINUE;
    if (n <= 0) {
        client_read_ended(client, n < 0 ? errno : 0);
        return G_SOURCE_REMOVE;
    }
    g_byte_array_append(client->input, chunk, (guint)n);
    client_take_lines(client);
    return G_SOURCE_CONTINUE;
}

QmpClient *qmp_client_new(int fd, GMainContext *context, const QmpClientHandlers *handlers,
                          void *userdata)
{
    QmpClient *client = g_new0(QmpClient, 1);
    client->references = 1;
    client->fd = fd;
    client->context = g_main_context_ref(context != NULL ? context : g_main_context_default());
    client->input = g_byte_array_new();
    client->line_limit = QMP_CLIENT_LINE_LIMIT;
    client->next_id = 1;
    if (handlers != NULL)
        client->handlers = *handlers;
    client->userdata = userdata;
    g_queue_init(&client->unsent);
    g_queue_init(&client->sent);
    client->reader = client_watch(client, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable);
    return client;
}

void qmp_client_free(QmpClient *client)
{
    if (client == NULL)
        return;
    client->handlers = (QmpClientHandlers){ 0 };
    client_close(client, g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED,
                                             "the monitor connection was given up"));
    while (client->sent.length + client->unsent.length > 0)
        client_fail_calls(client);
    unwatch(&client->refuser);
    client_unref(client);
}

void qmp_client_call(QmpClient *client, const char *command, json_t *arguments, int fd,
                     QmpReplyFunc func, void *userdata)
{
    QmpCall *call = client_new_call(client, command, arguments, fd, func, userdata);
    g_queue_push_tail(&client->unsent, call);
    if (client->state == QMP_CLIENT_CLOSED)
        client_refuse_later(client);
    else
        client_start_writing(client);
}

QmpClientState qmp_client_state(const QmpClient *client)
{
    return client->state;
}

const json_t *qmp_client_greeting(const QmpClient *client)
{
    return client->greeting;
}

const GError *qmp_client_reason(const QmpClient *client)
{
    return client->reason;
}

const char *qmp_client_error_class(const QmpClient *client)
{
    return client->error_class;
}

GMainContext *qmp_client_context(const QmpClient *client)
{
    return client->context;
}

void qmp_client_set_line_limit(QmpClient *client, gsize limit_bytes)
{
    client->line_limit = limit_bytes;
}
