/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/rfb-handshake.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "display/rfb-wire.h"
#include "display/tls-certificate.h"

/*
 * The viewer is a thread that says and hears bytes as its script has it; the server runs in the
 * main loop of the test.
 */
typedef struct {
    GIOStream *stream;
    const char *password; /* for the answer to a challenge */
    gboolean (*script)(GIOStream **stream, const char *password);
    gboolean good; /* heard what the script expects */
} Peer;

static gboolean say(GIOStream *stream, const void *bytes, gsize n)
{
    return g_output_stream_write_all(g_io_stream_get_output_stream(stream), bytes, n, NULL, NULL,
                                     NULL);
}

static gboolean hear(GIOStream *stream, const void *bytes, gsize n)
{
    guint8 heard[256];
    gsize got = 0;
    g_assert(n <= sizeof heard);
    return g_input_stream_read_all(g_io_stream_get_input_stream(stream), heard, n, &got, NULL,
                                   NULL) &&
           got == n && memcmp(heard, bytes, n) == 0;
}

#define SAY(bytes) say(*stream, bytes, sizeof(bytes) - 1)
#define HEAR(bytes) hear(*stream, bytes, sizeof(bytes) - 1)

static gpointer run_viewer(gpointer data)
{
    Peer *viewer = data;
    viewer->good = viewer->script(&viewer->stream, viewer->password);
    /* so that a server that wants more does not wait for ever */
    if (viewer->good)
        say(viewer->stream, "!", 1);
    else
        g_io_stream_close(viewer->stream, NULL, NULL);
    return NULL;
}

/* What became of it, in the server. */
typedef struct {
    GMainLoop *loop;
    GIOStream *stream;
    GError *reason;
    guint calls;
} End;

static void on_done(RfbHandshake *handshake, GIOStream *stream, const GError *reason,
                    gpointer userdata)
{
    End *end = userdata;
    g_assert_true((stream == NULL) == (reason != NULL));
    end->calls++;
    end->stream = stream;
    end->reason = reason != NULL ? g_error_copy(reason) : NULL;
    g_main_loop_quit(end->loop);
}

static GSocketConnection *connection_of(int fd)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, &error);
    g_assert_no_error(error);
    return g_socket_connection_factory_create_connection(socket);
}

/* Both ends, until the handshake is done. TRUE when the viewer heard what it expects. */
static gboolean play(const RfbHandshakeSpec *spec, Peer *viewer, End *end)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    viewer->stream = G_IO_STREAM(connection_of(pair[0]));
    g_autoptr(GSocketConnection) connection = connection_of(pair[1]);
    *end = (End){ .loop = g_main_loop_new(NULL, FALSE) };
    GThread *thread = g_thread_new("viewer", run_viewer, viewer);
    RfbHandshake *handshake = rfb_handshake_new(spec, connection, on_done, end);
    g_main_loop_run(end->loop);
    rfb_handshake_free(handshake);
    if (end->stream == NULL)
        g_clear_object(&connection); /* nobody holds it but us */
    g_thread_join(thread);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    g_assert_cmpuint(end->calls, ==, 1);
    g_main_loop_unref(end->loop);
    return viewer->good;
}

static void forget(Peer *viewer, End *end)
{
    g_clear_object(&end->stream);
    g_clear_error(&end->reason);
    g_clear_object(&viewer->stream);
}

/* The next byte on the server's stream is the one that the viewer sent after the handshake. */
static void expect_let_in(const RfbHandshakeSpec *spec, Peer *viewer)
{
    End end;
    g_assert_true(play(spec, viewer, &end));
    g_assert_no_error(end.reason);
    guint8 next = 0;
    g_assert_cmpint(
        g_input_stream_read(g_io_stream_get_input_stream(end.stream), &next, 1, NULL, NULL), ==, 1);
    g_assert_cmpint(next, ==, '!');
    forget(viewer, &end);
}

