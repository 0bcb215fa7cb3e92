/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/qemu-vnc.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "display/rfb-wire.h"

#define VERSION "RFB 003.008\n"
#define TEXT_LIMIT (1u << 20)
#define END_OF_LIST (-1)

/* The X byte of a pixel that has arrived; frame_new() leaves it zero. */
#define ARRIVED 0xff000000u

const gint32 qemu_vnc_plain[] = { RFB_ENCODING_RAW, RFB_ENCODING_DESKTOP_SIZE,
                                  RFB_ENCODING_LAST_RECT, END_OF_LIST };
const gint32 qemu_vnc_full[] = {
    RFB_ENCODING_RAW,    RFB_ENCODING_DESKTOP_SIZE, RFB_ENCODING_LAST_RECT,
    RFB_ENCODING_CURSOR, RFB_ENCODING_QEMU_KEY,     RFB_ENCODING_EXTENDED_DESKTOP_SIZE,
    END_OF_LIST
};

struct QemuVnc {
    int fd; /* borrowed */
    gint64 deadline_us;
    guint8 buffer[32768];
    gsize start, end; /* what is read and not yet consumed */
    const gint32 *encodings;
    Frame *frame;
    gsize missing;
};

typedef struct {
    guint x, y, width, height;
    gint32 encoding;
} Part;

static gboolean wait_for(const QemuVnc *client, short events, GError **error)
{
    for (;;) {
        int wait_ms = -1;
        if (client->deadline_us >= 0) {
            gint64 left_ms = (client->deadline_us - g_get_monotonic_time() + 999) / 1000;
            if (left_ms <= 0)
                return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                                 "The VNC server did not send a whole picture in time");
            wait_ms = (int)MIN(left_ms, G_MAXINT);
        }
        struct pollfd wait = { .fd = client->fd, .events = events };
        int ready = poll(&wait, 1, wait_ms);
        if (ready > 0)
            return TRUE;
        if (ready < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Waiting for the VNC server");
    }
}

/* Reads at least one and at most @length bytes. */
static gboolean receive(QemuVnc *client, void *data, gsize length, gsize *ret_got, GError **error)
{
    for (;;) {
        /* a server that never stops sending must not keep us either */
        if (client->deadline_us >= 0 && !wait_for(client, POLLIN, error))
            return FALSE;
        ssize_t n = recv(client->fd, data, length, MSG_DONTWAIT);
        if (n > 0) {
            *ret_got = (gsize)n;
            return TRUE;
        }
        if (n == 0 || errno == ECONNRESET)
            return error_set(error, VGPUCTL_ERROR_NOT_FOUND,
                             "The VNC server closed the connection before the picture was whole");
        if (errno != EAGAIN && errno != EINTR)
            return error_set_errno(error, errno, "Reading from the VNC server");
        if (!wait_for(client, POLLIN, error))
            return FALSE;
    }
}

static gboolean take(QemuVnc *client, void *data, gsize length, GError **error)
{
    guint8 *next = data;
    while (length > 0) {
        gsize got = MIN(length, client->end - client->start);
        if (got > 0) {
            memcpy(next, client->buffer + client->start, got);
            client->start += got;
        } else if (length >= sizeof client->buffer) {
            if (!receive(client, next, length, &got, error))
                return FALSE;
        } else {
            client->start = client->end = 0;
            if (!receive(client, client->buffer, sizeof client->buffer, &client->end, error))
                return FALSE;
        }
        next += got;
        length -= got;
    }
    return TRUE;
}

static gboolean skip(QemuVnc *client, gsize length, GError **error)
{
    guint8 waste[4096];
    for (gsize n; length > 0; length -= n) {
        n = MIN(length, sizeof waste);
        if (!take(client, waste, n, error))
            return FALSE;
    }
    return TRUE;
}

