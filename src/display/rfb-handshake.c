/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-handshake.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/error.h"
#include "display/rfb-wire.h"

#define NAME_LIMIT 256 /* X509Plain: of a user, and of a password */

typedef void (*Step)(RfbHandshake *handshake);

struct RfbHandshake {
    RfbHandshakeSpec spec;
    RfbHandshakeDone done; /* NULL: freed, waiting for what GIO still has in work */
    gpointer userdata;
    guint references;  /* of the owner, and one for what GIO has in work */
    GIOStream *stream; /* owned: the connection, later TLS on it */
    GCancellable *cancellable;
    int minor; /* of the version, 3, 7 or 8 */
    GByteArray *out;
    guint8 in[2 * NAME_LIMIT];
    gsize wanted; /* bytes of it */
    Step next;    /* when they are there */
    Step after_tls;
    guint8 challenge[RFB_CHALLENGE_BYTES];
    gsize user_length, password_length;
};

static void unref(RfbHandshake *handshake)
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
    unref(handshake);
}

static void finish(RfbHandshake *handshake, const GError *reason)
{
    RfbHandshakeDone done = g_steal_pointer(&handshake->done);
    GIOStream *stream = reason == NULL ? g_steal_pointer(&handshake->stream) : NULL;
    done(handshake, stream, reason, handshake->userdata);
}

static void fail(RfbHandshake *handshake, VgpuctlError code, const char *text)
{
    g_autoptr(GError) error = NULL;
    error_set(&error, code, "%s", text);
    finish(handshake, error);
}

/* GIO has done what it had in work: FALSE when nobody is interested any more. */
static gboolean resume(RfbHandshake *handshake, gboolean good, GError *failure)
{
    if (handshake->done != NULL && good)
        return TRUE;
    if (handshake->done != NULL)
        finish(handshake, failure);
    g_clear_error(&failure);
    unref(handshake);
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
    if (!resume(handshake, good, error))
        return;
    handshake->next(handshake);
    unref(handshake);
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
    if (!resume(handshake, good, error))
        return;
    g_byte_array_set_size(handshake->out, 0);
    read_wanted(handshake);
    unref(handshake);
}

/* Sends what was put, then reads exactly @n bytes, as what comes later is not for us. */
static void ask(RfbHandshake *handshake, gsize n, Step next)
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

static void put(RfbHandshake *handshake, const void *bytes, gsize n)
{
    g_byte_array_append(handshake->out, bytes, (guint)n);
}

static void put8(RfbHandshake *handshake, guint8 value)
{
    put(handshake, &value, 1);
}

static void put32(RfbHandshake *handshake, guint32 value)
{
    guint8 bytes[4];
    rfb_put32(bytes, value);
    put(handshake, bytes, sizeof bytes);
}

static void put_text(RfbHandshake *handshake, const char *text)
{
    put32(handshake, (guint32)strlen(text));
    put(handshake, text, strlen(text));
}

static void step_done(RfbHandshake *handshake)
{
    finish(handshake, NULL);
}

static void step_refused(RfbHandshake *handshake)
{
    fail(handshake, VGPUCTL_ERROR_REFUSED, handshake->spec.refusal);
}

static void step_wrong(RfbHandshake *handshake)
{
    fail(handshake, VGPUCTL_ERROR_ACCESS, "The password was wrong");
}

static void step_too_often(RfbHandshake *handshake)
{
    fail(handshake, VGPUCTL_ERROR_ACCESS, "Too many wrong passwords came from there");
}

/* SecurityResult; its reason came with 3.8. */
static void give_result(RfbHandshake *handshake, const char *reason, Step next)
{
    put32(handshake, reason == NULL ? RFB_RESULT_OK : RFB_RESULT_FAILED);
    if (reason != NULL && handshake->minor >= 8)
        put_text(handshake, reason);
    ask(handshake, 0, next);
}

/* Passwords. */

static gboolean may_try(const RfbHandshake *handshake)
{
    return handshake->spec.tries == NULL ||
           rfb_tries_may(handshake->spec.tries, handshake->spec.place, g_get_monotonic_time());
}

static void judge(RfbHandshake *handshake, gboolean right)
{
    /* asked before the answer is told: a guesser learns nothing while it is not listened to */
    if (!may_try(handshake)) {
        give_result(handshake, "Too many wrong passwords: wait some minutes", step_too_often);
        return;
    }
    if (right && handshake->spec.tries != NULL)
        rfb_tries_right(handshake->spec.tries, handshake->spec.place);
    else if (handshake->spec.tries != NULL)
        rfb_tries_wrong(handshake->spec.tries, handshake->spec.place, g_get_monotonic_time());
    if (right)
        give_result(handshake, NULL, step_done);
    else
        give_result(handshake, "Wrong password", step_wrong);
}

static void step_vnc_answer(RfbHandshake *handshake)
{
    guint8 answer[RFB_CHALLENGE_BYTES];
    gboolean right =
        rfb_vnc_answer(handshake->spec.security->password, handshake->challenge, answer, NULL) &&
        rfb_secrets_equal(answer, sizeof answer, handshake->in, sizeof answer);
    judge(handshake, right);
}

static void start_vnc(RfbHandshake *handshake)
{
    if (gnutls_rnd(GNUTLS_RND_NONCE, handshake->challenge, RFB_CHALLENGE_BYTES) < 0) {
        fail(handshake, VGPUCTL_ERROR_FAILED, "GnuTLS has no random numbers");
        return;
    }
    put(handshake, handshake->challenge, RFB_CHALLENGE_BYTES);
    ask(handshake, RFB_CHALLENGE_BYTES, step_vnc_answer);
}

