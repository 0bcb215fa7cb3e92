/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-console.h"

#include <gio/gunixfdlist.h>
#include <unistd.h>

#include "base/error.h"

#define PREFIX "org.qemu.Display1."
#define PATH "/org/qemu/Display1/Console_0"
#define PROPERTIES "org.freedesktop.DBus.Properties"

/* What CSS and every desktop takes a screen for whose size it does not know. */
#define DPI 96

struct DbusConsole {
    grefcount references;
    GDBusConnection *connection;
    guint properties; /* subscription */
    gulong closed;    /* signal */
    GCancellable *cancellable;
    guint32 width, height;
    gboolean absolute;
    char *no_resize;             /* why QEMU refused, or NULL */
    gboolean resizing;           /* QEMU was asked and has not answered */
    int next_width, next_height; /* what is to be asked for then; 0: nothing */
    const DbusConsoleWatch *watch;
    gpointer userdata;
};

/* Ends a call that takes too long; GDBus has no time limit for connecting. */
typedef struct {
    GMutex lock;
    GCond over;
    gboolean done;
    gint64 deadline_us;
    GCancellable *cancellable;
} Limit;

static gpointer guard(gpointer data)
{
    Limit *limit = data;
    g_mutex_lock(&limit->lock);
    while (!limit->done && g_cond_wait_until(&limit->over, &limit->lock, limit->deadline_us))
        ;
    if (!limit->done)
        g_cancellable_cancel(limit->cancellable);
    g_mutex_unlock(&limit->lock);
    return NULL;
}

static GDBusConnection *connect_until(GIOStream *stream, GDBusConnectionFlags flags, guint limit_ms,
                                      GError **error)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    Limit limit = { .deadline_us = g_get_monotonic_time() + (gint64)limit_ms * 1000,
                    .cancellable = cancellable };
    g_mutex_init(&limit.lock);
    g_cond_init(&limit.over);
    GThread *thread = g_thread_new("dbus-limit", guard, &limit);
    GDBusConnection *connection =
        g_dbus_connection_new_sync(stream, NULL, flags, NULL, cancellable, error);
    g_mutex_lock(&limit.lock);
    limit.done = TRUE;
    g_cond_signal(&limit.over);
    g_mutex_unlock(&limit.lock);
    g_thread_join(thread);
    g_mutex_clear(&limit.lock);
    g_cond_clear(&limit.over);
    return connection;
}

GDBusConnection *dbus_connect(int fd, GDBusConnectionFlags more, guint limit_ms, GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, &reason);
    if (socket == NULL) {
        close(fd);
        error_set(error, VGPUCTL_ERROR_FAILED, "Using the socket to QEMU: %s", reason->message);
        return NULL;
    }
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    GDBusConnectionFlags flags = G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT | more;
    GDBusConnection *connection = connect_until(G_IO_STREAM(stream), flags, limit_ms, &reason);
    if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        error_set(error, VGPUCTL_ERROR_TIMEOUT,
                  "QEMU did not take our D-Bus connection within %u ms: it hangs or is very busy",
                  limit_ms);
    else if (reason != NULL)
        error_set(error, VGPUCTL_ERROR_FAILED, "Connecting to QEMU's D-Bus display: %s",
                  reason->message);
    return connection;
}

