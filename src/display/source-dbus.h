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

/*
 * The picture of @console on @screen; both outlive it or are kept. @node: the DRM node to read
 * dma-bufs by which cannot be mapped, or NULL. @ended gets VGPUCTL_ERROR_NOT_FOUND when QEMU ended
 * or dropped us, VGPUCTL_ERROR_REFUSED when its dma-bufs cannot be read here.
 * screen_cancel() before source_free() spares that up to a second.
 */
Source *dbus_source_new(DbusConsole *console, Screen *screen, const char *node, SourceEnded ended,
                        gpointer userdata, GError **error);