static void expect_turned_away(const RfbHandshakeSpec *spec, Peer *viewer, const char *reason)
{
    End end;
    g_assert_true(play(spec, viewer, &end));
    g_assert_nonnull(end.reason);
    g_test_message("%s", end.reason->message);
    g_assert_true(g_str_has_prefix(end.reason->message, reason));
    forget(viewer, &end);
}

/* Without security. */

static gboolean none_3_8(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.008\n") && HEAR("\1\1") && SAY("\1") &&
           HEAR("\0\0\0\0");
}

static gboolean none_3_7(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.007\n") && HEAR("\1\1") && SAY("\1");
}

static gboolean none_3_3(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.003\n") && HEAR("\0\0\0\1");
}

static gboolean none_3_5(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.005\n") && HEAR("\0\0\0\1");
}

static gboolean none_apple(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.889\n") && HEAR("\1\1") && SAY("\1") &&
           HEAR("\0\0\0\0");
}

static void test_none(void)
{
    gboolean (*const scripts[])(GIOStream **, const char *) = { none_3_8, none_3_7, none_3_3,
                                                                none_3_5, none_apple };
    for (gsize i = 0; i < G_N_ELEMENTS(scripts); i++) {
        const RfbHandshakeSpec spec = { 0 };
        Peer viewer = { .script = scripts[i] };
        expect_let_in(&spec, &viewer);
    }
}

static gboolean no_rfb(GIOStream **stream, const char *password)
{
    return SAY("GET / HTTP/1.1\r\n\r\n");
}

static gboolean goes_away(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 00") && g_io_stream_close(*stream, NULL, NULL);
}

static gboolean chooses_vnc(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.008\n") && HEAR("\1\1") && SAY("\2");
}

static void test_broken(void)
{
    const RfbHandshakeSpec spec = { 0 };
    Peer http = { .script = no_rfb }, half = { .script = goes_away },
         other = { .script = chooses_vnc };
    expect_turned_away(&spec, &http, "It does not speak RFB");
    expect_turned_away(&spec, &half, "It went away");
    expect_turned_away(&spec, &other, "It chose a security type that was not offered");
}

static gboolean refused_3_8(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.008\n") && HEAR("\0\0\0\0\4full");
}

static gboolean refused_3_3(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.003\n") && HEAR("\0\0\0\0\0\0\0\4full");
}

static void test_refusal(void)
{
    const RfbHandshakeSpec spec = { .refusal = "full" };
    Peer new = { .script = refused_3_8 }, old = { .script = refused_3_3 };
    expect_turned_away(&spec, &new, "full");
    expect_turned_away(&spec, &old, "full");
}

/* VeNCrypt. */

typedef struct {
    char *directory;
    RfbSecurity security;
} Secure;

/* FALSE: no TLS here. */
static gboolean secure_init(Secure *secure, const char *password)
{
    g_autoptr(GError) error = NULL;
    secure->directory = g_dir_make_tmp("vgpuctl-handshake-XXXXXX", &error);
    g_assert_no_error(error);
    secure->security.password = password;
    secure->security.certificate = tls_certificate_open(secure->directory, &error);
    if (secure->security.certificate != NULL)
        return TRUE;
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_test_skip(error->message);
    return FALSE;
}

static void secure_clear(Secure *secure)
{
    g_clear_object(&secure->security.certificate);
    g_assert_true(file_remove_tree(secure->directory, NULL));
    g_free(secure->directory);
}

static gboolean accept_any(GTlsConnection *connection, GTlsCertificate *certificate,
                           GTlsCertificateFlags errors, gpointer unused)
{
    return TRUE;
}

static gboolean start_tls(GIOStream **stream)
{
    g_autoptr(GIOStream) plain = *stream;
    *stream = g_tls_client_connection_new(plain, NULL, NULL);
    g_signal_connect(*stream, "accept-certificate", G_CALLBACK(accept_any), NULL);
    return g_tls_connection_handshake(G_TLS_CONNECTION(*stream), NULL, NULL);
}

