/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-handshake-state.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

/* Passwords. */

static void step_wrong(RfbHandshake *handshake)
{
    handshake_fail(handshake, VGPUCTL_ERROR_ACCESS, "The password was wrong");
}

static void step_too_often(RfbHandshake *handshake)
{
    handshake_fail(handshake, VGPUCTL_ERROR_ACCESS, "Too many wrong passwords came from there");
}

static gboolean may_try(const RfbHandshake *handshake)
{
    return handshake->spec.tries == NULL ||
           rfb_tries_may(handshake->spec.tries, handshake->spec.place, g_get_monotonic_time());
}

static void judge(RfbHandshake *handshake, gboolean right)
{
    /* asked before the answer is told: a guesser learns nothing while it is not listened to */
    if (!may_try(handshake)) {
        handshake_give_result(handshake, "Too many wrong passwords: wait some minutes",
                              step_too_often);
        return;
    }
    if (right && handshake->spec.tries != NULL)
        rfb_tries_right(handshake->spec.tries, handshake->spec.place);
    else if (handshake->spec.tries != NULL)
        rfb_tries_wrong(handshake->spec.tries, handshake->spec.place, g_get_monotonic_time());
    if (right)
        handshake_give_result(handshake, NULL, handshake_let_in);
    else
        handshake_give_result(handshake, "Wrong password", step_wrong);
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
        handshake_fail(handshake, VGPUCTL_ERROR_FAILED, "GnuTLS has no random numbers");
        return;
    }
    handshake_put(handshake, handshake->challenge, RFB_CHALLENGE_BYTES);
    handshake_ask(handshake, RFB_CHALLENGE_BYTES, step_vnc_answer);
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
    if (user > HANDSHAKE_NAME_LIMIT || password > HANDSHAKE_NAME_LIMIT) {
        handshake_fail(handshake, VGPUCTL_ERROR_INVALID, "Its name or password is too long");
        return;
    }
    handshake->user_length = user;
    handshake->password_length = password;
    handshake_ask(handshake, user + password, step_plain);
}

static void start_plain(RfbHandshake *handshake)
{
    handshake_ask(handshake, 8, step_plain_lengths);
}

/* VeNCrypt 0.2, as rfbproto.rst has it. */

static const struct {
    RfbVencryptType type;
    HandshakeStep start;
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
    if (!handshake_resume(handshake, good, error))
        return;
    handshake->after_tls(handshake);
    handshake_unref(handshake);
}

static void step_tls(RfbHandshake *handshake)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GIOStream) plain = g_steal_pointer(&handshake->stream);
    handshake->stream =
        g_tls_server_connection_new(plain, handshake->spec.security->certificate, &error);
    if (handshake->stream == NULL) {
        handshake_finish(handshake, error);
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
            handshake_put8(handshake, 1);
            handshake_ask(handshake, 0, step_tls);
            return;
        }
    handshake_fail(handshake, VGPUCTL_ERROR_INVALID,
                   "It chose a kind of VeNCrypt that was not offered");
}

static void step_vencrypt_version(RfbHandshake *handshake)
{
    if (handshake->in[0] != 0 || handshake->in[1] != 2) {
        handshake_fail(handshake, VGPUCTL_ERROR_INVALID, "It does not know VeNCrypt 0.2");
        return;
    }
    handshake_put8(handshake, 0);
    guint8 n = 0;
    for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++)
        n += is_offered(handshake, subtypes[i].type);
    handshake_put8(handshake, n);
    for (gsize i = 0; i < G_N_ELEMENTS(subtypes); i++)
        if (is_offered(handshake, subtypes[i].type))
            handshake_put32(handshake, subtypes[i].type);
    handshake_ask(handshake, 4, step_subtype);
}

void handshake_start_vencrypt(RfbHandshake *handshake)
{
    handshake_put(handshake, "\0\2", 2);
    handshake_ask(handshake, 2, step_vencrypt_version);
}
