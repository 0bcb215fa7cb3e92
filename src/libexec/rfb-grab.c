/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/rfb-grab.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define VERSION "RFB 003.008\n"
#define VERSION_LENGTH 12
#define TEXT_LIMIT (1u << 20)

enum {
    SECURITY_NONE = 1,

    CLIENT_SET_PIXEL_FORMAT = 0,
    CLIENT_SET_ENCODINGS = 2,
    CLIENT_UPDATE_REQUEST = 3,

    SERVER_UPDATE = 0,
    SERVER_COLOUR_MAP = 1,
    SERVER_BELL = 2,
    SERVER_CUT_TEXT = 3,

    ENCODING_RAW = 0,
    ENCODING_DESKTOP_SIZE = -223,
    ENCODING_LAST_RECT = -224,
};

/* The X byte of a pixel that has arrived; frame_new() leaves it zero. */
#define ARRIVED 0xff000000u

typedef struct {
    int fd;          /* borrowed */
    gint64 deadline; /* monotonic, us */
    guint8 buffer[32768];
    gsize start, end; /* what is read and not yet consumed */
    Frame *frame;     /* owned */
    gsize missing;    /* pixels of it that have not arrived */
} Rfb;

static gboolean wait_for(Rfb *rfb, short events, GError **error)
{
    for (;;) {
        gint64 left_ms = (rfb->deadline - g_get_monotonic_time() + 999) / 1000;
        if (left_ms <= 0)
            return error_set(error, VGPUCTL_ERROR_TIMEOUT,
                             "The VNC server did not send a whole picture in time");
        struct pollfd wait = { .fd = rfb->fd, .events = events };
        int ready = poll(&wait, 1, (int)MIN(left_ms, G_MAXINT));
        if (ready > 0)
            return TRUE;
        if (ready < 0 && errno != EINTR)
            return error_set_errno(error, errno, "Waiting for the VNC server");
    }
}

/* Reads at least one and at most @length bytes. */
static gboolean receive(Rfb *rfb, void *data, gsize length, gsize *ret_got, GError **error)
{
    for (;;) {
        /* a server that never stops sending must not keep us either */
        if (!wait_for(rfb, POLLIN, error))
            return FALSE;
        ssize_t n = recv(rfb->fd, data, length, MSG_DONTWAIT);
        if (n > 0) {
            *ret_got = (gsize)n;
            return TRUE;
        }
        if (n == 0)
            return error_set(error, VGPUCTL_ERROR_INVALID,
                             "The VNC server closed the connection before the picture was whole");
        if (errno != EAGAIN && errno != EINTR)
            return error_set_errno(error, errno, "Reading from the VNC server");
    }
}

static gboolean take(Rfb *rfb, void *data, gsize length, GError **error)
{
    guint8 *next = data;
    while (length > 0) {
        gsize got = MIN(length, rfb->end - rfb->start);
        if (got > 0) {
            memcpy(next, rfb->buffer + rfb->start, got);
            rfb->start += got;
        } else if (length >= sizeof rfb->buffer) {
            if (!receive(rfb, next, length, &got, error))
                return FALSE;
        } else {
            rfb->start = rfb->end = 0;
            if (!receive(rfb, rfb->buffer, sizeof rfb->buffer, &rfb->end, error))
                return FALSE;
        }
        next += got;
        length -= got;
    }
    return TRUE;
}

static gboolean skip(Rfb *rfb, gsize length, GError **error)
{
    guint8 waste[4096];
    for (gsize n; length > 0; length -= n) {
        n = MIN(length, sizeof waste);
        if (!take(rfb, waste, n, error))
            return FALSE;
    }
    return TRUE;
}

static guint get16(const guint8 *bytes)
{
    return (guint)bytes[0] << 8 | bytes[1];
}

static guint32 get32(const guint8 *bytes)
{
    return (guint32)get16(bytes) << 16 | get16(bytes + 2);
}

static void put16(guint8 *bytes, guint value)
{
    bytes[0] = (guint8)(value >> 8);
    bytes[1] = (guint8)value;
}

static gboolean give(Rfb *rfb, const void *data, gsize length, GError **error)
{
    const guint8 *next = data;
    while (length > 0) {
        if (!wait_for(rfb, POLLOUT, error))
            return FALSE;
        ssize_t n = send(rfb->fd, next, length, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR)
            return error_set_errno(error, errno, "Writing to the VNC server");
        n = MAX(n, 0);
        next += n;
        length -= (gsize)n;
    }
    return TRUE;
}