static gboolean give(QemuVnc *client, const void *data, gsize length, GError **error)
{
    const guint8 *next = data;
    while (length > 0) {
        if (!wait_for(client, POLLOUT, error))
            return FALSE;
        ssize_t n = send(client->fd, next, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EPIPE)
            return error_set(error, VGPUCTL_ERROR_NOT_FOUND, "The VNC server has left");
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return error_set_errno(error, errno, "Writing to the VNC server");
        n = MAX(n, 0);
        next += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* A text with its length in front; NULL with @error set. Owned. */
static char *take_text(QemuVnc *client, GError **error)
{
    guint8 head[4];
    if (!take(client, head, sizeof head, error))
        return NULL;
    guint32 length = rfb_get32(head);
    if (length > TEXT_LIMIT) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The VNC server sends a text of %u bytes", length);
        return NULL;
    }
    g_autofree char *text = g_malloc0((gsize)length + 1);
    return take(client, text, length, error) ? g_utf8_make_valid(text, -1) : NULL;
}

static gboolean refused(QemuVnc *client, GError **error)
{
    g_autofree char *reason = take_text(client, error);
    return reason != NULL && error_set(error, VGPUCTL_ERROR_ACCESS,
                                       "The VNC server refuses the connection: %s", reason);
}

static gboolean shake_hands(QemuVnc *client, GError **error)
{
    char version[RFB_VERSION_BYTES + 1] = "";
    if (!take(client, version, RFB_VERSION_BYTES, error))
        return FALSE;
    /* a later minor version serves 3.8 as well (RFC 6143, 7.1.1) */
    if (!g_str_has_prefix(version, "RFB 003.") || strcmp(version, VERSION) < 0)
        return error_set(error, VGPUCTL_ERROR_INVALID, "The other end does not speak RFB 3.8");
    return give(client, VERSION, RFB_VERSION_BYTES, error);
}

static gboolean authenticate(QemuVnc *client, GError **error)
{
    guint8 count, types[255], none = RFB_SECURITY_NONE, result[4];
    if (!take(client, &count, 1, error))
        return FALSE;
    if (count == 0)
        return refused(client, error);
    if (!take(client, types, count, error))
        return FALSE;
    if (memchr(types, RFB_SECURITY_NONE, count) == NULL)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "The VNC server wants a password (security type %u)", types[0]);
    if (!give(client, &none, 1, error) || !take(client, result, sizeof result, error))
        return FALSE;
    return rfb_get32(result) == RFB_RESULT_OK || refused(client, error);
}

/* Starts over with an empty picture of that size. */
static gboolean set_size(QemuVnc *client, guint width, guint height, GError **error)
{
    g_clear_pointer(&client->frame, frame_unref);
    client->frame = frame_new((int)width, (int)height, error);
    client->missing = (gsize)width * height;
    return client->frame != NULL;
}

static gboolean start_session(QemuVnc *client, GError **error)
{
    guint8 shared = 1, init[20];
    if (!give(client, &shared, 1, error) || !take(client, init, sizeof init, error))
        return FALSE;
    g_autofree char *name = take_text(client, error);
    return name != NULL && set_size(client, rfb_get16(init), rfb_get16(init + 2), error);
}

/* Pixels as Frame has them; what we do not list the server may not send. */
static gboolean set_formats(QemuVnc *client, GError **error)
{
    const guint8 format[20] = { RFB_CLIENT_SET_PIXEL_FORMAT, 0, 0, 0,
                                /* bits, depth, big endian, true colour */
                                32, 24, G_BYTE_ORDER == G_BIG_ENDIAN, 1,
                                /* highest value and shift of red, green, blue */
                                0, 255, 0, 255, 0, 255, 16, 8, 0 };
    g_autoptr(GByteArray) list = g_byte_array_new();
    g_byte_array_append(list, (const guint8[]){ RFB_CLIENT_SET_ENCODINGS, 0, 0, 0 }, 4);
    for (const gint32 *next = client->encodings; *next != END_OF_LIST; next++) {
        guint8 bytes[4];
        rfb_put32(bytes, (guint32)*next);
        g_byte_array_append(list, bytes, sizeof bytes);
        list->data[3]++;
    }
    return give(client, format, sizeof format, error) && give(client, list->data, list->len, error);
}

int qemu_vnc_connect(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        error_set(error, VGPUCTL_ERROR_USAGE, "%s is too long for the path of a socket", path);
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path));
    /* non-blocking: connect() would wait for a server that accepts nobody */
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return steal_fd(&fd);
    /* a socket that nobody listens on any more is as good as none */
    error_set_errno(error, errno == ECONNREFUSED ? ENOENT : errno,
                    "Connecting to the VNC server at %s", path);
    return -1;
}

QemuVnc *qemu_vnc_new(int fd, const gint32 *encodings, gint64 deadline_us, GError **error)
{
    QemuVnc *client = g_new0(QemuVnc, 1);
    client->fd = fd;
    client->deadline_us = deadline_us;
    client->encodings = encodings;
    if (!shake_hands(client, error) || !authenticate(client, error) ||
        !start_session(client, error) || !set_formats(client, error))
        g_clear_pointer(&client, qemu_vnc_free);
    return client;
}

void qemu_vnc_free(QemuVnc *client)
{
    if (client == NULL)
        return;
    frame_unref(client->frame);
    g_free(client);
}

