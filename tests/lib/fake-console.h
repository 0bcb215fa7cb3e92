/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * For tests: QEMU's console on D-Bus, as little of it as a display needs. Like the real one it is
 * the server of the authentication, and does nothing else while it waits for that.
 */
#pragma once

#include <gio/gio.h>
#include <gio/gunixfdlist.h>
#include <string.h>

#define FAKE_CONSOLE_PATH "/org/qemu/Display1/Console_0"

static const char fake_console_description[] =
    "<node>"
    " <interface name='org.qemu.Display1.Console'>"
    "  <method name='RegisterListener'><arg type='h'/></method>"
    "  <method name='SetUIInfo'><arg type='q'/><arg type='q'/><arg type='i'/><arg type='i'/>"
    "   <arg type='u'/><arg type='u'/></method>"
    "  <property name='Width' type='u' access='read'/>"
    "  <property name='Height' type='u' access='read'/>"
    " </interface>"
    " <interface name='org.qemu.Display1.Mouse'>"
    "  <property name='IsAbsolute' type='b' access='read'/>"
    " </interface>"
    "</node>";

#define FAKE_CLIPBOARD_PATH "/org/qemu/Display1/Clipboard"

static const char fake_clipboard_description[] =
    "<node><interface name='org.qemu.Display1.Clipboard'>"
    " <method name='Register'/><method name='Unregister'/>"
    " <method name='Grab'><arg type='u'/><arg type='u'/><arg type='as'/></method>"
    " <method name='Request'><arg type='u'/><arg type='as'/>"
    "  <arg type='s' direction='out'/><arg type='ay' direction='out'/></method>"
    "</interface></node>";

typedef struct {
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    int socket;
    GMutex lock;
    GCond changed;
    GDBusConnection *control;
    GDBusConnection *listener; /* the latest */
    guint registered;
    char *size; /* as asked for by SetUIInfo, how often */
    guint sizes;
    gboolean takes_all_sizes; /* not only the first one */
    GString *copied;          /* what was called of the clipboard, one after another */
    const char *guest_text;   /* the answer to Request */
    guint refusals;           /* of RegisterListener, to come */
    gboolean busy, waiting;   /* it does not go on with it; somebody waits for that */
} FakeConsole;

static inline GDBusConnection *fake_console_accept(int fd)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fd, &error);
    g_autoptr(GSocketConnection) stream = g_socket_connection_factory_create_connection(socket);
    g_autofree char *guid = g_dbus_generate_guid();
    return g_dbus_connection_new_sync(G_IO_STREAM(stream), guid,
                                      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_SERVER |
                                          G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                                      NULL, NULL, &error);
}

static inline void fake_console_register(FakeConsole *qemu, GDBusMethodInvocation *invocation)
{
    g_mutex_lock(&qemu->lock);
    gboolean refuses = qemu->refusals > 0;
    qemu->refusals -= refuses;
    while (qemu->busy) {
        qemu->waiting = TRUE;
        g_cond_wait(&qemu->changed, &qemu->lock);
    }
    g_mutex_unlock(&qemu->lock);
    if (refuses) {
        g_dbus_method_invocation_return_dbus_error(invocation, "org.qemu.Display1.Error.Failed",
                                                   "not now");
        return;
    }
    GDBusMessage *message = g_dbus_method_invocation_get_message(invocation);
    int fd = g_unix_fd_list_get(g_dbus_message_get_unix_fd_list(message), 0, NULL);
    g_dbus_method_invocation_return_value(invocation, NULL);
    GDBusConnection *listener = fake_console_accept(fd);
    if (listener == NULL)
        return; /* who asked has gone */
    g_dbus_connection_start_message_processing(listener);
    g_mutex_lock(&qemu->lock);
    g_clear_object(&qemu->listener);
    qemu->listener = listener;
    qemu->registered++;
    g_cond_signal(&qemu->changed);
    g_mutex_unlock(&qemu->lock);
}

