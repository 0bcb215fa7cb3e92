/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-stream.h"

#define WEB_TYPE_INPUT (web_input_get_type())
G_DECLARE_FINAL_TYPE(WebInput, web_input, WEB, INPUT, GFilterInputStream)

#define WEB_TYPE_OUTPUT (web_output_get_type())
G_DECLARE_FINAL_TYPE(WebOutput, web_output, WEB, OUTPUT, GFilterOutputStream)

struct _WebStream {
    GIOStream parent;
    GIOStream *base;
    WebInput *input;
    WebOutput *output;
    guint64 written;
    WebStreamWritten notify;
    gpointer userdata;
};

struct _WebInput {
    GFilterInputStream parent;
    guint method; /* letters of it that came */
    gboolean is_http;
};

struct _WebOutput {
    GFilterOutputStream parent;
    WebStream *stream; /* NULL: it has gone */
};

static void readable_init(GPollableInputStreamInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE(WebInput, web_input, G_TYPE_FILTER_INPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_INPUT_STREAM, readable_init))
static void pollable_init(GPollableOutputStreamInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE(WebOutput, web_output, G_TYPE_FILTER_OUTPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))
G_DEFINE_FINAL_TYPE(WebStream, web_stream, G_TYPE_IO_STREAM)

static GInputStream *base_input(gpointer input)
{
    return g_filter_input_stream_get_base_stream(G_FILTER_INPUT_STREAM(input));
}

/* Whether it begins with a method, as far as it came: @length (-1: none) as it was, or -1. */
static gssize look(WebInput *input, const char *data, gssize length, GError **error)
{
    for (gssize i = 0; i < length && !input->is_http; i++) {
        input->is_http = data[i] == ' ' && input->method > 0;
        if (!input->is_http && (!g_ascii_isupper(data[i]) || ++input->method > WEB_STREAM_METHOD)) {
            g_set_error_literal(error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, "This is no HTTP");
            return -1;
        }
    }
    return length;
}

static gssize input_read(GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable,
                         GError **error)
{
    gssize length = g_input_stream_read(base_input(stream), buffer, size, cancellable, error);
    return look(WEB_INPUT(stream), buffer, length, error);
}

static gssize input_read_nonblocking(GPollableInputStream *stream, void *buffer, gsize size,
                                     GError **error)
{
    GPollableInputStream *base = G_POLLABLE_INPUT_STREAM(base_input(stream));
    gssize length = g_pollable_input_stream_read_nonblocking(base, buffer, size,
                                                             /* cancellable= */ NULL, error);
    return look(WEB_INPUT(stream), buffer, length, error);
}

static gboolean input_is_readable(GPollableInputStream *stream)
{
    return g_pollable_input_stream_is_readable(G_POLLABLE_INPUT_STREAM(base_input(stream)));
}

static GSource *input_create_source(GPollableInputStream *stream, GCancellable *cancellable)
{
    GPollableInputStream *base = G_POLLABLE_INPUT_STREAM(base_input(stream));
    g_autoptr(GSource) source = g_pollable_input_stream_create_source(base, cancellable);
    return g_pollable_source_new_full(stream, source, cancellable);
}

static void readable_init(GPollableInputStreamInterface *interface)
{
    interface->is_readable = input_is_readable;
    interface->create_source = input_create_source;
    interface->read_nonblocking = input_read_nonblocking;
}

static void web_input_class_init(WebInputClass *class)
{
    G_INPUT_STREAM_CLASS(class)->read_fn = input_read;
}

static void web_input_init(WebInput *input)
{
}

static GOutputStream *base_output(gpointer output)
{
    return g_filter_output_stream_get_base_stream(G_FILTER_OUTPUT_STREAM(output));
}

static gssize count(WebOutput *output, gssize written)
{
    WebStream *stream = output->stream;
    if (stream != NULL && written > 0) {
        stream->written += (guint64)written;
        if (stream->notify != NULL)
            stream->notify(stream->userdata);
    }
    return written;
}

