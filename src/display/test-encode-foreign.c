/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvncclient, which Remmina and others are built on, makes of our rectangles. All a server
 * says is prepared and written at once; what the client says stays unread.
 */
#include "display/encode.h"

#include <math.h>

#if !HAVE_VNCCLIENT

int main(void)
{
    g_print("1..0 # SKIP libvncclient is missing: see tools/packages\n");
    return 0;
}

#else

#include <rfb/rfbclient.h>
#include <string.h>
#include <sys/socket.h>
#include <turbojpeg.h>
#include <unistd.h>

#include "base/file.h"
#include "tests/lib/pictures.h"
#include "tests/lib/seen.h"

#define WIDTH 421
#define HEIGHT 205

typedef struct {
    const char *name;
    PixelFormat format;
} Wanted;

static const Wanted wanted[] = {
    { "bgrx", { 32, 24, 0, 1, 255, 255, 255, 16, 8, 0 } },
    { "rgbx", { 32, 24, 0, 1, 255, 255, 255, 0, 8, 16 } },
    { "565", { 16, 16, 0, 1, 31, 63, 31, 11, 5, 0 } },
    { "233", { 8, 8, 0, 1, 7, 7, 3, 0, 3, 6 } },
};

typedef struct {
    GByteArray *said; /* by the server */
    int fd;
} Server;

static void say(GByteArray *out, const void *bytes, guint n)
{
    g_byte_array_append(out, bytes, n);
}

static void say_hello(GByteArray *out, const PixelFormat *format)
{
    const guint16 size[] = { GUINT16_TO_BE(WIDTH), GUINT16_TO_BE(HEIGHT) };
    guint8 wire[PIXEL_FORMAT_WIRE_BYTES];
    pixel_format_write(format, wire);
    say(out, "RFB 003.008\n", 12);
    say(out, "\1\1", 2);     /* one type of security: none */
    say(out, "\0\0\0\0", 4); /* which went well */
    say(out, size, sizeof size);
    say(out, wire, sizeof wire);
    say(out, "\0\0\0\4test", 8);
}

static void say_update(GByteArray *out, guint rects, const GByteArray *body)
{
    const guint8 head[] = { 0, 0, (guint8)(rects >> 8), (guint8)rects };
    say(out, head, sizeof head);
    say(out, body->data, body->len);
}

/* One picture in two updates, the second a part that was made before the first: as shared ones. */
static gboolean say_picture(GByteArray *out, EncodeSettings settings, const Frame *frame)
{
    g_autoptr(GByteArray) first = g_byte_array_new(), second = g_byte_array_new();
    EncodeResult later = encode_rect(&settings, frame, (Rect){ 64, 64, 200, 100 }, second);
    settings.stream_start = TRUE;
    EncodeResult now = encode_rect(&settings, frame, (Rect){ 0, 0, WIDTH, HEIGHT }, first);
    say_update(out, now.rects, first);
    say_update(out, later.rects, second);
    g_byte_array_set_size(first, 0);
    encode_copy((Rect){ 10, 20, 30, 40 }, 10, 20, first);
    say_update(out, 1, first);
    return now.lossy;
}

static gpointer write_all(gpointer data)
{
    const Server *server = data;
    g_assert_true(file_write_all(server->fd, server->said->data, server->said->len));
    return NULL;
}

static void count_update(rfbClient *client)
{
    guint *updates = rfbClientGetClientData(client, count_update);
    (*updates)++;
}

static void be_silent(const char *format, ...)
{
}

static rfbClient *connect_client(int fd, const PixelFormat *format, const char *encoding,
                                 guint *updates)
{
    rfbClient *client = rfbGetClient(8, 3, format->bits / 8);
    rfbPixelFormat asked = { .bitsPerPixel = format->bits,
                             .depth = format->depth,
                             .trueColour = 1,
                             .redMax = format->red_max,
                             .greenMax = format->green_max,
                             .blueMax = format->blue_max,
                             .redShift = format->red_shift,
                             .greenShift = format->green_shift,
                             .blueShift = format->blue_shift };
    client->format = asked;
    client->sock = fd;
    client->appData.encodingsString = encoding;
    client->FinishedFrameBufferUpdate = count_update;
    rfbClientSetClientData(client, count_update, updates);
    g_assert_true(InitialiseRFBConnection(client));
    client->width = client->si.framebufferWidth;
    client->height = client->si.framebufferHeight;
    g_assert_true(client->MallocFrameBuffer(client));
    return client;
}

