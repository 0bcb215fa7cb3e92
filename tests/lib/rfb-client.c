/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/rfb-client.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "display/rfb-wire.h"

static gboolean on_readable(gint fd, GIOCondition condition, gpointer userdata);

RfbClient *rfb_client_new(int fd)
{
    RfbClient *client = g_new0(RfbClient, 1);
    static const guint8 init = 1;
    client->fd = fd;
    client->got = g_byte_array_new();
    client->said = g_string_new(NULL);
    rfb_client_say(client, &init, 1);
    rfb_client_listen(client, TRUE);
    return client;
}

void rfb_client_free(RfbClient *client)
{
    if (client == NULL)
        return;
    rfb_client_listen(client, FALSE);
    close(client->fd);
    g_byte_array_unref(client->got);
    g_string_free(client->said, TRUE);
    rfb_decoder_free(client->decoder);
    g_free(client);
}

void rfb_client_listen(RfbClient *client, gboolean listens)
{
    if (client->watch != 0 && !listens)
        g_source_remove(client->watch);
    if (client->watch == 0 && listens)
        client->watch = g_unix_fd_add(client->fd, G_IO_IN, on_readable, client);
    else if (!listens)
        client->watch = 0;
}

/* What it says. */

void rfb_client_say(RfbClient *client, gconstpointer bytes, gsize size)
{
    for (gsize done = 0; done < size;) {
        gssize n = send(client->fd, (const guint8 *)bytes + done, size - done, MSG_NOSIGNAL);
        if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
            return; /* it will read that it is over */
        g_assert_cmpint(n, >, 0);
        done += (gsize)n;
    }
}

void rfb_client_set_format(RfbClient *client, const PixelFormat *format)
{
    guint8 message[4 + PIXEL_FORMAT_WIRE_BYTES] = { RFB_CLIENT_SET_PIXEL_FORMAT };
    pixel_format_write(format, message + 4);
    rfb_client_say(client, message, sizeof message);
}

void rfb_client_set_encodings(RfbClient *client, const gint32 *encodings, guint n)
{
    g_autofree guint8 *message = g_malloc0(4 + 4 * n);
    message[0] = RFB_CLIENT_SET_ENCODINGS;
    rfb_put16(message + 2, n);
    for (guint i = 0; i < n; i++)
        rfb_put32(message + 4 + 4 * i, (guint32)encodings[i]);
    rfb_client_say(client, message, 4 + 4 * n);
}

static void say_area(RfbClient *client, guint8 type, gboolean flag, Rect area)
{
    guint8 message[10] = { type, flag ? 1 : 0 };
    rfb_put16(message + 2, (guint)area.x);
    rfb_put16(message + 4, (guint)area.y);
    rfb_put16(message + 6, (guint)area.width);
    rfb_put16(message + 8, (guint)area.height);
    rfb_client_say(client, message, sizeof message);
}

void rfb_client_ask(RfbClient *client, gboolean incremental, Rect area)
{
    say_area(client, RFB_CLIENT_UPDATE_REQUEST, incremental, area);
}

void rfb_client_set_continuous(RfbClient *client, gboolean enable, Rect area)
{
    say_area(client, RFB_CLIENT_CONTINUOUS_UPDATES, enable, area);
}

static void say_fence(RfbClient *client, guint32 flags, gconstpointer payload, gsize size)
{
    guint8 message[9 + RFB_FENCE_BYTES] = { RFB_CLIENT_FENCE };
    rfb_put32(message + 4, flags);
    message[8] = (guint8)size;
    memcpy(message + 9, payload, size);
    rfb_client_say(client, message, 9 + size);
}

void rfb_client_fence(RfbClient *client, guint32 flags, const char *payload)
{
    say_fence(client, flags | RFB_FENCE_REQUEST, payload, strlen(payload));
}

void rfb_client_answer(RfbClient *client, guint32 fence)
{
    guint8 payload[4];
    rfb_put32(payload, fence);
    say_fence(client, RFB_FENCE_BLOCK_BEFORE, payload, sizeof payload);
}

void rfb_client_resize(RfbClient *client, int width, int height, guint screens)
{
    guint8 message[8 + 2 * 16] = { RFB_CLIENT_SET_DESKTOP_SIZE };
    g_assert_cmpuint(screens, <=, 2);
    rfb_put16(message + 2, (guint)width);
    rfb_put16(message + 4, (guint)height);
    message[6] = (guint8)screens;
    rfb_put16(message + 16, (guint)width);
    rfb_put16(message + 18, (guint)height);
    rfb_client_say(client, message, 8 + 16 * screens);
}

/* What it is told: each function returns how many bytes it used, 0 when they are not enough. */

static void set_size(RfbClient *client, int width, int height)
{
    client->width = width;
    client->height = height;
    if (client->decoder == NULL)
        client->decoder = rfb_decoder_new(width, height, &client->format, &client->pixels);
    else
        rfb_decoder_resize(client->decoder, width, height, &client->pixels);
}

static gsize take_server_init(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size < 24 || size < 24 + rfb_get32(bytes + 20))
        return 0;
    g_autoptr(GError) error = NULL;
    gsize length = rfb_get32(bytes + 20);
    g_assert_cmpuint(length, <, sizeof client->name);
    pixel_format_read(bytes + 4, &client->format, &error);
    g_assert_no_error(error);
    memcpy(client->name, bytes + 24, length);
    set_size(client, rfb_get16(bytes), rfb_get16(bytes + 2));
    client->greeted = TRUE;
    return 24 + length;
}

