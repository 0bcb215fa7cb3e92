/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-handshake-state.h"

#include <gnutls/gnutls.h>
#include <string.h>

void handshake_unref(RfbHandshake *handshake)
{
    if (--handshake->references > 0)
        return;
    gnutls_memset(handshake->in, 0, sizeof handshake->in);
    g_clear_object(&handshake->stream);
    g_object_unref(handshake->cancellable);
    g_byte_array_unref(handshake->out);
    g_free(handshake);
}

void rfb_handshake_free(RfbHandshake *handshake)
{
    if (handshake == NULL)
        return;
    handshake->done = NULL;
    g_cancellable_cancel(handshake->cancellable);
    handshake_unref(handshake);
}

void handshake_finish(RfbHandshake *handshake, const GError *reason)
{
    RfbHandshakeDone done = g_steal_pointer(&handshake->done);
    GIOStream *stream = reason == NULL ? g_steal_pointer(&handshake->stream) : NULL;
    done(handshake, stream, reason, handshake->userdata);
}

void handshake_fail(RfbHandshake *handshake, VgpuctlError code, const char *text)
{
    g_autoptr(GError) error = NULL;
    error_set(&error, code, "%s", text);
    handshake_finish(handshake, error);
}

/* GIO has done what it had in work: FALSE when nobody is interested any more. */
gboolean handshake_resume(RfbHandshake *handshake, gboolean good, GError *failure)
{
    if (handshake->done != NULL && good)
        return TRUE;
    if (handshake->done != NULL)
        handshake_finish(handshake, failure);
    g_clear_error(&failure);
    handshake_unref(handshake);
    return FALSE;
}

static void on_read(GObject *source, GAsyncResult *result, gpointer userdata)
{
    RfbHandshake *handshake = userdata;
    GError *error = NULL;
    gsize got = 0;
    gboolean good = g_input_stream_read_all_finish(G_INPUT_STREAM(source), result, &got, &error);
    if (good && got < handshake->wanted)
        good = error_set(&error, VGPUCTL_ERROR_FAILED, "It went away within the handshake");
    if (!handshake_resume(handshake, good, error))
        return;
    handshake->next(handshake);
    handshake_unref(handshake);
}

static void read_wanted(RfbHandshake *handshake)
{
    if (handshake->wanted == 0) {
        handshake->next(handshake);
        return;
    }
    handshake->references++;
    g_input_stream_read_all_async(g_io_stream_get_input_stream(handshake->stream), handshake->in,
                                  handshake->wanted, G_PRIORITY_DEFAULT, handshake->cancellable,
                                  on_read, handshake);
}

static void on_written(GObject *source, GAsyncResult *result, gpointer userdata)
{
    RfbHandshake *handshake = userdata;
    GError *error = NULL;
    gboolean good = g_output_stream_write_all_finish(G_OUTPUT_STREAM(source), result, NULL, &error);
    if (!handshake_resume(handshake, good, error))
        return;
    g_byte_array_set_size(handshake->out, 0);
    read_wanted(handshake);
    handshake_unref(handshake);
}

/* Sends what was handshake_put, then reads exactly @n bytes, as what comes later is not for us. */
void handshake_ask(RfbHandshake *handshake, gsize n, HandshakeStep next)
{
    g_assert(n <= sizeof handshake->in);
    handshake->wanted = n;
    handshake->next = next;
    if (handshake->out->len == 0) {
        read_wanted(handshake);
        return;
    }
    handshake->references++;
    g_output_stream_write_all_async(g_io_stream_get_output_stream(handshake->stream),
                                    handshake->out->data, handshake->out->len, G_PRIORITY_DEFAULT,
                                    handshake->cancellable, on_written, handshake);
}

void handshake_put(RfbHandshake *handshake, const void *bytes, gsize n)
{
    g_byte_array_append(handshake->out, bytes, (guint)n);
}

void handshake_put8(RfbHandshake *handshake, guint8 value)
{
    handshake_put(handshake, &value, 1);
}

void handshake_put32(RfbHandshake *handshake, guint32 value)
{
    guint8 bytes[4];
    rfb_put32(bytes, value);
    handshake_put(handshake, bytes, sizeof bytes);
}

void handshake_put_text(RfbHandshake *handshake, const char *text)
{
    handshake_put32(handshake, (guint32)strlen(text));
    handshake_put(handshake, text, strlen(text));
}

