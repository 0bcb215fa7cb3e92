/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a hostile viewer may say before it is let in. For any bytes: the handshake comes to an end
 * when the bytes do, exactly once; nobody comes in over the network without a password; and who
 * comes in has had no byte read that is not the handshake's.
 */
#include "fuzz.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "display/rfb-handshake.h"
#include "display/rfb-wire.h"
#include "display/tls-certificate.h"

typedef struct {
    gboolean done;
    GIOStream *stream;
} End;

static void on_done(RfbHandshake *handshake, GIOStream *stream, const GError *reason,
                    gpointer userdata)
{
    End *end = userdata;
    g_assert(!end->done);
    g_assert((stream == NULL) == (reason != NULL));
    end->done = TRUE;
    end->stream = stream;
}

static GSocketConnection *connection_of(int fd)
{
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, NULL);
    g_assert(socket != NULL);
    return g_socket_connection_factory_create_connection(socket);
}

/* The bytes that are left on @stream are the last ones of @data. */
static void check_rest(GIOStream *stream, const uint8_t *data, size_t size)
{
    guint8 rest[65536];
    gsize got = 0;
    g_assert(g_input_stream_read_all(g_io_stream_get_input_stream(stream), rest, sizeof rest, &got,
                                     NULL, NULL));
    g_assert(got <= size && memcmp(rest, data + size - got, got) == 0);
    /* version, and with 3.7 the type that was chosen */
    g_assert(size - got == RFB_VERSION_BYTES || size - got == RFB_VERSION_BYTES + 1);
}

static void play(const RfbHandshakeSpec *spec, const uint8_t *data, size_t size)
{
    int pair[2];
    g_assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    g_autoptr(GSocketConnection) connection = connection_of(pair[1]);
    /* what does not fit is not said */
    size_t said = size;
    while (said > 0 && send(pair[0], data, said, MSG_DONTWAIT) != (ssize_t)said)
        said /= 2;
    shutdown(pair[0], SHUT_WR);
    End end = { 0 };
    RfbHandshake *handshake = rfb_handshake_new(spec, connection, on_done, &end);
    while (!end.done)
        g_main_context_iteration(NULL, TRUE);
    if (end.stream != NULL) {
        g_assert(spec->refusal == NULL && spec->security == NULL);
        check_rest(end.stream, data, said);
    }
    rfb_handshake_free(handshake);
    g_clear_object(&end.stream);
    while (g_main_context_iteration(NULL, FALSE))
        ;
    close(pair[0]);
}

/* Made once; NULL where GIO has no TLS. */
static const RfbSecurity *security(void)
{
    static RfbSecurity made = { .password = "secret" };
    static gboolean tried;
    if (!tried) {
        g_autofree char *directory = g_dir_make_tmp("vgpuctl-fuzz-XXXXXX", NULL);
        g_assert(directory != NULL);
        made.certificate = tls_certificate_open(directory, NULL);
        g_assert(file_remove_tree(directory, NULL));
        tried = TRUE;
    }
    return made.certificate != NULL ? &made : NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const RfbHandshakeSpec none = { 0 }, refusing = { .refusal = "no" };
    play(&none, data, size);
    play(&refusing, data, size);
    if (security() == NULL)
        return 0;
    g_autoptr(RfbTries) tries = rfb_tries_new();
    const RfbHandshakeSpec secure = { .security = security(), .tries = tries, .place = "here" };
    play(&secure, data, size);
    return 0;
}
