/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A viewer for tests, in the main context: it says what it is told to, and keeps the picture it is
 * sent. It is strict: what a viewer may not be sent ends the test.
 */
#pragma once

#include "display/pixel-format.h"
#include "display/rect.h"
#include "tests/lib/rfb-decoder.h"

typedef struct {
    int fd;
    guint watch;
    gsize reads_at_once;     /* bytes; 0: as many as there are */
    gboolean asks;           /* for the next update, as soon as it has one */
    gboolean answers_fences; /* of the server */
    GByteArray *got;
    guint rects_left; /* of the update that it reads */
    gboolean greeted, ended;

    char name[64];
    PixelFormat format;
    PixelFormat next_format; /* from the answer to its fence "format" on */
    int width, height;
    RfbDecoder *decoder; /* from ServerInit on */
    const guint32 *pixels;
    guint n_updates, n_fences, n_ends; /* messages; the server's fences, EndOfContinuousUpdates */
    guint32 last_fence;                /* number in the server's last fence */
    GString *said;           /* what else it was told, "size 640x480 by 0 status 0, ", ... */
    guint32 cursor[16 * 16]; /* as it came, where there is room for it */
} RfbClient;

/* Takes over @fd, behind the security handshake; says ClientInit. */
RfbClient *rfb_client_new(int fd);
void rfb_client_free(RfbClient *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(RfbClient, rfb_client_free)

/* Reads, or not: the line fills up. */
void rfb_client_listen(RfbClient *client, gboolean listens);

/* Blocks while the server does not read. */
void rfb_client_say(RfbClient *client, gconstpointer bytes, gsize size);
void rfb_client_set_format(RfbClient *client, const PixelFormat *format);
void rfb_client_set_encodings(RfbClient *client, const gint32 *encodings, guint n);
void rfb_client_ask(RfbClient *client, gboolean incremental, Rect area);
void rfb_client_set_continuous(RfbClient *client, gboolean enable, Rect area);
void rfb_client_fence(RfbClient *client, guint32 flags, const char *payload);
void rfb_client_answer(RfbClient *client, guint32 fence); /* one of the server's */
void rfb_client_resize(RfbClient *client, int width, int height, guint screens);

#define rfb_client_encodings(client, ...)                                                          \
    rfb_client_set_encodings(client, (const gint32[]){ __VA_ARGS__ },                              \
                             sizeof((const gint32[]){ __VA_ARGS__ }) / sizeof(gint32))

/* The whole picture, and more. */
#define RFB_CLIENT_ALL ((Rect){ 0, 0, 0xffff, 0xffff })
