/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The control connection to QEMU's D-Bus display (QEMU docs/interop/dbus-display.rst) and its first
 * graphical console, without a bus: both ends of a socket pair, on which QEMU is the one who
 * authenticates. QEMU keeps one such connection; a second one takes the place of the first.
 *
 * Main context, unless a function says otherwise. What may wait for QEMU has a limit.
 */
#pragma once

#include <gio/gio.h>

#define DBUS_CONSOLE_CALL_LIMIT_MS 10000

typedef struct DbusConsole DbusConsole;

/*
 * A client's D-Bus connection over the connected socket @fd, which is taken over in any case. Any
 * thread; its signals come to the thread's default context. NULL with @error set:
 * VGPUCTL_ERROR_TIMEOUT when the other side does not authenticate us within @limit_ms.
 */
GDBusConnection *dbus_connect(int fd, GDBusConnectionFlags more, guint limit_ms, GError **error);

/*
 * @fd: our end of what QEMU got by add_client "@dbus-display"; taken over in any case. NULL with
 * @error set: VGPUCTL_ERROR_NOT_FOUND when this QEMU has no graphical console.
 */
DbusConsole *dbus_console_new(int fd, guint limit_ms, GError **error);

/* Its source, its input and its clipboard have a reference each. */
DbusConsole *dbus_console_ref(DbusConsole *console);
void dbus_console_unref(DbusConsole *console);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(DbusConsole, dbus_console_unref)

/* Borrowed. */
GDBusConnection *dbus_console_connection(const DbusConsole *console);

/* The size QEMU's pointer positions are counted in, and whether there are any: as QEMU last said.
 */
void dbus_console_size(const DbusConsole *console, guint *ret_width, guint *ret_height);
gboolean dbus_console_is_absolute(const DbusConsole *console);

/*
 * Calls @method of org.qemu.Display1.@interface; @parameters is consumed, @done may be NULL. It is
 * also called, with G_IO_ERROR_CANCELLED, after the console is gone.
 */
void dbus_console_call(DbusConsole *console, const char *interface, const char *method,
                       GVariant *parameters, GAsyncReadyCallback done, gpointer userdata);

/*
 * Has QEMU send its pictures to the socket @fd, which is taken over. As soon as QEMU has answered
 * it waits, with the VM standing still, for somebody to authenticate at the other end of it
 * (ui/dbus-console.c, dbus_console_register_listener): a thread must be about to.
 */
gboolean dbus_console_register_listener(DbusConsole *console, int fd, guint limit_ms,
                                        GError **error);

/* The same without waiting for the answer, which dbus_console_register_listener_finish() reads. */
void dbus_console_register_listener_async(DbusConsole *console, int fd, GCancellable *cancellable,
                                          GAsyncReadyCallback done, gpointer userdata);
gboolean dbus_console_register_listener_finish(GObject *connection, GAsyncResult *result,
                                               GError **error);

/*
 * Asks for another mode. VGPUCTL_ERROR_REFUSED when QEMU has said before that this console has
 * none; the first time, that is only known later. One request is under way at a time, of those that
 * come meanwhile the latest is made then.
 */
gboolean dbus_console_resize(DbusConsole *console, int width, int height, GError **error);

typedef struct {
    /* The size (dbus_console_size()) is another one. */
    void (*resized)(gpointer userdata);
    /* QEMU ended or dropped us; the last thing that is said. */
    void (*closed)(gpointer userdata);
} DbusConsoleWatch;

/* One watcher, borrowed; NULL ends the watch. */
void dbus_console_watch(DbusConsole *console, const DbusConsoleWatch *watch, gpointer userdata);
