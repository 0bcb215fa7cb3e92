/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A client of QEMU's own VNC server (RFC 6143; QEMU ui/vnc.c): security type None, raw pixels. For
 * consoles that QEMU shows to nobody else: virgl where its pictures cannot be exported.
 *
 * Nothing the server sends is believed: every size has a limit, and what it was not asked for ends
 * the session. One thread reads; any may send what fits into a few bytes.
 */
#pragma once

#include "display/cursor.h"
#include "display/frame.h"
#include "display/rect.h"

typedef struct QemuVnc QemuVnc;

/* What the server may send beside raw pixels, -1 for the end. */
extern const gint32 qemu_vnc_plain[]; /* another size */
extern const gint32 qemu_vnc_full[];  /* and the pointer, QEMU's keys, sizes we ask for */

/* A connected socket; -1 with @error set. */
int qemu_vnc_connect(const char *path, GError **error);

/*
 * Opens a session on the connected socket @fd, which is borrowed, until @deadline_us
 * (g_get_monotonic_time(); -1: none), which is also that of all that follows. NULL with @error set:
 * VGPUCTL_ERROR_TIMEOUT, VGPUCTL_ERROR_ACCESS when the server wants a password,
 * VGPUCTL_ERROR_INVALID when it does not speak RFB.
 */
QemuVnc *qemu_vnc_new(int fd, const gint32 *encodings, gint64 deadline_us, GError **error);
void qemu_vnc_free(QemuVnc *client);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(QemuVnc, qemu_vnc_free)

void qemu_vnc_set_deadline(QemuVnc *client, gint64 deadline_us);

/* Asks for the whole screen, or for what changes next. */
gboolean qemu_vnc_request(QemuVnc *client, gboolean incremental, GError **error);

/* Pixels of the screen that have not arrived yet. */
gsize qemu_vnc_missing(const QemuVnc *client);

/* The screen, borrowed; who keeps it takes a reference, and then it does not change. */
Frame *qemu_vnc_frame(const QemuVnc *client);

/* Whether the server says something, at once or within @limit_ms. */
gboolean qemu_vnc_await(const QemuVnc *client, guint limit_ms);

/* What one message of the server's brought. */
typedef struct {
    gboolean update;  /* it was the answer to a request, be it empty */
    GArray *rects;    /* Rect: what was drawn */
    gboolean resized; /* the screen is a new one */
    gboolean refused; /* to be resized as we asked */
    Cursor *cursor;   /* another pointer, or NULL */
} QemuVncNews;

void qemu_vnc_news_clear(QemuVncNews *news);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(QemuVncNews, qemu_vnc_news_clear)

/* Reads one message. FALSE with @error set: VGPUCTL_ERROR_NOT_FOUND, the server hung up. */
gboolean qemu_vnc_read(QemuVnc *client, QemuVncNews *ret_news, GError **error);

/* What its user does; without waiting, from any thread: FALSE when the server does not read. */
gboolean qemu_vnc_send_key(int fd, guint qnum, gboolean down);
gboolean qemu_vnc_send_pointer(int fd, guint x, guint y, guint8 buttons);
gboolean qemu_vnc_send_size(int fd, guint width, guint height);