void handshake_let_in(RfbHandshake *handshake)
{
    handshake_finish(handshake, NULL);
}

static void step_refused(RfbHandshake *handshake)
{
    handshake_fail(handshake, VGPUCTL_ERROR_REFUSED, handshake->spec.refusal);
}

/* Its reason came with 3.8. */
void handshake_give_result(RfbHandshake *handshake, const char *reason, HandshakeStep next)
{
    handshake_put32(handshake, reason == NULL ? RFB_RESULT_OK : RFB_RESULT_FAILED);
    if (reason != NULL && handshake->minor >= 8)
        handshake_put_text(handshake, reason);
    handshake_ask(handshake, 0, next);
}

/* Security types. */

static RfbSecurityType offered_type(const RfbHandshake *handshake)
{
    const RfbSecurity *security = handshake->spec.security;
    return security != NULL && security->certificate != NULL ? RFB_SECURITY_VENCRYPT
                                                             : RFB_SECURITY_NONE;
}

static void step_chosen(RfbHandshake *handshake)
{
    if (handshake->in[0] != offered_type(handshake))
        handshake_fail(handshake, VGPUCTL_ERROR_INVALID,
                       "It chose a security type that was not offered");
    else if (offered_type(handshake) == RFB_SECURITY_VENCRYPT)
        handshake_start_vencrypt(handshake);
    else if (handshake->minor >= 8)
        handshake_give_result(handshake, NULL, handshake_let_in);
    else
        handshake_finish(handshake, NULL);
}

static void refuse(RfbHandshake *handshake)
{
    if (handshake->minor >= 7)
        handshake_put8(handshake, 0);
    else
        handshake_put32(handshake, RFB_SECURITY_INVALID);
    handshake_put_text(handshake, handshake->spec.refusal);
    handshake_ask(handshake, 0, step_refused);
}

/* 3.3: the server says which one it is. */
static void dictate(RfbHandshake *handshake)
{
    if (offered_type(handshake) != RFB_SECURITY_NONE) {
        handshake->spec.refusal = "This server needs a viewer that knows RFB 3.7 and VeNCrypt";
        refuse(handshake);
        return;
    }
    handshake_put32(handshake, RFB_SECURITY_NONE);
    handshake_ask(handshake, 0, handshake_let_in);
}

/* Who says another number below 3.7 is to be taken for 3.3 (RFC 6143, 7.1.1). */
static int read_minor(const guint8 version[RFB_VERSION_BYTES])
{
    if (memcmp(version, "RFB 003.", 8) != 0 || version[11] != '\n')
        return -1;
    for (int i = 8; i < 11; i++)
        if (!g_ascii_isdigit(version[i]))
            return -1;
    int minor = (version[8] - '0') * 100 + (version[9] - '0') * 10 + version[10] - '0';
    return minor >= 8 ? 8 : minor == 7 ? 7 : 3;
}

static void step_version(RfbHandshake *handshake)
{
    handshake->minor = read_minor(handshake->in);
    if (handshake->minor < 0) {
        handshake_fail(handshake, VGPUCTL_ERROR_INVALID, "It does not speak RFB");
    } else if (handshake->spec.refusal != NULL) {
        refuse(handshake);
    } else if (handshake->minor < 7) {
        dictate(handshake);
    } else {
        const guint8 list[] = { 1, (guint8)offered_type(handshake) };
        handshake_put(handshake, list, sizeof list);
        handshake_ask(handshake, 1, step_chosen);
    }
}

RfbHandshake *rfb_handshake_new(const RfbHandshakeSpec *spec, GSocketConnection *connection,
                                RfbHandshakeDone done, gpointer userdata)
{
    RfbHandshake *handshake = g_new0(RfbHandshake, 1);
    handshake->spec = *spec;
    handshake->done = done;
    handshake->userdata = userdata;
    handshake->references = 1;
    handshake->stream = g_object_ref(G_IO_STREAM(connection));
    handshake->cancellable = g_cancellable_new();
    handshake->out = g_byte_array_new();
    handshake_put(handshake, "RFB 003.008\n", RFB_VERSION_BYTES);
    handshake_ask(handshake, RFB_VERSION_BYTES, step_version);
    return handshake;
}