/* A text with its length in front; NULL with @error set. Owned. */
static char *take_text(Rfb *rfb, GError **error)
{
    guint8 head[4];
    if (!take(rfb, head, sizeof head, error))
        return NULL;
    guint32 length = get32(head);
    if (length > TEXT_LIMIT) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The VNC server sends a text of %u bytes", length);
        return NULL;
    }
    g_autofree char *text = g_malloc0((gsize)length + 1);
    return take(rfb, text, length, error) ? g_utf8_make_valid(text, -1) : NULL;
}

static gboolean refused(Rfb *rfb, GError **error)
{
    g_autofree char *reason = take_text(rfb, error);
    return reason != NULL && error_set(error, VGPUCTL_ERROR_ACCESS,
                                       "The VNC server refuses the connection: %s", reason);
}

static gboolean shake_hands(Rfb *rfb, GError **error)
{
    char version[VERSION_LENGTH + 1] = "";
    if (!take(rfb, version, VERSION_LENGTH, error))
        return FALSE;
    /* a later minor version serves 3.8 as well (RFC 6143, 7.1.1) */
    if (!g_str_has_prefix(version, "RFB 003.") || strcmp(version, VERSION) < 0)
        return error_set(error, VGPUCTL_ERROR_INVALID, "The other end does not speak RFB 3.8");
    return give(rfb, VERSION, VERSION_LENGTH, error);
}

static gboolean authenticate(Rfb *rfb, GError **error)
{
    guint8 count, types[255], none = SECURITY_NONE, result[4];
    if (!take(rfb, &count, 1, error))
        return FALSE;
    if (count == 0)
        return refused(rfb, error);
    if (!take(rfb, types, count, error))
        return FALSE;
    if (memchr(types, SECURITY_NONE, count) == NULL)
        return error_set(error, VGPUCTL_ERROR_ACCESS,
                         "The VNC server wants a password (security type %u)", types[0]);
    if (!give(rfb, &none, 1, error) || !take(rfb, result, sizeof result, error))
        return FALSE;
    return get32(result) == 0 || refused(rfb, error);
}

/* Starts over with an empty picture of that size. */
static gboolean set_size(Rfb *rfb, guint width, guint height, GError **error)
{
    g_clear_pointer(&rfb->frame, frame_unref);
    rfb->frame = frame_new((int)width, (int)height, error);
    rfb->missing = (gsize)width * height;
    return rfb->frame != NULL;
}

static gboolean start_session(Rfb *rfb, GError **error)
{
    guint8 shared = 1, init[20];
    if (!give(rfb, &shared, 1, error) || !take(rfb, init, sizeof init, error))
        return FALSE;
    g_autofree char *name = take_text(rfb, error);
    return name != NULL && set_size(rfb, get16(init), get16(init + 2), error);
}

/* Pixels as Frame has them; what we do not list the server may not send. */
static gboolean set_formats(Rfb *rfb, GError **error)
{
    const guint8 format[20] = { CLIENT_SET_PIXEL_FORMAT, 0, 0, 0,
                                /* bits, depth, big endian, true colour */
                                32, 24, G_BYTE_ORDER == G_BIG_ENDIAN, 1,
                                /* highest value and shift of red, green, blue */
                                0, 255, 0, 255, 0, 255, 16, 8, 0 };
    const gint32 encodings[] = { ENCODING_RAW, ENCODING_DESKTOP_SIZE, ENCODING_LAST_RECT };
    guint8 list[4 + sizeof encodings] = { CLIENT_SET_ENCODINGS, 0, 0, G_N_ELEMENTS(encodings) };
    for (gsize i = 0; i < G_N_ELEMENTS(encodings); i++) {
        put16(list + 4 + 4 * i, (guint32)encodings[i] >> 16);
        put16(list + 6 + 4 * i, (guint32)encodings[i] & 0xffff);
    }
    return give(rfb, format, sizeof format, error) && give(rfb, list, sizeof list, error);
}

static gboolean request_all(Rfb *rfb, GError **error)
{
    guint8 request[10] = { CLIENT_UPDATE_REQUEST, /* incremental */ 0 };
    put16(request + 6, (guint)rfb->frame->width);
    put16(request + 8, (guint)rfb->frame->height);
    return give(rfb, request, sizeof request, error);
}

