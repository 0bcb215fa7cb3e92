/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/web-stream.h"

#define WEB_TYPE_OUTPUT (web_output_get_type())
G_DECLARE_FINAL_TYPE(WebOutput, web_output, WEB, OUTPUT, GFilterOutputStream)

struct _WebStream {
    GIOStream parent;
    GIOStream *base;
    WebOutput *output;
    guint64 written;
    WebStreamWritten notify;
    gpointer userdata;
};

struct _WebOutput {
    GFilterOutputStream parent;
    WebStream *stream; /* NULL: it has gone */
};

static void pollable_init(GPollableOutputStreamInterface *interface);
G_DEFINE_FINAL_TYPE_WITH_CODE(WebOutput, web_output, G_TYPE_FILTER_OUTPUT_STREAM,
                              G_IMPLEMENT_INTERFACE(G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))
G_DEFINE_FINAL_TYPE(WebStream, web_stream, G_TYPE_IO_STREAM)

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
    return g_io_stream_get_input_stream(WEB_STREAM(stream)->base);
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
