/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The connection of a browser, as libsoup gets it. It counts what was really written: libsoup's
 * WebSocket queues without limit and tells nobody when its queue is empty; with the count, who
 * feeds it knows how much waits (web-bridge.h). And it ends when what comes does not begin with a
 * short method: libsoup 3.2 forgets the method of a request whose other words are wrong
 * (soup_headers_parse_request), which would be memory for anybody to take.
 */
#pragma once

#include <gio/gio.h>

#define WEB_STREAM_METHOD 8 /* letters; OPTIONS is the longest of HTTP's */

#define WEB_TYPE_STREAM (web_stream_get_type())
G_DECLARE_FINAL_TYPE(WebStream, web_stream, WEB, STREAM, GIOStream)

/* @base: with or without TLS; its streams must be pollable. */
WebStream *web_stream_new(GIOStream *base);

/* The stream below @stream, which may be libsoup's wrapper of one; borrowed, or NULL. */
WebStream *web_stream_find(GIOStream *stream);

/* Bytes that the kernel, or TLS, has taken. */
guint64 web_stream_written(WebStream *stream);

/* Calls @written after each write; NULL: no more. */
typedef void (*WebStreamWritten)(gpointer userdata);
void web_stream_watch(WebStream *stream, WebStreamWritten written, gpointer userdata);