static gsize take_cursor(RfbClient *client, const guint8 *bytes, gsize size, gboolean alpha)
{
    gsize width = rfb_get16(bytes + 4), height = rfb_get16(bytes + 6), n = width * height;
    gsize used = 12 + (alpha ? 4 + n * 4 : n * client->format.bits / 8 + (width + 7) / 8 * height);
    if (size < used)
        return 0;
    g_string_append_printf(client->said, "cursor %zux%zu at %u,%u, ", width, height,
                           rfb_get16(bytes), rfb_get16(bytes + 2));
    memset(client->cursor, 0, sizeof client->cursor);
    gsize start = alpha ? 16 : 12;
    if (used - start <= sizeof client->cursor)
        memcpy(client->cursor, bytes + start, used - start);
    return used;
}

static gsize take_extended_size(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size < 16 || size < 16 + 16 * (gsize)bytes[12])
        return 0;
    int width = rfb_get16(bytes + 4), height = rfb_get16(bytes + 6);
    g_assert_cmpuint(bytes[12], ==, 1);
    g_assert_cmpuint(rfb_get16(bytes + 16 + 8), ==, width);
    g_assert_cmpuint(rfb_get16(bytes + 16 + 10), ==, height);
    g_string_append_printf(client->said, "size %dx%d by %u status %u, ", width, height,
                           rfb_get16(bytes), rfb_get16(bytes + 2));
    if (width != client->width || height != client->height)
        set_size(client, width, height);
    return 32;
}

static gsize take_picture(RfbClient *client, const guint8 *bytes, gsize size)
{
    g_autoptr(GError) error = NULL;
    Rect rect;
    gssize used = rfb_decode(client->decoder, bytes, size, &rect, &error);
    g_assert_no_error(error);
    return (gsize)used;
}

static gsize take_rect(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size < 12)
        return 0;
    switch ((gint32)rfb_get32(bytes + 8)) {
    case RFB_ENCODING_CURSOR:
        return take_cursor(client, bytes, size, FALSE);
    case RFB_ENCODING_CURSOR_ALPHA:
        return take_cursor(client, bytes, size, TRUE);
    case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
        return take_extended_size(client, bytes, size);
    case RFB_ENCODING_DESKTOP_SIZE:
        set_size(client, rfb_get16(bytes + 4), rfb_get16(bytes + 6));
        g_string_append_printf(client->said, "size %dx%d, ", client->width, client->height);
        return 12;
    case RFB_ENCODING_QEMU_KEY:
        g_string_append(client->said, "keys, ");
        return 12;
    case RFB_ENCODING_EXTENDED_MOUSE_BUTTONS:
        g_string_append(client->said, "buttons, ");
        return 12;
    }
    return take_picture(client, bytes, size);
}

static gsize take_fence(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size < 9 || size < 9 + (gsize)bytes[8])
        return 0;
    guint32 flags = rfb_get32(bytes + 4);
    if ((flags & RFB_FENCE_REQUEST) == 0) {
        g_string_append_printf(client->said, "fence %x %.*s, ", flags, bytes[8], bytes + 9);
        if (bytes[8] == strlen("format") && memcmp(bytes + 9, "format", bytes[8]) == 0) {
            client->format = client->next_format;
            rfb_decoder_set_format(client->decoder, &client->format);
        }
        return 9 + (gsize)bytes[8];
    }
    g_assert_cmpuint(bytes[8], ==, 4);
    client->n_fences++;
    client->last_fence = rfb_get32(bytes + 9);
    if (client->answers_fences)
        rfb_client_answer(client, client->last_fence);
    return 9 + (gsize)bytes[8];
}

static gsize take_text(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size < 8 || size - 8 < rfb_get32(bytes + 4))
        return 0;
    gsize length = rfb_get32(bytes + 4);
    g_string_append_printf(client->said, "text %.*s, ", (int)length, bytes + 8);
    return 8 + length;
}

static gsize take_message(RfbClient *client, const guint8 *bytes, gsize size)
{
    switch (bytes[0]) {
    case RFB_SERVER_UPDATE:
        if (size < 4)
            return 0;
        client->rects_left = rfb_get16(bytes + 2);
        g_assert_cmpuint(client->rects_left, >, 0);
        return 4;
    case RFB_SERVER_FENCE:
        return take_fence(client, bytes, size);
    case RFB_SERVER_END_OF_CONTINUOUS_UPDATES:
        client->n_ends++;
        return 1;
    case RFB_SERVER_CUT_TEXT:
        return take_text(client, bytes, size);
    }
    g_error("The server sends a message of type %u", bytes[0]);
}

static gsize take_in_update(RfbClient *client, const guint8 *bytes, gsize size)
{
    gsize used = take_rect(client, bytes, size);
    if (used == 0 || --client->rects_left > 0)
        return used;
    client->n_updates++;
    if (client->asks)
        rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    return used;
}

static gsize take(RfbClient *client, const guint8 *bytes, gsize size)
{
    if (size == 0)
        return 0;
    if (!client->greeted)
        return take_server_init(client, bytes, size);
    return client->rects_left > 0 ? take_in_update(client, bytes, size)
                                  : take_message(client, bytes, size);
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer userdata)
{
    RfbClient *client = userdata;
    static guint8 buffer[1 << 16];
    gsize most = client->reads_at_once > 0 ? client->reads_at_once : sizeof buffer;
    gssize n = recv(fd, buffer, MIN(most, sizeof buffer), MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno == ECONNRESET)) {
        client->ended = TRUE;
        client->watch = 0;
        return G_SOURCE_REMOVE;
    }
    g_assert_cmpint(n, >, 0);
    g_byte_array_append(client->got, buffer, (guint)n);
    gsize taken = 0, used;
    while ((used = take(client, client->got->data + taken, client->got->len - taken)) > 0)
        taken += used;
    if (taken > 0)
        g_byte_array_remove_range(client->got, 0, (guint)taken);
    return G_SOURCE_CONTINUE;
}
