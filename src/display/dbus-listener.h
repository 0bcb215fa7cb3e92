/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The receiving end of QEMU's pictures: org.qemu.Display1.Listener on a connection and a thread of
 * its own (QEMU ui/dbus-display1.xml, ui/dbus-listener.c).
 *
 * QEMU sends without regard to whether anybody reads, and what is not read grows in its memory; for
 * some answers it waits with the VM standing still. So the thread does nothing but pass on what
 * comes, and the handlers, which it calls, may neither wait nor draw.
 *
 * That holds for a process that runs. One that is stopped (SIGSTOP, a debugger) makes QEMU grow by
 * what its guest draws, hundreds of megabytes a second, until it runs again or is killed.
 */
#pragma once

#include "display/cursor.h"
#include "display/dbus-console.h"
#include "display/rect.h"

/* A dma-buf as QEMU describes it. */
typedef struct {
    int fd;                      /* to be taken over */
    guint32 x, y, width, height; /* the picture's part of the buffer */
    guint32 backing_width, backing_height;
    guint32 stride, offset;
    guint32 fourcc;
    guint64 modifier;
    gboolean bottom_first;
    guint planes;
} DbusDmabuf;

typedef struct {
    /* A whole picture; @data is borrowed, an "ay" to be referenced and not copied. */
    void (*scanout)(gpointer userdata, guint32 width, guint32 height, guint32 stride,
                    guint32 pixman_format, GVariant *data);
    /* A part of the picture. */
    void (*update)(gpointer userdata, Rect rect, guint32 stride, guint32 pixman_format,
                   GVariant *data);
    /* A whole picture in shared memory; @fd is taken over. FALSE with @error: QEMU sends scanouts
     * from now on. */
    gboolean (*scanout_map)(gpointer userdata, int fd, guint32 offset, guint32 width,
                            guint32 height, guint32 stride, guint32 pixman_format, GError **error);
    void (*scanout_dmabuf)(gpointer userdata, const DbusDmabuf *dmabuf);
    /* What was given last, shared memory or dma-buf, has changed. */
    void (*changed)(gpointer userdata, Rect rect);
    void (*disable)(gpointer userdata);
    /* @cursor: NULL, the one defined last is to be seen, or not. */
    void (*cursor)(gpointer userdata, Cursor *cursor, gboolean visible);
    /* QEMU ended or dropped us. */
    void (*closed)(gpointer userdata);
} DbusListenerHandlers;

typedef struct DbusListener DbusListener;

/* Registers with @console. Main context; @handlers is borrowed for as long as it lives. */
DbusListener *dbus_listener_new(DbusConsole *console, const DbusListenerHandlers *handlers,
                                gpointer userdata, GError **error);
/* How it ended; @failure: NULL, pictures come. */
typedef void (*DbusListenerDone)(const GError *failure, gpointer userdata);

/*
 * As dbus_listener_new(), but waits for nothing: QEMU may be busy for long. @done is called in the
 * main context with what came of it, once, and not when it is freed before; it may free it. The
 * handlers may be called before.
 */
DbusListener *dbus_listener_start(DbusConsole *console, const DbusListenerHandlers *handlers,
                                  gpointer userdata, DbusListenerDone done, GError **error);
/*
 * No handler is called any more, although QEMU may go on sending until dbus_listener_free(): it
 * takes the end of a listener for that of the one which has taken its place (7.2,
 * ui/dbus-console.c, listener_vanished_cb), so it must have time to drop the old one first.
 */
void dbus_listener_retire(DbusListener *listener);
/* Ends the connection and joins the thread: no handler is called any more. */
void dbus_listener_free(DbusListener *listener);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusListener, dbus_listener_free)
