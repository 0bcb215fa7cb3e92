/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What waits to be sent to one viewer. Nothing is copied: pieces are references, and as many as
 * the line takes go with one call. Lives in the main context and never blocks.
 */
#pragma once

#include <gio/gio.h>

typedef struct Outbox Outbox;

/* The line took something, or failed; called from the main loop. */
typedef void (*OutboxWrote)(Outbox *outbox, const GError *error, gpointer userdata);

/* To the output stream of @stream, which must be pollable and live longer. */
Outbox *outbox_new(GIOStream *stream, OutboxWrote wrote, gpointer userdata);
void outbox_free(Outbox *outbox);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Outbox, outbox_free)

/* Appends @bytes, which are taken over. Empty ones are none. */
void outbox_put(Outbox *outbox, GBytes *bytes);
void outbox_put_copy(Outbox *outbox, gconstpointer bytes, gsize size);

/* Sends what the line takes now, the rest when it can. FALSE with @error set when it is broken. */
gboolean outbox_flush(Outbox *outbox, GError **error);

/* Ends the connection below: to close the stream, a TLS one too, waits for nobody then. */
void outbox_shut(Outbox *outbox);

/* For how long the line took nothing, since the last question. */
gint64 outbox_take_refused_us(Outbox *outbox);

gsize outbox_held_bytes(const Outbox *outbox);
guint outbox_held_pieces(const Outbox *outbox);
guint64 outbox_sent_bytes(const Outbox *outbox);