void qemu_vnc_set_deadline(QemuVnc *client, gint64 deadline_us)
{
    client->deadline_us = deadline_us;
}

gboolean qemu_vnc_request(QemuVnc *client, gboolean incremental, GError **error)
{
    guint8 request[10] = { RFB_CLIENT_UPDATE_REQUEST, incremental != FALSE };
    rfb_put16(request + 6, (guint)client->frame->width);
    rfb_put16(request + 8, (guint)client->frame->height);
    return give(client, request, sizeof request, error);
}

gboolean qemu_vnc_await(const QemuVnc *client, guint limit_ms)
{
    struct pollfd wait = { .fd = client->fd, .events = POLLIN };
    return client->start < client->end || poll(&wait, 1, (int)limit_ms) > 0;
}

gsize qemu_vnc_missing(const QemuVnc *client)
{
    return client->missing;
}

Frame *qemu_vnc_frame(const QemuVnc *client)
{
    return client->frame;
}

/* Pixels of a row, as long as it is counted which ones have arrived. */
static gboolean take_first(QemuVnc *client, guint32 *pixels, guint width, GError **error)
{
    g_autofree guint32 *row = g_new(guint32, width);
    if (!take(client, row, width * sizeof *row, error))
        return FALSE;
    for (guint x = 0; x < width; x++) {
        client->missing -= (pixels[x] & ARRIVED) == 0;
        pixels[x] = row[x] | ARRIVED;
    }
    return TRUE;
}

static gboolean take_raw(QemuVnc *client, const Part *part, QemuVncNews *news, GError **error)
{
    if (part->x + part->width > (guint)client->frame->width ||
        part->y + part->height > (guint)client->frame->height)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends pixels outside of its screen");
    if (part->width == 0 || part->height == 0)
        return TRUE;
    Frame *frame = frame_make_writable(g_steal_pointer(&client->frame), error);
    if (frame == NULL)
        return FALSE;
    client->frame = frame;
    for (guint y = part->y; y < part->y + part->height; y++) {
        guint32 *pixels = frame_row(frame, (int)y) + part->x;
        if (client->missing > 0 ? !take_first(client, pixels, part->width, error)
                                : !take(client, pixels, part->width * sizeof *pixels, error))
            return FALSE;
    }
    const Rect rect = { (int)part->x, (int)part->y, (int)part->width, (int)part->height };
    g_array_append_val(news->rects, rect);
    return TRUE;
}

/* Pixels in our format, then a bit for each that is to be seen, rows of whole bytes. */
static gboolean take_cursor(QemuVnc *client, const Part *part, QemuVncNews *news, GError **error)
{
    g_autoptr(Cursor) cursor =
        cursor_new((int)part->width, (int)part->height, (int)part->x, (int)part->y, error);
    if (cursor == NULL)
        return FALSE;
    gsize row = (part->width + 7) / 8;
    g_autofree guint8 *mask = g_malloc0(row * part->height + 1);
    if (!take(client, cursor->pixels, (gsize)part->width * part->height * 4, error) ||
        !take(client, mask, row * part->height, error))
        return FALSE;
    for (guint y = 0; y < part->height; y++)
        for (guint x = 0; x < part->width; x++) {
            guint32 *pixel = &cursor->pixels[(gsize)y * part->width + x];
            gboolean seen = mask[y * row + x / 8] & 0x80 >> x % 8;
            *pixel = seen ? *pixel | 0xff000000u : 0;
        }
    cursor_unref(news->cursor);
    news->cursor = g_steal_pointer(&cursor);
    return TRUE;
}

static gboolean take_size(QemuVnc *client, const Part *part, QemuVncNews *news, GError **error)
{
    news->resized = TRUE;
    g_array_set_size(news->rects, 0);
    return set_size(client, part->width, part->height, error);
}

/* The list of screens, each in 16 bytes, is of no use here: QEMU's console is one. */
static gboolean take_extended_size(QemuVnc *client, const Part *part, QemuVncNews *news,
                                   GError **error)
{
    guint8 head[4];
    if (!take(client, head, sizeof head, error) || !skip(client, 16 * (gsize)head[0], error))
        return FALSE;
    if (part->x == RFB_RESIZE_BY_THIS_CLIENT && part->y != RFB_RESIZE_DONE &&
        part->y != RFB_RESIZE_FORWARDED) {
        news->refused = TRUE;
        return TRUE;
    }
    /* it comes with each whole update too, and says nothing new then */
    return (part->width == (guint)client->frame->width &&
            part->height == (guint)client->frame->height) ||
           take_size(client, part, news, error);
}