static void take_property(DbusConsole *console, const char *name, GVariant *value)
{
    if (g_str_equal(name, "Width") && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        console->width = g_variant_get_uint32(value);
    else if (g_str_equal(name, "Height") && g_variant_is_of_type(value, G_VARIANT_TYPE_UINT32))
        console->height = g_variant_get_uint32(value);
    else if (g_str_equal(name, "IsAbsolute") && g_variant_is_of_type(value, G_VARIANT_TYPE_BOOLEAN))
        console->absolute = g_variant_get_boolean(value);
}

static void take_properties(DbusConsole *console, GVariant *properties)
{
    GVariantIter iter;
    const char *name;
    GVariant *value;
    g_variant_iter_init(&iter, properties);
    while (g_variant_iter_loop(&iter, "{&sv}", &name, &value))
        take_property(console, name, value);
}

static void on_properties(GDBusConnection *connection, const char *sender, const char *path,
                          const char *interface, const char *signal, GVariant *parameters,
                          gpointer data)
{
    if (!g_variant_is_of_type(parameters, G_VARIANT_TYPE("(sa{sv}as)")))
        return;
    DbusConsole *console = data;
    guint32 width = console->width, height = console->height;
    g_autoptr(GVariant) changed = g_variant_get_child_value(parameters, 1);
    take_properties(console, changed);
    if (console->watch != NULL && (console->width != width || console->height != height))
        console->watch->resized(console->userdata);
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
    DbusConsole *console = data;
    const DbusConsoleWatch *watch = console->watch;
    console->watch = NULL;
    if (watch != NULL)
        watch->closed(console->userdata);
}

static gboolean ask_properties(DbusConsole *console, const char *interface, guint limit_ms,
                               GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_sync(
        console->connection, NULL, PATH, PROPERTIES, "GetAll", g_variant_new("(s)", interface),
        G_VARIANT_TYPE("(a{sv})"), G_DBUS_CALL_FLAGS_NONE, (int)limit_ms, NULL, &reason);
    if (answer == NULL) {
        VgpuctlError code = VGPUCTL_ERROR_FAILED;
        if (g_error_matches(reason, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_METHOD) ||
            g_error_matches(reason, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_OBJECT) ||
            g_error_matches(reason, G_DBUS_ERROR, G_DBUS_ERROR_UNKNOWN_INTERFACE) ||
            g_error_matches(reason, G_DBUS_ERROR, G_DBUS_ERROR_INVALID_ARGS))
            code = VGPUCTL_ERROR_NOT_FOUND;
        g_dbus_error_strip_remote_error(reason);
        return error_set(error, code, "This QEMU has no graphical console on D-Bus: %s",
                         reason->message);
    }
    g_autoptr(GVariant) properties = g_variant_get_child_value(answer, 0);
    take_properties(console, properties);
    return TRUE;
}

DbusConsole *dbus_console_new(int fd, guint limit_ms, GError **error)
{
    GDBusConnection *connection = dbus_connect(fd, G_DBUS_CONNECTION_FLAGS_NONE, limit_ms, error);
    if (connection == NULL)
        return NULL;
    g_autoptr(DbusConsole) console = g_new0(DbusConsole, 1);
    g_ref_count_init(&console->references);
    console->connection = connection;
    console->cancellable = g_cancellable_new();
    console->closed = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), console);
    console->properties = g_dbus_connection_signal_subscribe(
        connection, NULL, PROPERTIES, "PropertiesChanged", PATH, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        on_properties, console, NULL);
    /* a console of text only has neither keyboard nor mouse */
    if (!ask_properties(console, PREFIX "Console", limit_ms, error) ||
        !ask_properties(console, PREFIX "Mouse", limit_ms, error))
        return NULL;
    return g_steal_pointer(&console);
}

DbusConsole *dbus_console_ref(DbusConsole *console)
{
    g_ref_count_inc(&console->references);
    return console;
}

void dbus_console_unref(DbusConsole *console)
{
    if (console == NULL || !g_ref_count_dec(&console->references))
        return;
    g_cancellable_cancel(console->cancellable);
    g_signal_handler_disconnect(console->connection, console->closed);
    g_dbus_connection_signal_unsubscribe(console->connection, console->properties);
    g_dbus_connection_close(console->connection, NULL, NULL, NULL);
    g_object_unref(console->connection);
    g_object_unref(console->cancellable);
    g_free(console->no_resize);
    g_free(console);
}

GDBusConnection *dbus_console_connection(const DbusConsole *console)
{
    return console->connection;
}

void dbus_console_size(const DbusConsole *console, guint *ret_width, guint *ret_height)
{
    *ret_width = console->width;
    *ret_height = console->height;
}

gboolean dbus_console_is_absolute(const DbusConsole *console)
{
    return console->absolute;
}