/* Any name of a user is good: the screen has one password. */
static void step_plain(RfbHandshake *handshake)
{
    const char *password = handshake->spec.security->password;
    gboolean right = rfb_secrets_equal(handshake->in + handshake->user_length,
                                       handshake->password_length, password, strlen(password));
    gnutls_memset(handshake->in, 0, sizeof handshake->in);
    judge(handshake, right);
}

static void step_plain_lengths(RfbHandshake *handshake)
{
    guint32 user = rfb_get32(handshake->in), password = rfb_get32(handshake->in + 4);
    if (user > NAME_LIMIT || password > NAME_LIMIT) {
        fail(handshake, VGPUCTL_ERROR_INVALID, "Its name or password is too long");
        return;
    }
    handshake->user_length = user;
    handshake->password_length = password;
    ask(handshake, user + password, step_plain);
}

static void start_plain(RfbHandshake *handshake)
{
    ask(handshake, 8, step_plain_lengths);
}

/* VeNCrypt 0.2, as rfbproto.rst has it. */

static const struct {
    RfbVencryptType type;
    Step start;
} subtypes[] = {
    { RFB_VENCRYPT_X509_VNC, start_vnc },
    { RFB_VENCRYPT_X509_PLAIN, start_plain },
};

/* What looks at eight bytes of a password would make a longer one weaker than its user thinks. */
static gboolean is_offered(const RfbHandshake *handshake, RfbVencryptType type)
{
    return type != RFB_VENCRYPT_X509_VNC ||
           strlen(handshake->spec.security->password) <= RFB_VNC_PASSWORD_BYTES;
}

static void on_tls(GObject *source, GAsyncResult *result, gpointer userdata)
{
    RfbHandshake *handshake = userdata;
    GError *error = NULL;
    gboolean good = g_tls_connection_handshake_finish(G_TLS_CONNECTION(source), result, &error);
    if (!good)
        g_prefix_error(&error, "TLS: ");
    if (!resume(handshake, good, error))
        return;
    handshake->after_tls(handshake);
    unref(handshake);
}

static void step_tls(RfbHandshake *handshake)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GIOStream) plain = g_steal_pointer(&handshake->stream);
    handshake->stream =
        g_tls_server_connection_new(plain, handshake->spec.security->certificate, &error);
    if (handshake->stream == NULL) {
        finish(handshake, error);
        return;
    }
    /* viewers just close the socket: every message says itself where it ends */
    g_tls_connection_set_require_close_notify(G_TLS_CONNECTION(handshake->stream), FALSE);
    handshake->references++;
    g_tls_connection_handshake_async(G_TLS_CONNECTION(handshake->stream), G_PRIORITY_DEFAULT,
                                     handshake->cancellable, on_tls, handshake);
}

static void step_subtype(RfbHandshake *handshake)
{
    guint32 chosen = rfb_get32(handshake->in);
    for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++)
        if (subtypes[i].type == chosen && is_offered(handshake, chosen)) {
            handshake->after_tls = subtypes[i].start;
            put8(handshake, 1);
            ask(handshake, 0, step_tls);
            return;
        }
    fail(handshake, VGPUCTL_ERROR_INVALID, "It chose a kind of VeNCrypt that was not offered");
}

static void step_vencrypt_version(RfbHandshake *handshake)
{
    if (handshake->in[0] != 0 || handshake->in[1] != 2) {
        fail(handshake, VGPUCTL_ERROR_INVALID, "It does not know VeNCrypt 0.2");
        return;
    }
    put8(handshake, 0);
    guint8 n = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++)
        n += is_offered(handshake, subtypes[i].type);
    put8(handshake, n);
    for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++)
        if (is_offered(handshake, subtypes[i].type))
            put32(handshake, subtypes[i].type);
    ask(handshake, 4, step_subtype);
}

static void start_vencrypt(RfbHandshake *handshake)
{
    put(handshake, "\0\2", 2);
    ask(handshake, 2, step_vencrypt_version);
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
        fail(handshake, VGPUCTL_ERROR_INVALID, "It chose a security type that was not offered");
    else if (offered_type(handshake) == RFB_SECURITY_VENCRYPT)
        start_vencrypt(handshake);
    else if (handshake->minor >= 8)
        give_result(handshake, NULL, step_done);
    else
        finish(handshake, NULL);
}

static void refuse(RfbHandshake *handshake)
{
    if (handshake->minor >= 7)
        put8(handshake, 0);
    else
        put32(handshake, RFB_SECURITY_INVALID);
    put_text(handshake, handshake->spec.refusal);
    ask(handshake, 0, step_refused);
}

/* 3.3: the server says which one it is. */
static void dictate(RfbHandshake *handshake)
{
    if (offered_type(handshake) != RFB_SECURITY_NONE) {
        handshake->spec.refusal = "This server needs a viewer that knows RFB 3.7 and VeNCrypt";
        refuse(handshake);
        return;
    }
    put32(handshake, RFB_SECURITY_NONE);
    ask(handshake, 0, step_done);
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
        fail(handshake, VGPUCTL_ERROR_INVALID, "It does not speak RFB");
    } else if (handshake->spec.refusal != NULL) {
        refuse(handshake);
    } else if (handshake->minor < 7) {
        dictate(handshake);
    } else {
        const guint8 list[] = { 1, (guint8)offered_type(handshake) };
        put(handshake, list, sizeof list);
        ask(handshake, 1, step_chosen);
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
    put(handshake, "RFB 003.008\n", RFB_VERSION_BYTES);
    ask(handshake, RFB_VERSION_BYTES, step_version);
    return handshake;
}