static gboolean was_asked_for(const QemuVnc *client, gint32 encoding)
{
    for (const gint32 *next = client->encodings; *next != END_OF_LIST; next++)
        if (*next == encoding)
            return TRUE;
    return FALSE;
}

/* One rectangle of an update; *@ret_last: no more follow, whatever was announced. */
static gboolean take_part(QemuVnc *client, QemuVncNews *news, gboolean *ret_last, GError **error)
{
    guint8 head[12];
    if (!take(client, head, sizeof head, error))
        return FALSE;
    Part part = { rfb_get16(head), rfb_get16(head + 2), rfb_get16(head + 4), rfb_get16(head + 6),
                  (gint32)rfb_get32(head + 8) };
    if (!was_asked_for(client, part.encoding))
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends encoding %d, which was not asked for",
                         part.encoding);
    switch (part.encoding) {
    case RFB_ENCODING_DESKTOP_SIZE:
        return take_size(client, &part, news, error);
    case RFB_ENCODING_EXTENDED_DESKTOP_SIZE:
        return take_extended_size(client, &part, news, error);
    case RFB_ENCODING_CURSOR:
        return take_cursor(client, &part, news, error);
    case RFB_ENCODING_LAST_RECT:
        *ret_last = TRUE;
        return TRUE;
    case RFB_ENCODING_QEMU_KEY:
        return TRUE; /* it understands it */
    default:
        return take_raw(client, &part, news, error);
    }
}

static gboolean take_update(QemuVnc *client, QemuVncNews *news, GError **error)
{
    guint8 head[3];
    if (!take(client, head, sizeof head, error))
        return FALSE;
    gboolean last = FALSE;
    for (guint i = 0; i < rfb_get16(head + 1) && !last; i++)
        if (!take_part(client, news, &last, error))
            return FALSE;
    news->update = TRUE;
    return TRUE;
}

void qemu_vnc_news_clear(QemuVncNews *news)
{
    g_clear_pointer(&news->rects, g_array_unref);
    cursor_unref(news->cursor);
    *news = (QemuVncNews){ 0 };
}

gboolean qemu_vnc_read(QemuVnc *client, QemuVncNews *ret_news, GError **error)
{
    guint8 type, head[5];
    qemu_vnc_news_clear(ret_news);
    ret_news->rects = g_array_new(FALSE, FALSE, sizeof(Rect));
    if (!take(client, &type, 1, error))
        return FALSE;
    switch (type) {
    case RFB_SERVER_UPDATE:
        return take_update(client, ret_news, error);
    case RFB_SERVER_COLOUR_MAP:
        return take(client, head, 5, error) && skip(client, 6 * (gsize)rfb_get16(head + 3), error);
    case RFB_SERVER_BELL:
        return TRUE;
    case RFB_SERVER_CUT_TEXT: {
        if (!skip(client, 3, error))
            return FALSE;
        g_autofree char *text = take_text(client, error);
        return text != NULL;
    }
    default:
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends a message of unknown type %u", type);
    }
}

/* All or nothing: a unix socket takes so little as one piece (net/unix/af_unix.c,
 * unix_stream_sendmsg). */
static gboolean send_now(int fd, const guint8 *message, gsize length)
{
    return send(fd, message, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

/* Without a keysym: QEMU goes by the number unless it was given a keymap (ui/vnc.c,
 * ext_key_event). */
gboolean qemu_vnc_send_key(int fd, guint qnum, gboolean down)
{
    guint8 message[12] = { RFB_CLIENT_QEMU, RFB_QEMU_KEY, 0, down != FALSE };
    rfb_put32(message + 8, qnum);
    return send_now(fd, message, sizeof message);
}

gboolean qemu_vnc_send_pointer(int fd, guint x, guint y, guint8 buttons)
{
    guint8 message[6] = { RFB_CLIENT_POINTER, buttons };
    rfb_put16(message + 2, x);
    rfb_put16(message + 4, y);
    return send_now(fd, message, sizeof message);
}

/* One screen, number 0, that fills it. */
gboolean qemu_vnc_send_size(int fd, guint width, guint height)
{
    guint8 message[24] = { RFB_CLIENT_SET_DESKTOP_SIZE };
    rfb_put16(message + 2, width);
    rfb_put16(message + 4, height);
    message[6] = 1;
    rfb_put16(message + 16, width);
    rfb_put16(message + 18, height);
    return send_now(fd, message, sizeof message);
}
