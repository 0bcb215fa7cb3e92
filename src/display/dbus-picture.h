/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What QEMU's D-Bus display said last, between the thread that hears it and the one that draws it:
 * one picture and what changed in it, however much was said meanwhile. Any thread; nothing here
 * waits but dbus_picture_await().
 */
#pragma once

#include "display/dbus-listener.h"
#include "display/dbus-map.h"

/* Changed parts that are told apart; more become the rectangle around them. */
#define DBUS_PICTURE_RECTS 16

/*
 * QEMU 7.2 to 11 say "disable" also for a vGPU's old buffers, of which the newest is not one
 * (ui/dbus-listener.c, dbus_release_dmabuf). A screen that lives is updated again within one of
 * QEMU's refreshes, 30 ms; this leaves room for a busy machine.
 */
#define DBUS_PICTURE_DARK_MS 500

/* A dma-buf with its descriptor, counted by references. */
typedef struct {
    DbusDmabuf described;
} DbusBuffer;

DbusBuffer *dbus_buffer_ref(DbusBuffer *buffer);
void dbus_buffer_unref(DbusBuffer *buffer);

/* What there is to draw. One of the three, or none while @dark. */
typedef struct {
    Frame *frame;
    DbusMap *map;
    DbusBuffer *buffer;
    gboolean dark;  /* QEMU shows nothing */
    gboolean whole; /* another picture than that taken before; else @rects have changed */
    Rect rects[DBUS_PICTURE_RECTS]; /* within the picture */
    guint n_rects;
} DbusNews;

void dbus_news_clear(DbusNews *news);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(DbusNews, dbus_news_clear)

typedef struct DbusPicture DbusPicture;

DbusPicture *dbus_picture_new(void);
void dbus_picture_free(DbusPicture *picture);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusPicture, dbus_picture_free)

/* The handlers of DbusListenerHandlers. What is impossible is left out. */
void dbus_picture_scanout(DbusPicture *picture, guint32 width, guint32 height, guint32 stride,
                          guint32 pixman_format, GVariant *data);
void dbus_picture_update(DbusPicture *picture, Rect rect, guint32 stride, guint32 pixman_format,
                         GVariant *data);
gboolean dbus_picture_scanout_map(DbusPicture *picture, int fd, guint32 offset, guint32 width,
                                  guint32 height, guint32 stride, guint32 pixman_format,
                                  GError **error);
void dbus_picture_scanout_dmabuf(DbusPicture *picture, const DbusDmabuf *dmabuf);
void dbus_picture_changed(DbusPicture *picture, Rect rect);
void dbus_picture_disable(DbusPicture *picture);

/* Waits until there is something to draw; FALSE after dbus_picture_stop(). */
gboolean dbus_picture_await(DbusPicture *picture);
/* Takes all that is to be drawn; nothing when nothing was said since. */
void dbus_picture_take(DbusPicture *picture, DbusNews *ret_news);
/* Whether it is that wide and high. */
gboolean dbus_picture_has_size(DbusPicture *picture, guint width, guint height);
/* All of it is to be drawn once more. */
void dbus_picture_show_again(DbusPicture *picture);
void dbus_picture_stop(DbusPicture *picture);
