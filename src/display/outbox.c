/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/outbox.h"

#include <netinet/in.h>
#include <netinet/tcp.h>

/* Pieces for one system call. */
#define VECTORS 64

/* Bytes of a TCP connection the kernel keeps that are not on the wire yet: what lies there can not
 * be replaced by a newer picture (tcp(7), TCP_NOTSENT_LOWAT). */
#define NOT_SENT_BYTES (64 * 1024)

struct Outbox {
    GPollableOutputStream *stream; /* borrowed */
    GSocket *socket;               /* borrowed; NULL: there is none below */
    GSource *writable;             /* while the line takes nothing */
    GQueue pieces;                 /* GBytes */
    gsize offset;                  /* of the first piece that is sent already */
    gsize held_bytes;
    guint64 sent_bytes;
    gint64 refused_since_us; /* with @writable */
    gint64 refused_us;
    OutboxWrote wrote;
    gpointer userdata;
};

/* TLS lies over another stream. */
static GSocket *find_socket(GIOStream *stream)
{
    g_autoptr(GIOStream) base = NULL;
    if (G_IS_SOCKET_CONNECTION(stream))
        return g_socket_connection_get_socket(G_SOCKET_CONNECTION(stream));
    if (!G_IS_TLS_CONNECTION(stream))
        return NULL;
    g_object_get(stream, "base-io-stream", &base, NULL);
    return find_socket(base);
}

static void tune(GSocket *socket)
{
    if (socket == NULL || g_socket_get_protocol(socket) != G_SOCKET_PROTOCOL_TCP)
        return;
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, NULL);
    g_socket_set_option(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, NOT_SENT_BYTES, NULL);
}

Outbox *outbox_new(GIOStream *stream, OutboxWrote wrote, gpointer userdata)
{
    Outbox *outbox = g_new0(Outbox, 1);
    outbox->stream = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(stream));
    g_queue_init(&outbox->pieces);
    outbox->wrote = wrote;
    outbox->userdata = userdata;
    outbox->socket = find_socket(stream);
    tune(outbox->socket);
    return outbox;
}

static void stop_waiting(Outbox *outbox)
{
    if (outbox->writable == NULL)
        return;
    outbox->refused_us += g_get_monotonic_time() - outbox->refused_since_us;
    g_source_destroy(outbox->writable);
    g_clear_pointer(&outbox->writable, g_source_unref);
}

void outbox_free(Outbox *outbox)
{
    if (outbox == NULL)
        return;
    stop_waiting(outbox);
    g_queue_clear_full(&outbox->pieces, (GDestroyNotify)g_bytes_unref);
    g_free(outbox);
}

void outbox_put(Outbox *outbox, GBytes *bytes)
{
    if (g_bytes_get_size(bytes) == 0) {
        g_bytes_unref(bytes);
        return;
    }
    outbox->held_bytes += g_bytes_get_size(bytes);
    g_queue_push_tail(&outbox->pieces, bytes);
}

void outbox_put_copy(Outbox *outbox, gconstpointer bytes, gsize size)
{
    outbox_put(outbox, g_bytes_new(bytes, size));
}

static gsize fill_vectors(const Outbox *outbox, GOutputVector *vectors)
{
    gsize n = 0, offset = outbox->offset;
    for (GList *l = outbox->pieces.head; l != NULL && n < VECTORS; l = l->next, offset = 0) {
        gsize size;
        const guint8 *bytes = g_bytes_get_data(l->data, &size);
        vectors[n++] = (GOutputVector){ bytes + offset, size - offset };
    }
    return n;
}

static void drop_sent(Outbox *outbox, gsize sent)
{
    outbox->held_bytes -= sent;
    outbox->sent_bytes += sent;
    outbox->offset += sent;
    while (outbox->pieces.head != NULL) {
        gsize size = g_bytes_get_size(outbox->pieces.head->data);
        if (outbox->offset < size)
            break;
        outbox->offset -= size;
        g_bytes_unref(g_queue_pop_head(&outbox->pieces));
    }
}

/* As much as goes; nothing is left, or the line is full. */
static gboolean write_pieces(Outbox *outbox, GError **error)
{
    while (outbox->held_bytes > 0) {
        GOutputVector vectors[VECTORS];
        gsize sent = 0;
        GPollableReturn result = g_pollable_output_stream_writev_nonblocking(
            outbox->stream, vectors, fill_vectors(outbox, vectors), &sent, NULL, error);
        if (result == G_POLLABLE_RETURN_WOULD_BLOCK)
            return TRUE;
        if (result == G_POLLABLE_RETURN_FAILED)
            return FALSE;
        drop_sent(outbox, sent);
    }
    return TRUE;
}

static gboolean on_writable(GObject *stream, gpointer userdata)
{
    Outbox *outbox = userdata;
    g_autoptr(GError) error = NULL;
    gboolean again = write_pieces(outbox, &error) && outbox->held_bytes > 0;
    if (!again)
        stop_waiting(outbox);
    outbox->wrote(outbox, error, outbox->userdata);
    return again;
}

static void wait_writable(Outbox *outbox)
{
    if (outbox->writable != NULL)
        return;
    outbox->refused_since_us = g_get_monotonic_time();
    outbox->writable = g_pollable_output_stream_create_source(outbox->stream, NULL);
    g_source_set_callback(outbox->writable, G_SOURCE_FUNC(on_writable), outbox, NULL);
    g_source_attach(outbox->writable, g_main_context_get_thread_default());
}

gboolean outbox_flush(Outbox *outbox, GError **error)
{
    if (outbox->writable != NULL) /* the line is full: it says when not */
        return TRUE;
    if (!write_pieces(outbox, error))
        return FALSE;
    if (outbox->held_bytes > 0)
        wait_writable(outbox);
    return TRUE;
}

void outbox_shut(Outbox *outbox)
{
    stop_waiting(outbox);
    if (outbox->socket != NULL)
        g_socket_shutdown(outbox->socket, TRUE, TRUE, NULL);
}

gint64 outbox_take_refused_us(Outbox *outbox)
{
    gint64 refused_us = outbox->refused_us;
    outbox->refused_us = 0;
    return refused_us;
}

gsize outbox_held_bytes(const Outbox *outbox)
{
    return outbox->held_bytes;
}

guint outbox_held_pieces(const Outbox *outbox)
{
    return outbox->pieces.length;
}

guint64 outbox_sent_bytes(const Outbox *outbox)
{
    return outbox->sent_bytes;
}