static guint32 client_pixel(const rfbClient *client, const PixelFormat *format, int x, int y)
{
    guint bytes = format->bits / 8;
    guint32 pixel = 0, result = 0;
    const guint8 *at = client->frameBuffer + ((gsize)y * WIDTH + (gsize)x) * bytes;
    for (guint i = 0; i < bytes; i++)
        pixel |= (guint32)at[i] << 8 * i;
    const guint max[] = { format->blue_max, format->green_max, format->red_max };
    const guint shift[] = { format->blue_shift, format->green_shift, format->red_shift };
    for (guint i = 0; i < 3; i++)
        result |= ((pixel >> shift[i] & max[i]) * 255 + max[i] / 2) / max[i] << 8 * i;
    return result;
}

static void compare(const rfbClient *client, const PixelFormat *format, const Frame *frame,
                    gboolean lossy, double least_psnr)
{
    double squares = 0;
    for (int y = 0; y < HEIGHT; y++)
        for (int x = 0; x < WIDTH; x++) {
            guint32 drawn = client_pixel(client, format, x, y);
            guint32 original = seen_by(format, frame_row(frame, y)[x]);
            if (!lossy && drawn != original)
                g_error("at %d,%d: 0x%06x, not 0x%06x", x, y, drawn, original);
            for (int shift = 0; shift < 24; shift += 8)
                squares +=
                    pow((double)(original >> shift & 255) - (double)(drawn >> shift & 255), 2);
        }
    if (lossy)
        g_assert_cmpfloat(10 * log10(255 * 255 * 3.0 * WIDTH * HEIGHT / squares), >, least_psnr);
}

static void check(const Wanted *kind, const char *encoding, EncodeSettings settings,
                  const Frame *frame, double least_psnr)
{
    int fds[2];
    guint updates = 0;
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
    Server server = { g_byte_array_new(), fds[0] };
    settings.format = kind->format;
    say_hello(server.said, &kind->format);
    gboolean lossy = say_picture(server.said, settings, frame);
    GThread *writer = g_thread_new("server", write_all, &server);
    rfbClient *client = connect_client(fds[1], &kind->format, encoding, &updates);
    while (updates < 3)
        g_assert_true(HandleRFBServerMessage(client));
    compare(client, &kind->format, frame, lossy, least_psnr);
    g_thread_join(writer);
    free(client->frameBuffer);
    if (client->tjhnd != NULL) /* 0.9.14 forgets it */
        tjDestroy(g_steal_pointer(&client->tjhnd));
    rfbClientCleanup(client);
    close(fds[0]);
    g_byte_array_unref(server.said);
}

static void test_encoding(gconstpointer data)
{
    const EncodeSettings *settings = data;
    static const char *const names[] = {
        [ENCODE_RAW] = "raw", [ENCODE_TIGHT] = "tight", [ENCODE_ZRLE] = "zrle"
    };
    rfbClientLog = rfbClientErr = be_silent;
    for (gsize i = 0; i < G_N_ELEMENTS(picture_kinds); i++) {
        g_autoptr(Frame) frame = picture_new(&picture_kinds[i], WIDTH, HEIGHT, (guint32)i);
        for (gsize j = 0; j < G_N_ELEMENTS(wanted); j++) {
            g_test_message("%s, %s", picture_kinds[i].name, wanted[j].name);
            check(&wanted[j], names[settings->kind], *settings, frame,
                  picture_kinds[i].is_photo ? 28 : 9);
        }
    }
}

int main(int argc, char **argv)
{
    static const EncodeSettings raw = { .kind = ENCODE_RAW };
    static const EncodeSettings tight = { .kind = ENCODE_TIGHT };
    static const EncodeSettings gradient = { .kind = ENCODE_TIGHT, .gradient = TRUE };
    static const EncodeSettings packed = { .kind = ENCODE_TIGHT, .gradient = TRUE, .level = 9 };
    static const EncodeSettings jpeg = { .kind = ENCODE_TIGHT, .quality = 80, .subsampled = TRUE };
    static const EncodeSettings zrle = { .kind = ENCODE_ZRLE };
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/encode-foreign/raw", &raw, test_encoding);
    g_test_add_data_func("/encode-foreign/tight", &tight, test_encoding);
    g_test_add_data_func("/encode-foreign/tight-gradient", &gradient, test_encoding);
    g_test_add_data_func("/encode-foreign/tight-packed", &packed, test_encoding);
    g_test_add_data_func("/encode-foreign/tight-jpeg", &jpeg, test_encoding);
    g_test_add_data_func("/encode-foreign/zrle", &zrle, test_encoding);
    return g_test_run();
}

#endif