static gboolean choose_vencrypt(GIOStream **stream)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.008\n") && HEAR("\1\23") && SAY("\23") &&
           HEAR("\0\2") && SAY("\0\2");
}

static gboolean answer_vnc(GIOStream **stream, const char *password)
{
    guint8 challenge[RFB_CHALLENGE_BYTES], answer[RFB_CHALLENGE_BYTES];
    gsize got;
    return choose_vencrypt(stream) && HEAR("\0\2\0\0\1\5\0\0\1\6") && SAY("\0\0\1\5") &&
           HEAR("\1") && start_tls(stream) &&
           g_input_stream_read_all(g_io_stream_get_input_stream(*stream), challenge,
                                   sizeof challenge, &got, NULL, NULL) &&
           rfb_vnc_answer(password, challenge, answer, NULL) && say(*stream, answer, sizeof answer);
}

static gboolean vnc_right(GIOStream **stream, const char *password)
{
    return answer_vnc(stream, password) && HEAR("\0\0\0\0");
}

static gboolean vnc_wrong(GIOStream **stream, const char *password)
{
    return answer_vnc(stream, password) && HEAR("\0\0\0\1\0\0\0\16Wrong password");
}

static gboolean say_plain(GIOStream **stream, const char *password)
{
    guint8 lengths[8] = { 0, 0, 0, 5, 0, 0, 0, (guint8)strlen(password) };
    return say(*stream, lengths, sizeof lengths) && SAY("alice") &&
           say(*stream, password, strlen(password));
}

static gboolean plain_right(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\2\0\0\1\5\0\0\1\6") && SAY("\0\0\1\6") &&
           HEAR("\1") && start_tls(stream) && say_plain(stream, password) && HEAR("\0\0\0\0");
}

/* A long password is offered to who can say all of it only. */
static gboolean plain_only(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\1\0\0\1\6") && SAY("\0\0\1\6") && HEAR("\1") &&
           start_tls(stream) && say_plain(stream, password) && HEAR("\0\0\0\0");
}

static gboolean plain_wrong(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\1\0\0\1\6") && SAY("\0\0\1\6") && HEAR("\1") &&
           start_tls(stream) && say_plain(stream, "long pas") &&
           HEAR("\0\0\0\1\0\0\0\16Wrong password");
}

static gboolean plain_giant(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\2\0\0\1\5\0\0\1\6") && SAY("\0\0\1\6") &&
           HEAR("\1") && start_tls(stream) && SAY("\0\0\0\1\377\377\377\377");
}

static gboolean no_tls(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\2\0\0\1\5\0\0\1\6") && SAY("\0\0\1\6") &&
           HEAR("\1") && SAY("\26\3\1\0\5hello hello hello");
}

static gboolean not_offered(GIOStream **stream, const char *password)
{
    return choose_vencrypt(stream) && HEAR("\0\2\0\0\1\5\0\0\1\6") && SAY("\0\0\1\4");
}

static gboolean old_vencrypt(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.008\n") && HEAR("\1\23") && SAY("\23") &&
           HEAR("\0\2") && SAY("\0\1");
}

static gboolean too_old(GIOStream **stream, const char *password)
{
    return HEAR("RFB 003.008\n") && SAY("RFB 003.003\n") && HEAR("\0\0\0\0\0\0\0\72This server");
}

static void test_vencrypt(void)
{
    Secure secure = { 0 };
    if (secure_init(&secure, "secret")) {
        const RfbHandshakeSpec spec = { .security = &secure.security };
        Peer vnc = { .script = vnc_right, .password = "secret" },
             plain = { .script = plain_right, .password = "secret" };
        expect_let_in(&spec, &vnc);
        expect_let_in(&spec, &plain);
    }
    secure_clear(&secure);
}

