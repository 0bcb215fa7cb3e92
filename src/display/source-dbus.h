/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * QEMU's D-Bus display as a source: every kind of console QEMU has, at the rate at which the guest
 * draws. QEMU 7.2 sends pixels; since 9.2 they are read out of shared memory where the console has
 * that; with gl=on it passes dma-bufs on.
 *
 * One thread hears QEMU, always at once (display/dbus-listener.h); another draws what is newest on
 * the screen when somebody wants it. What lies between does not grow.
 */
#pragma once

#include "display/dbus-console.h"
#include "display/source.h"

/* Why a picture is not shown; any thread. */
typedef void (*DbusUnreadable)(const GError *reason, gpointer userdata);

typedef struct {
    Screen *screen;   /* borrowed */
    const char *node; /* the DRM node to read dma-bufs by which cannot be mapped, or NULL */
    /* VGPUCTL_ERROR_NOT_FOUND: QEMU ended or dropped us. */
    SourceEnded ended;
    /* NULL, or: told of each reason once, and of a few only, as the guest chooses what it draws.
     * Viewers keep the last picture, and get the next one that can be read. */
    DbusUnreadable unreadable;
    gpointer userdata;
} DbusSourceSpec;

/*
 * The picture of @console, which is kept. screen_cancel() before source_free() spares that up to a
 * second.
 */
Source *dbus_source_new(DbusConsole *console, const DbusSourceSpec *spec, GError **error);