typedef struct {
    guint x, y, width, height;
    gint32 encoding;
} Rect;

static gboolean take_raw(Rfb *rfb, const Rect *rect, GError **error)
{
    if (rect->x + rect->width > (guint)rfb->frame->width ||
        rect->y + rect->height > (guint)rfb->frame->height)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends pixels outside of its screen");
    g_autofree guint32 *row = g_new(guint32, MAX(rect->width, 1));
    for (guint y = rect->y; y < rect->y + rect->height; y++) {
        guint32 *pixels = frame_row(rfb->frame, (int)y) + rect->x;
        if (!take(rfb, row, rect->width * sizeof *row, error))
            return FALSE;
        for (guint x = 0; x < rect->width; x++) {
            rfb->missing -= (pixels[x] & ARRIVED) == 0;
            pixels[x] = row[x] | ARRIVED;
        }
    }
    return TRUE;
}

/* One rectangle of an update; *@ret_last: no more follow, whatever was announced. */
static gboolean take_rect(Rfb *rfb, gboolean *ret_last, GError **error)
{
    guint8 head[12];
    if (!take(rfb, head, sizeof head, error))
        return FALSE;
    Rect rect = { get16(head), get16(head + 2), get16(head + 4), get16(head + 6),
                  (gint32)get32(head + 8) };
    switch (rect.encoding) {
    case ENCODING_RAW:
        return take_raw(rfb, &rect, error);
    case ENCODING_DESKTOP_SIZE:
        return set_size(rfb, rect.width, rect.height, error);
    case ENCODING_LAST_RECT:
        *ret_last = TRUE;
        return TRUE;
    default:
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends encoding %d, which was not asked for",
                         rect.encoding);
    }
}

static gboolean take_update(Rfb *rfb, GError **error)
{
    guint8 head[3];
    if (!take(rfb, head, sizeof head, error))
        return FALSE;
    gboolean last = FALSE;
    for (guint i = 0; i < get16(head + 1) && !last; i++)
        if (!take_rect(rfb, &last, error))
            return FALSE;
    /* a part only, or the screen has another size now */
    return rfb->missing == 0 || request_all(rfb, error);
}

static gboolean take_message(Rfb *rfb, GError **error)
{
    guint8 type, head[5];
    if (!take(rfb, &type, 1, error))
        return FALSE;
    switch (type) {
    case SERVER_UPDATE:
        return take_update(rfb, error);
    case SERVER_COLOUR_MAP:
        return take(rfb, head, 5, error) && skip(rfb, 6 * (gsize)get16(head + 3), error);
    case SERVER_BELL:
        return TRUE;
    case SERVER_CUT_TEXT: {
        if (!skip(rfb, 3, error))
            return FALSE;
        g_autofree char *text = take_text(rfb, error);
        return text != NULL;
    }
    default:
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The VNC server sends a message of unknown type %u", type);
    }
}

Frame *rfb_grab(int fd, guint limit_ms, GError **error)
{
    g_autofree Rfb *rfb = g_new0(Rfb, 1);
    rfb->fd = fd;
    rfb->deadline = g_get_monotonic_time() + 1000 * (gint64)limit_ms;
    gboolean good = shake_hands(rfb, error) && authenticate(rfb, error) &&
                    start_session(rfb, error) && set_formats(rfb, error) && request_all(rfb, error);
    while (good && rfb->missing > 0)
        good = take_message(rfb, error);
    if (!good)
        g_clear_pointer(&rfb->frame, frame_unref);
    return rfb->frame;
}

Frame *rfb_grab_socket(const char *path, guint limit_ms, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof address.sun_path) {
        error_set(error, VGPUCTL_ERROR_USAGE, "%s is too long for the path of a socket", path);
        return NULL;
    }
    memcpy(address.sun_path, path, strlen(path));
    /* non-blocking: connect() would wait for a server that accepts nobody */
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0) {
        error_set_errno(error, errno, "Connecting to the VNC server at %s", path);
        return NULL;
    }
    Frame *frame = rfb_grab(fd, limit_ms, error);
    if (frame == NULL)
        g_prefix_error(error, "%s: ", path);
    return frame;
}
