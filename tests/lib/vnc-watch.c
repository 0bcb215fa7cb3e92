/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A viewer that is not ours (libvncclient), without a window: counts what it is shown and says so
 * as JSON when its time is over.
 *
 *     vnc-watch SOCKET [--encodings LIST] [--quality N] [--compress N] [--foreign-format]
 *               [--seconds S] [--frames N] [--until FILE] [--save FILE]
 *
 * "updates": FramebufferUpdates; "frames": pictures whose numbers (guest/strip.h) could be read and
 * were others than the ones before; "torn": pictures of two frames. It ends before its time when it
 * saw N frames, or the picture is that of a FILE that was saved before ("done"). A FILE is a binary
 * PPM.
 */
#include <glib.h>
#include <rfb/rfbclient.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "strip.h"

typedef struct {
    gint64 updates, frames, torn, unreadable, resizes;
    uint32_t number;
    gboolean has_number, done;
} Seen;

static char *encodings, *save, *until;
static int quality = -1, compression = -1;
static double seconds = 10;
static gint64 frames_most = G_MAXINT64;
static gboolean foreign_format;

static const GOptionEntry entries[] = {
    { "encodings", 0, 0, G_OPTION_ARG_STRING, &encodings, "", "LIST" },
    { "quality", 0, 0, G_OPTION_ARG_INT, &quality, "", "N" },
    { "compress", 0, 0, G_OPTION_ARG_INT, &compression, "", "N" },
    { "foreign-format", 0, 0, G_OPTION_ARG_NONE, &foreign_format, "", NULL },
    { "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &seconds, "", "S" },
    { "frames", 0, 0, G_OPTION_ARG_INT64, &frames_most, "", "N" },
    { "until", 0, 0, G_OPTION_ARG_FILENAME, &until, "", "FILE" },
    { "save", 0, 0, G_OPTION_ARG_FILENAME, &save, "", "FILE" },
    { NULL },
};

/* Only there to be found again. */
static int tag;

static void read_strip(const rfbClient *client, Seen *seen)
{
    uint32_t number;
    StripResult result =
        strip_decode((const uint32_t *)(gpointer)client->frameBuffer, (unsigned)client->width,
                     (unsigned)client->height, (size_t)client->width * 4, &number);
    if (result == STRIP_TORN)
        seen->torn++;
    else if (result != STRIP_OK)
        seen->unreadable++;
    else if (!seen->has_number || number != seen->number)
        seen->frames++;
    if (result == STRIP_OK) {
        seen->number = number;
        seen->has_number = TRUE;
    }
}

static void on_update(rfbClient *client)
{
    Seen *seen = rfbClientGetClientData(client, &tag);
    seen->updates++;
    read_strip(client, seen);
}

static rfbBool on_resize(rfbClient *client)
{
    Seen *seen = rfbClientGetClientData(client, &tag);
    seen->resizes++;
    g_free(client->frameBuffer);
    client->frameBuffer = g_malloc0((gsize)client->width * (gsize)client->height * 4);
    return TRUE;
}

static rfbClient *client_new(const char *path, Seen *seen)
{
    rfbClient *client = rfbGetClient(8, 3, 4);
    if (!foreign_format) { /* as a Frame has it, which strip_decode() reads */
        client->format.redShift = 16;
        client->format.blueShift = 0;
    }
    client->appData.encodingsString = encodings != NULL ? encodings : "tight zrle raw";
    client->appData.enableJPEG = quality >= 0;
    client->appData.qualityLevel = quality;
    client->appData.compressLevel = compression;
    client->canHandleNewFBSize = TRUE;
    client->MallocFrameBuffer = on_resize;
    client->FinishedFrameBufferUpdate = on_update;
    client->serverHost = strdup(path);
    rfbClientSetClientData(client, &tag, seen);
    return client;
}

/* As a binary PPM. */
static GBytes *picture_of(const rfbClient *client)
{
    gsize n = (gsize)client->width * (gsize)client->height;
    const guint32 *pixels = (const guint32 *)(gpointer)client->frameBuffer;
    g_autofree char *header = g_strdup_printf("P6\n%d %d\n255\n", client->width, client->height);
    GByteArray *picture = g_byte_array_new();
    g_byte_array_append(picture, (const guint8 *)header, (guint)strlen(header));
    for (gsize i = 0; i < n; i++) {
        guint8 colours[] = { (guint8)(pixels[i] >> client->format.redShift),
                             (guint8)(pixels[i] >> client->format.greenShift),
                             (guint8)(pixels[i] >> client->format.blueShift) };
        g_byte_array_append(picture, colours, sizeof colours);
    }
    return g_byte_array_free_to_bytes(picture);
}

static gboolean is_done(const rfbClient *client, const Seen *seen, GBytes *wanted)
{
    if (wanted == NULL)
        return seen->frames >= frames_most;
    g_autoptr(GBytes) picture = picture_of(client);
    return g_bytes_equal(picture, wanted);
}

/* Until it is done or time is over. FALSE: the server has ended. */
static gboolean watch(rfbClient *client, Seen *seen, GBytes *wanted)
{
    gint64 end_us = g_get_monotonic_time() + (gint64)(seconds * G_USEC_PER_SEC);
    while (!seen->done) {
        gint64 left_us = end_us - g_get_monotonic_time();
        if (left_us <= 0)
            break;
        int ready = WaitForMessage(client, (unsigned)left_us);
        if (ready < 0 || (ready > 0 && !HandleRFBServerMessage(client)))
            return FALSE;
        seen->done = is_done(client, seen, wanted);
    }
    return TRUE;
}

static GBytes *load(const char *path, GError **error)
{
    char *text;
    gsize size;
    if (!g_file_get_contents(path, &text, &size, error))
        return NULL;
    return g_bytes_new_take(text, size);
}

static gboolean save_picture(const rfbClient *client, GError **error)
{
    g_autoptr(GBytes) picture = picture_of(client);
    return g_file_set_contents(save, g_bytes_get_data(picture, NULL),
                               (gssize)g_bytes_get_size(picture), error);
}

static double spent_ms(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000;
}

static void tell(const rfbClient *client, const Seen *seen, double watched_s, gboolean alive)
{
    printf("{\"width\": %d, \"height\": %d, \"seconds\": %.3f, \"updates\": %" G_GINT64_FORMAT
           ", \"frames\": %" G_GINT64_FORMAT ", \"torn\": %" G_GINT64_FORMAT
           ", \"unreadable\": %" G_GINT64_FORMAT ", \"resizes\": %" G_GINT64_FORMAT
           ", \"number\": %u, \"cpu_ms\": %.1f, \"done\": %s, \"alive\": %s}\n",
           client->width, client->height, watched_s, seen->updates, seen->frames, seen->torn,
           seen->unreadable, seen->resizes, seen->number, spent_ms(), seen->done ? "true" : "false",
           alive ? "true" : "false");
}

static void quiet(const char *format, ...)
{
}

int main(int argc, char **argv)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GOptionContext) options = g_option_context_new("SOCKET");
    Seen seen = { 0 };
    g_option_context_add_main_entries(options, entries, NULL);
    if (!g_option_context_parse(options, &argc, &argv, &error) || argc != 2) {
        fprintf(stderr, "vnc-watch: %s\n", error != NULL ? error->message : "Which socket?");
        return 2;
    }
    g_autoptr(GBytes) wanted = until != NULL ? load(until, &error) : NULL;
    if (error != NULL) {
        fprintf(stderr, "vnc-watch: %s\n", error->message);
        return 1;
    }
    rfbClientLog = quiet;
    rfbClient *client = client_new(argv[1], &seen);
    if (!rfbInitClient(client, NULL, NULL)) { /* frees it */
        fprintf(stderr, "vnc-watch: cannot connect to %s\n", argv[1]);
        return 1;
    }
    gint64 begin_us = g_get_monotonic_time();
    gboolean alive = watch(client, &seen, wanted);
    double watched_s = (double)(g_get_monotonic_time() - begin_us) / G_USEC_PER_SEC;
    if (save != NULL && !save_picture(client, &error)) {
        fprintf(stderr, "vnc-watch: %s\n", error->message);
        return 1;
    }
    tell(client, &seen, watched_s, alive);
    g_free(g_steal_pointer(&client->frameBuffer));
    rfbClientCleanup(client);
    return 0;
}