void dbus_console_call(DbusConsole *console, const char *interface, const char *method,
                       GVariant *parameters, GAsyncReadyCallback done, gpointer userdata)
{
    g_autofree char *full = g_strconcat(PREFIX, interface, NULL);
    g_dbus_connection_call(console->connection, NULL, PATH, full, method, parameters, NULL,
                           G_DBUS_CALL_FLAGS_NONE, DBUS_CONSOLE_CALL_LIMIT_MS, console->cancellable,
                           done, userdata);
}

/* @given is taken over. */
static gboolean refuse_listener(GError *given, GError **error)
{
    g_autoptr(GError) reason = given;
    g_dbus_error_strip_remote_error(reason);
    return error_set(error, VGPUCTL_ERROR_FAILED, "QEMU does not send its picture: %s",
                     reason->message);
}

gboolean dbus_console_register_listener(DbusConsole *console, int fd, guint limit_ms,
                                        GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
    g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_sync(
        console->connection, NULL, PATH, PREFIX "Console", "RegisterListener",
        g_variant_new("(h)", 0), NULL, G_DBUS_CALL_FLAGS_NONE, (int)limit_ms, fds, NULL, NULL,
        &reason);
    return answer != NULL || refuse_listener(g_steal_pointer(&reason), error);
}

void dbus_console_register_listener_async(DbusConsole *console, int fd, GCancellable *cancellable,
                                          GAsyncReadyCallback done, gpointer userdata)
{
    g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array(&fd, 1);
    g_dbus_connection_call_with_unix_fd_list(console->connection, NULL, PATH, PREFIX "Console",
                                             "RegisterListener", g_variant_new("(h)", 0), NULL,
                                             G_DBUS_CALL_FLAGS_NONE, DBUS_CONSOLE_CALL_LIMIT_MS,
                                             fds, cancellable, done, userdata);
}

gboolean dbus_console_register_listener_finish(GObject *connection, GAsyncResult *result,
                                               GError **error)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish(
        G_DBUS_CONNECTION(connection), NULL, result, &reason);
    if (answer == NULL && g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
        g_propagate_error(error, g_steal_pointer(&reason));
        return FALSE;
    }
    return answer != NULL || refuse_listener(g_steal_pointer(&reason), error);
}

static guint16 millimetres(int pixels)
{
    return (guint16)MIN((gint64)pixels * 254 / (10 * DPI), G_MAXUINT16);
}

static void on_resized(GObject *object, GAsyncResult *result, gpointer data);

static void ask_size(DbusConsole *console, int width, int height)
{
    console->resizing = TRUE;
    dbus_console_call(console, "Console", "SetUIInfo",
                      g_variant_new("(qqiiuu)", millimetres(width), millimetres(height), 0, 0,
                                    (guint32)width, (guint32)height),
                      on_resized, console);
}

static void on_resized(GObject *object, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(object), result, &reason);
    if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the console is gone */
    DbusConsole *console = data;
    console->resizing = FALSE;
    /* without QEMU's word, it is the connection that ended, or it was too busy to answer */
    if (answer == NULL && g_dbus_error_is_remote_error(reason)) {
        g_dbus_error_strip_remote_error(reason);
        g_free(console->no_resize);
        console->no_resize = g_strdup(reason->message);
    }
    int width = console->next_width, height = console->next_height;
    console->next_width = console->next_height = 0;
    if (width != 0 && console->no_resize == NULL)
        ask_size(console, width, height);
}

/* Viewers may ask as often as they like: QEMU is asked again when it has answered, for the latest.
 */
gboolean dbus_console_resize(DbusConsole *console, int width, int height, GError **error)
{
    if (console->no_resize != NULL)
        return error_set(error, VGPUCTL_ERROR_REFUSED,
                         "This VM's display has no mode of its own choice: QEMU says '%s'",
                         console->no_resize);
    if (console->resizing) {
        console->next_width = width;
        console->next_height = height;
    } else {
        ask_size(console, width, height);
    }
    return TRUE;
}

void dbus_console_watch(DbusConsole *console, const DbusConsoleWatch *watch, gpointer userdata)
{
    console->watch = watch;
    console->userdata = userdata;
}