static inline void fake_console_call(GDBusConnection *connection, const char *sender,
                                     const char *path, const char *interface, const char *method,
                                     GVariant *parameters, GDBusMethodInvocation *invocation,
                                     gpointer data)
{
    FakeConsole *qemu = data;
    if (g_str_equal(method, "RegisterListener")) {
        fake_console_register(qemu, invocation);
        return;
    }
    g_mutex_lock(&qemu->lock);
    gboolean takes = qemu->size == NULL || qemu->takes_all_sizes;
    qemu->sizes++;
    g_free(qemu->size);
    qemu->size = g_variant_print(parameters, FALSE);
    g_cond_signal(&qemu->changed);
    g_mutex_unlock(&qemu->lock);
    if (takes)
        g_dbus_method_invocation_return_value(invocation, NULL);
    else
        g_dbus_method_invocation_return_dbus_error(
            invocation, "org.qemu.Display1.Error.Unsupported", "SetUIInfo is not supported");
}

static inline void fake_clipboard_call(GDBusConnection *connection, const char *sender,
                                       const char *path, const char *interface, const char *method,
                                       GVariant *parameters, GDBusMethodInvocation *invocation,
                                       gpointer data)
{
    FakeConsole *qemu = data;
    g_autofree char *text = g_variant_print(parameters, FALSE);
    g_mutex_lock(&qemu->lock);
    g_string_append_printf(qemu->copied, "%s%s ", method, text);
    g_mutex_unlock(&qemu->lock);
    GVariant *answer = NULL;
    if (g_str_equal(method, "Request"))
        answer = g_variant_new("(s@ay)", "text/plain;charset=utf-8",
                               g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, qemu->guest_text,
                                                         strlen(qemu->guest_text), 1));
    g_dbus_method_invocation_return_value(invocation, answer);
}

static inline GVariant *fake_console_property(GDBusConnection *connection, const char *sender,
                                              const char *path, const char *interface,
                                              const char *name, GError **error, gpointer data)
{
    return g_str_equal(name, "IsAbsolute") ? g_variant_new_boolean(TRUE) : g_variant_new_uint32(4);
}

static inline gpointer fake_console_run(gpointer data)
{
    static const GDBusInterfaceVTable table = { .method_call = fake_console_call,
                                                .get_property = fake_console_property };
    FakeConsole *qemu = data;
    g_main_context_push_thread_default(qemu->context);
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(fake_console_description, NULL);
    qemu->control = fake_console_accept(qemu->socket);
    for (guint i = 0; node->interfaces[i] != NULL; i++)
        g_assert_cmpuint(g_dbus_connection_register_object(qemu->control, FAKE_CONSOLE_PATH,
                                                           node->interfaces[i], &table, qemu, NULL,
                                                           NULL),
                         >, 0);
    static const GDBusInterfaceVTable clipboard = { .method_call = fake_clipboard_call };
    g_autoptr(GDBusNodeInfo) more = g_dbus_node_info_new_for_xml(fake_clipboard_description, NULL);
    g_assert_cmpuint(g_dbus_connection_register_object(qemu->control, FAKE_CLIPBOARD_PATH,
                                                       more->interfaces[0], &clipboard, qemu, NULL,
                                                       NULL),
                     >, 0);
    g_dbus_connection_start_message_processing(qemu->control);
    g_main_loop_run(qemu->loop);
    g_main_context_pop_thread_default(qemu->context);
    return NULL;
}

/* Serves on @fd, a connected socket, which is taken over. */
static inline void fake_console_start(FakeConsole *qemu, int fd)
{
    qemu->socket = fd;
    qemu->copied = g_string_new(NULL);
    qemu->context = g_main_context_new();
    qemu->loop = g_main_loop_new(qemu->context, FALSE);
    g_mutex_init(&qemu->lock);
    g_cond_init(&qemu->changed);
    qemu->thread = g_thread_new("qemu", fake_console_run, qemu);
}

static inline void fake_console_stop(FakeConsole *qemu)
{
    g_main_loop_quit(qemu->loop);
    g_thread_join(qemu->thread);
    g_object_unref(qemu->control);
    g_clear_object(&qemu->listener);
    g_main_loop_unref(qemu->loop);
    g_main_context_unref(qemu->context);
    g_mutex_clear(&qemu->lock);
    g_cond_clear(&qemu->changed);
    g_free(qemu->size);
    g_string_free(qemu->copied, TRUE);
}

/* Until that many listeners have been registered. */
static inline void fake_console_await(FakeConsole *qemu, guint count)
{
    g_mutex_lock(&qemu->lock);
    while (qemu->registered < count)
        g_cond_wait(&qemu->changed, &qemu->lock);
    g_mutex_unlock(&qemu->lock);
}