static void test_long_password(void)
{
    Secure secure = { 0 };
    if (secure_init(&secure, "long password")) {
        const RfbHandshakeSpec spec = { .security = &secure.security };
        Peer right = { .script = plain_only, .password = "long password" },
             wrong = { .script = plain_wrong };
        expect_let_in(&spec, &right);
        expect_turned_away(&spec, &wrong, "The password was wrong");
    }
    secure_clear(&secure);
}

static void test_broken_vencrypt(void)
{
    static const struct {
        gboolean (*script)(GIOStream **, const char *);
        const char *reason;
    } rows[] = {
        { vnc_wrong, "The password was wrong" },
        { plain_giant, "Its name or password is too long" },
        { no_tls, "TLS: " },
        { not_offered, "It chose a kind of VeNCrypt" },
        { old_vencrypt, "It does not know VeNCrypt 0.2" },
        { too_old, "This server needs a viewer" },
    };
    Secure secure = { 0 };
    gboolean tls = secure_init(&secure, "secret");
    for (gsize i = 0; tls && i < G_N_ELEMENTS(rows); i++) {
        const RfbHandshakeSpec spec = { .security = &secure.security };
        Peer viewer = { .script = rows[i].script, .password = "Secret" };
        expect_turned_away(&spec, &viewer, rows[i].reason);
    }
    secure_clear(&secure);
}

static gboolean vnc_too_often(GIOStream **stream, const char *password)
{
    return answer_vnc(stream, password) && HEAR("\0\0\0\1\0\0\0\53Too many wrong passwords");
}

/* The right one does not help either, and tells a guesser nothing. */
static void test_too_often(void)
{
    Secure secure = { 0 };
    if (secure_init(&secure, "secret")) {
        g_autoptr(RfbTries) tries = rfb_tries_new();
        const RfbHandshakeSpec spec = { .security = &secure.security,
                                        .tries = tries,
                                        .place = "192.0.2.1" };
        for (guint i = 0; i < RFB_TRIES; i++) {
            Peer wrong = { .script = vnc_wrong, .password = "Secret" };
            expect_turned_away(&spec, &wrong, "The password was wrong");
        }
        Peer right = { .script = vnc_too_often, .password = "secret" };
        expect_turned_away(&spec, &right, "Too many wrong passwords");
    }
    secure_clear(&secure);
}

static void never(RfbHandshake *handshake, GIOStream *stream, const GError *reason,
                  gpointer userdata)
{
    g_assert_not_reached();
}

/* Half open, and then we have enough of it: nothing is told, nothing is left behind. */
static void test_freed_within(void)
{
    int pair[2];
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    g_autoptr(GSocketConnection) connection = connection_of(pair[1]);
    const RfbHandshakeSpec spec = { 0 };
    RfbHandshake *handshake = rfb_handshake_new(&spec, connection, never, NULL);
    g_clear_object(&connection);
    char version[RFB_VERSION_BYTES];
    for (gssize got = -1; got < 0;) {
        g_main_context_iteration(NULL, FALSE);
        got = recv(pair[0], version, sizeof version, MSG_DONTWAIT);
    }
    rfb_handshake_free(handshake);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    /* closed: the other end sees it */
    g_assert_cmpint(recv(pair[0], version, 1, 0), ==, 0);
    close(pair[0]);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/display/rfb-handshake/none", test_none);
    g_test_add_func("/display/rfb-handshake/broken", test_broken);
    g_test_add_func("/display/rfb-handshake/refusal", test_refusal);
    g_test_add_func("/display/rfb-handshake/vencrypt", test_vencrypt);
    g_test_add_func("/display/rfb-handshake/long-password", test_long_password);
    g_test_add_func("/display/rfb-handshake/broken-vencrypt", test_broken_vencrypt);
    g_test_add_func("/display/rfb-handshake/too-often", test_too_often);
    g_test_add_func("/display/rfb-handshake/freed-within", test_freed_within);
    return g_test_run();
}