static gssize output_write(GOutputStream *stream, const void *buffer, gsize size,
                           GCancellable *cancellable, GError **error)
{
    return count(WEB_OUTPUT(stream),
                 g_output_stream_write(base_output(stream), buffer, size, cancellable, error));
}

static gssize output_write_nonblocking(GPollableOutputStream *stream, const void *buffer,
                                       gsize size, GError **error)
{
    GPollableOutputStream *base = G_POLLABLE_OUTPUT_STREAM(base_output(stream));
    return count(WEB_OUTPUT(stream), g_pollable_output_stream_write_nonblocking(
                                         base, buffer, size, /* cancellable= */ NULL, error));
}

static gboolean output_is_writable(GPollableOutputStream *stream)
{
    return g_pollable_output_stream_is_writable(G_POLLABLE_OUTPUT_STREAM(base_output(stream)));
}

static GSource *output_create_source(GPollableOutputStream *stream, GCancellable *cancellable)
{
    GPollableOutputStream *base = G_POLLABLE_OUTPUT_STREAM(base_output(stream));
    g_autoptr(GSource) source = g_pollable_output_stream_create_source(base, cancellable);
    return g_pollable_source_new_full(stream, source, cancellable);
}

static void pollable_init(GPollableOutputStreamInterface *interface)
{
    interface->is_writable = output_is_writable;
    interface->create_source = output_create_source;
    interface->write_nonblocking = output_write_nonblocking;
}

static void web_output_class_init(WebOutputClass *class)
{
    G_OUTPUT_STREAM_CLASS(class)->write_fn = output_write;
}

static void web_output_init(WebOutput *output)
{
}

static GInputStream *stream_input(GIOStream *stream)
{
    return G_INPUT_STREAM(WEB_STREAM(stream)->input);
}

static GOutputStream *stream_output(GIOStream *stream)
{
    return G_OUTPUT_STREAM(WEB_STREAM(stream)->output);
}

static gboolean stream_close(GIOStream *stream, GCancellable *cancellable, GError **error)
{
    return g_io_stream_close(WEB_STREAM(stream)->base, cancellable, error);
}

static void stream_dispose(GObject *object)
{
    WebStream *stream = WEB_STREAM(object);
    stream->notify = NULL;
    if (stream->output != NULL)
        stream->output->stream = NULL;
    if (stream->base != NULL)
        G_OBJECT_CLASS(web_stream_parent_class)->dispose(object); /* closes */
    g_clear_object(&stream->input);
    g_clear_object(&stream->output);
    g_clear_object(&stream->base);
}

static void web_stream_class_init(WebStreamClass *class)
{
    G_OBJECT_CLASS(class)->dispose = stream_dispose;
    GIOStreamClass *stream_class = G_IO_STREAM_CLASS(class);
    stream_class->get_input_stream = stream_input;
    stream_class->get_output_stream = stream_output;
    stream_class->close_fn = stream_close;
}

static void web_stream_init(WebStream *stream)
{
}

WebStream *web_stream_new(GIOStream *base)
{
    WebStream *stream = g_object_new(WEB_TYPE_STREAM, NULL);
    stream->base = g_object_ref(base);
    /* the streams below are closed by close_fn, as one */
    stream->input = g_object_new(WEB_TYPE_INPUT, "base-stream", g_io_stream_get_input_stream(base),
                                 "close-base-stream", FALSE, NULL);
    stream->output =
        g_object_new(WEB_TYPE_OUTPUT, "base-stream", g_io_stream_get_output_stream(base),
                     "close-base-stream", FALSE, NULL);
    stream->output->stream = stream;
    return stream;
}

WebStream *web_stream_find(GIOStream *stream)
{
    GOutputStream *output = g_io_stream_get_output_stream(stream);
    return WEB_IS_OUTPUT(output) ? WEB_OUTPUT(output)->stream : NULL;
}

guint64 web_stream_written(WebStream *stream)
{
    return stream->written;
}

void web_stream_watch(WebStream *stream, WebStreamWritten written, gpointer userdata)
{
    stream->notify = written;
    stream->userdata = userdata;
}
