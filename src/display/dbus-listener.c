/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-listener.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/error.h"

#define PATH "/org/qemu/Display1/Listener"
#define LISTENER "org.qemu.Display1.Listener"
#define MAP LISTENER ".Unix.Map"
#define DMABUF2 LISTENER ".Unix.ScanoutDMABUF2"

/* ui/dbus-display1.xml of QEMU 11; older ones do not ask for what they do not know. */
static const char description[] =
    "<node>"
    " <interface name='" LISTENER "'>"
    "  <method name='Scanout'><arg type='u'/><arg type='u'/><arg type='u'/><arg type='u'/>"
    "   <arg type='ay'/></method>"
    "  <method name='Update'><arg type='i'/><arg type='i'/><arg type='i'/><arg type='i'/>"
    "   <arg type='u'/><arg type='u'/><arg type='ay'/></method>"
    "  <method name='ScanoutDMABUF'><arg type='h'/><arg type='u'/><arg type='u'/><arg type='u'/>"
    "   <arg type='u'/><arg type='t'/><arg type='b'/></method>"
    "  <method name='UpdateDMABUF'><arg type='i'/><arg type='i'/><arg type='i'/><arg type='i'/>"
    "  </method>"
    "  <method name='Disable'/>"
    "  <method name='MouseSet'><arg type='i'/><arg type='i'/><arg type='i'/></method>"
    "  <method name='CursorDefine'><arg type='i'/><arg type='i'/><arg type='i'/><arg type='i'/>"
    "   <arg type='ay'/></method>"
    "  <property name='Interfaces' type='as' access='read'/>"
    " </interface>"
    " <interface name='" MAP "'>"
    "  <method name='ScanoutMap'><arg type='h'/><arg type='u'/><arg type='u'/><arg type='u'/>"
    "   <arg type='u'/><arg type='u'/></method>"
    "  <method name='UpdateMap'><arg type='i'/><arg type='i'/><arg type='i'/><arg type='i'/>"
    "  </method>"
    " </interface>"
    " <interface name='" DMABUF2 "'>"
    "  <method name='ScanoutDMABUF2'><arg type='ah'/><arg type='u'/><arg type='u'/><arg type='u'/>"
    "   <arg type='u'/><arg type='au'/><arg type='au'/><arg type='u'/><arg type='u'/>"
    "   <arg type='u'/><arg type='u'/><arg type='t'/><arg type='b'/></method>"
    " </interface>"
    "</node>";

struct DbusListener {
    const DbusListenerHandlers *handlers;
    gpointer userdata;
    GThread *thread;
    GMainContext *context;
    GMainLoop *loop;
    int socket;  /* the thread's */
    int retired; /* atomic */
    /* how the thread got on */
    GMutex lock;
    GCond decided;
    gboolean is_decided;
    GError *failure;
    /* the main context's, of dbus_listener_start() */
    GSource *telling; /* ready once the thread has decided; NULL: nobody is to be told */
    DbusListenerDone done;
    GCancellable *cancellable;
    gboolean registered;
    int wake; /* the thread's socket once more, to end its connecting; -1: none */
};

/* Descriptor @index of the message, the caller's now; -1 with @error set. */
static int take_fd(GDBusMethodInvocation *invocation, int index, GError **error)
{
    GDBusMessage *message = g_dbus_method_invocation_get_message(invocation);
    GUnixFDList *fds = g_dbus_message_get_unix_fd_list(message);
    if (fds != NULL && index >= 0 && index < g_unix_fd_list_get_length(fds))
        return g_unix_fd_list_get(fds, index, error);
    error_set(error, VGPUCTL_ERROR_INVALID, "The message has no such descriptor");
    return -1;
}

typedef gboolean (*Method)(DbusListener *listener, GVariant *parameters,
                           GDBusMethodInvocation *invocation, GError **error);

static gboolean scanout(DbusListener *listener, GVariant *parameters,
                        GDBusMethodInvocation *invocation, GError **error)
{
    guint32 width, height, stride, format;
    g_autoptr(GVariant) data = NULL;
    g_variant_get(parameters, "(uuuu@ay)", &width, &height, &stride, &format, &data);
    listener->handlers->scanout(listener->userdata, width, height, stride, format, data);
    return TRUE;
}

static gboolean update(DbusListener *listener, GVariant *parameters,
                       GDBusMethodInvocation *invocation, GError **error)
{
    Rect rect;
    guint32 stride, format;
    g_autoptr(GVariant) data = NULL;
    g_variant_get(parameters, "(iiiiuu@ay)", &rect.x, &rect.y, &rect.width, &rect.height, &stride,
                  &format, &data);
    listener->handlers->update(listener->userdata, rect, stride, format, data);
    return TRUE;
}

static gboolean scanout_map(DbusListener *listener, GVariant *parameters,
                            GDBusMethodInvocation *invocation, GError **error)
{
    gint32 index;
    guint32 offset, width, height, stride, format;
    g_variant_get(parameters, "(huuuuu)", &index, &offset, &width, &height, &stride, &format);
    int fd = take_fd(invocation, index, error);
    return fd >= 0 && listener->handlers->scanout_map(listener->userdata, fd, offset, width, height,
                                                      stride, format, error);
}

static gboolean scanout_dmabuf(DbusListener *listener, GVariant *parameters,
                               GDBusMethodInvocation *invocation, GError **error)
{
    gint32 index;
    DbusDmabuf buffer = { .planes = 1 };
    /* what QEMU calls y0_top is the top of OpenGL's coordinates: row 0 is the lowest then
     * (ui/egl-headless.c, egl_scanout_flush: it turns the picture over) */
    g_variant_get(parameters, "(huuuutb)", &index, &buffer.width, &buffer.height, &buffer.stride,
                  &buffer.fourcc, &buffer.modifier, &buffer.bottom_first);
    buffer.backing_width = buffer.width;
    buffer.backing_height = buffer.height;
    buffer.fd = take_fd(invocation, index, error);
    if (buffer.fd >= 0)
        listener->handlers->scanout_dmabuf(listener->userdata, &buffer);
    return buffer.fd >= 0;
}

static guint32 first_of(GVariant *numbers)
{
    gsize n;
    const guint32 *elements = g_variant_get_fixed_array(numbers, &n, sizeof *elements);
    return n > 0 ? elements[0] : 0;
}

static gboolean scanout_dmabuf2(DbusListener *listener, GVariant *parameters,
                                GDBusMethodInvocation *invocation, GError **error)
{
    DbusDmabuf buffer = { .fd = -1 };
    g_autoptr(GVariant) handles = NULL, offsets = NULL, strides = NULL;
    g_variant_get(parameters, "(@ahuuuu@au@auuuuutb)", &handles, &buffer.x, &buffer.y,
                  &buffer.width, &buffer.height, &offsets, &strides, &buffer.planes, &buffer.fourcc,
                  &buffer.backing_width, &buffer.backing_height, &buffer.modifier,
                  &buffer.bottom_first);
    buffer.offset = first_of(offsets);
    buffer.stride = first_of(strides);
    buffer.fd = take_fd(invocation, (int)first_of(handles), error);
    if (buffer.fd >= 0)
        listener->handlers->scanout_dmabuf(listener->userdata, &buffer);
    return buffer.fd >= 0;
}

static gboolean changed(DbusListener *listener, GVariant *parameters,
                        GDBusMethodInvocation *invocation, GError **error)
{
    Rect rect;
    g_variant_get(parameters, "(iiii)", &rect.x, &rect.y, &rect.width, &rect.height);
    listener->handlers->changed(listener->userdata, rect);
    return TRUE;
}

static gboolean disable(DbusListener *listener, GVariant *parameters,
                        GDBusMethodInvocation *invocation, GError **error)
{
    listener->handlers->disable(listener->userdata);
    return TRUE;
}

/* Where it is, the viewer knows better. */
static gboolean mouse_set(DbusListener *listener, GVariant *parameters,
                          GDBusMethodInvocation *invocation, GError **error)
{
    gint32 visible;
    g_variant_get_child(parameters, 2, "i", &visible);
    listener->handlers->cursor(listener->userdata, NULL, visible != 0);
    return TRUE;
}

static gboolean cursor_define(DbusListener *listener, GVariant *parameters,
                              GDBusMethodInvocation *invocation, GError **error)
{
    gint32 width, height, hot_x, hot_y;
    g_autoptr(GVariant) data = NULL;
    g_variant_get(parameters, "(iiii@ay)", &width, &height, &hot_x, &hot_y, &data);
    g_autoptr(Cursor) cursor = cursor_new(width, height, hot_x, hot_y, error);
    if (cursor == NULL)
        return FALSE;
    gsize wanted = (gsize)width * (gsize)height * sizeof *cursor->pixels;
    if (g_variant_get_size(data) < wanted)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "A pointer of %d x %d in %" G_GSIZE_FORMAT " bytes", width, height,
                         g_variant_get_size(data));
    memcpy(cursor->pixels, g_variant_get_data(data), wanted);
    listener->handlers->cursor(listener->userdata, cursor, TRUE);
    return TRUE;
}

static const struct {
    const char *name;
    Method method;
} methods[] = {
    { "Scanout", scanout },
    { "Update", update },
    { "ScanoutMap", scanout_map },
    { "UpdateMap", changed },
    { "ScanoutDMABUF", scanout_dmabuf },
    { "ScanoutDMABUF2", scanout_dmabuf2 },
    { "UpdateDMABUF", changed },
    { "Disable", disable },
    { "MouseSet", mouse_set },
    { "CursorDefine", cursor_define },
};

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *name, GVariant *parameters,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    DbusListener *listener = data;
    g_autoptr(GError) reason = NULL;
    gboolean good = g_atomic_int_get(&listener->retired);
    for (gsize i = 0; i < G_N_ELEMENTS(methods); i++)
        if (!good && g_str_equal(methods[i].name, name))
            good = methods[i].method(listener, parameters, invocation, &reason);
    if (good)
        g_dbus_method_invocation_return_value(invocation, NULL);
    else
        g_dbus_method_invocation_return_dbus_error(invocation, "org.qemu.Display1.Error.Invalid",
                                                   reason != NULL ? reason->message
                                                                  : "This is not known here");
}

static GVariant *on_property(GDBusConnection *connection, const char *sender, const char *path,
                             const char *interface, const char *property, GError **error,
                             gpointer data)
{
    static const char *const interfaces[] = { MAP, DMABUF2 };
    return g_variant_new_strv(interfaces, G_N_ELEMENTS(interfaces));
}

static gboolean export(DbusListener *listener, GDBusConnection *connection, GError **error)
{
    static const GDBusInterfaceVTable table = { .method_call = on_call,
                                                .get_property = on_property };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(description, error);
    for (guint i = 0; node != NULL && node->interfaces[i] != NULL; i++)
        if (g_dbus_connection_register_object(connection, PATH, node->interfaces[i], &table,
                                              listener, NULL, error) == 0)
            return FALSE;
    return node != NULL;
}

static void on_closed(GDBusConnection *connection, gboolean vanished, GError *error, gpointer data)
{
    DbusListener *listener = data;
    if (!g_atomic_int_get(&listener->retired))
        listener->handlers->closed(listener->userdata);
}

/* Tells who waits in dbus_listener_new(); @failure is taken over. */
static void decide(DbusListener *listener, GError *failure)
{
    g_mutex_lock(&listener->lock);
    listener->is_decided = TRUE;
    listener->failure = failure;
    if (listener->telling != NULL)
        g_source_set_ready_time(listener->telling, 0);
    g_cond_signal(&listener->decided);
    g_mutex_unlock(&listener->lock);
}

static gpointer listen_to_qemu(gpointer data)
{
    DbusListener *listener = data;
    GError *failure = NULL;
    g_main_context_push_thread_default(listener->context);
    g_autoptr(GDBusConnection) connection =
        dbus_connect(listener->socket, G_DBUS_CONNECTION_FLAGS_DELAY_MESSAGE_PROCESSING,
                     DBUS_CONSOLE_CALL_LIMIT_MS, &failure);
    if (connection != NULL && export(listener, connection, &failure)) {
        gulong closed = g_signal_connect(connection, "closed", G_CALLBACK(on_closed), listener);
        g_dbus_connection_start_message_processing(connection);
        decide(listener, NULL);
        g_main_loop_run(listener->loop);
        g_signal_handler_disconnect(connection, closed);
        g_dbus_connection_close_sync(connection, NULL, NULL);
    } else {
        decide(listener, failure);
    }
    g_main_context_pop_thread_default(listener->context);
    return NULL;
}

static gboolean await_decision(DbusListener *listener, GError **error)
{
    g_mutex_lock(&listener->lock);
    while (!listener->is_decided)
        g_cond_wait(&listener->decided, &listener->lock);
    g_mutex_unlock(&listener->lock);
    if (listener->failure == NULL)
        return TRUE;
    g_propagate_error(error, g_steal_pointer(&listener->failure));
    return FALSE;
}

/* Without its thread; @ret_fd: QEMU's end. */
static DbusListener *prepare(const DbusListenerHandlers *handlers, gpointer userdata, int *ret_fd,
                             GError **error)
{
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
        error_set_errno(error, errno, "Making a socket for QEMU's pictures");
        return NULL;
    }
    DbusListener *listener = g_new0(DbusListener, 1);
    listener->handlers = handlers;
    listener->userdata = userdata;
    listener->socket = pair[0];
    listener->wake = -1;
    listener->context = g_main_context_new();
    listener->loop = g_main_loop_new(listener->context, FALSE);
    g_mutex_init(&listener->lock);
    g_cond_init(&listener->decided);
    *ret_fd = pair[1];
    return listener;
}

DbusListener *dbus_listener_new(DbusConsole *console, const DbusListenerHandlers *handlers,
                                gpointer userdata, GError **error)
{
    int fd;
    g_autoptr(DbusListener) listener = prepare(handlers, userdata, &fd, error);
    if (listener == NULL)
        return NULL;
    listener->thread = g_thread_new("dbus-listener", listen_to_qemu, listener);
    /* where this fails, QEMU's end is closed, and the thread knows */
    gboolean registered =
        dbus_console_register_listener(console, fd, DBUS_CONSOLE_CALL_LIMIT_MS, error);
    if (!await_decision(listener, registered ? error : NULL) || !registered)
        return NULL;
    return g_steal_pointer(&listener);
}

static void finish(DbusListener *listener, const GError *failure)
{
    DbusListenerDone done = listener->done;
    listener->done = NULL;
    if (done != NULL)
        done(failure, listener->userdata);
}

/* QEMU's answer comes first: it says better than our connection why there is none. */
static gboolean on_decided(gpointer data)
{
    DbusListener *listener = data;
    g_source_set_ready_time(listener->telling, -1);
    g_mutex_lock(&listener->lock);
    gboolean decided = listener->is_decided && listener->registered;
    g_autoptr(GError) failure = decided ? g_steal_pointer(&listener->failure) : NULL;
    g_mutex_unlock(&listener->lock);
    if (decided)
        finish(listener, failure);
    return G_SOURCE_CONTINUE;
}

static void on_registered(GObject *connection, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) failure = NULL;
    gboolean good = dbus_console_register_listener_finish(connection, result, &failure);
    if (g_error_matches(failure, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* it is no more */
    DbusListener *listener = data;
    listener->registered = good;
    if (good)
        on_decided(listener);
    else
        finish(listener, failure);
}

static gboolean dispatch(GSource *source, GSourceFunc func, gpointer data)
{
    return func(data);
}

DbusListener *dbus_listener_start(DbusConsole *console, const DbusListenerHandlers *handlers,
                                  gpointer userdata, DbusListenerDone done, GError **error)
{
    static GSourceFuncs told_by_time = { .dispatch = dispatch };
    int fd;
    DbusListener *listener = prepare(handlers, userdata, &fd, error);
    if (listener == NULL)
        return NULL;
    g_autoptr(GMainContext) context = g_main_context_ref_thread_default();
    listener->done = done;
    listener->cancellable = g_cancellable_new();
    listener->wake = fcntl(listener->socket, F_DUPFD_CLOEXEC, 0);
    listener->telling = g_source_new(&told_by_time, sizeof(GSource));
    g_source_set_callback(listener->telling, on_decided, listener, NULL);
    g_source_attach(listener->telling, context);
    listener->thread = g_thread_new("dbus-listener", listen_to_qemu, listener);
    dbus_console_register_listener_async(console, fd, listener->cancellable, on_registered,
                                         listener);
    return listener;
}

void dbus_listener_retire(DbusListener *listener)
{
    g_atomic_int_set(&listener->retired, TRUE);
}

static gboolean end_loop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

/* Ends what dbus_listener_start() left under way: QEMU may take its time to authenticate. */
static void abandon(DbusListener *listener)
{
    if (listener->cancellable != NULL)
        g_cancellable_cancel(listener->cancellable);
    g_clear_object(&listener->cancellable);
    g_mutex_lock(&listener->lock);
    if (listener->wake >= 0 && !listener->is_decided)
        (void)shutdown(listener->wake, SHUT_RDWR);
    g_mutex_unlock(&listener->lock);
}

void dbus_listener_free(DbusListener *listener)
{
    if (listener == NULL)
        return;
    dbus_listener_retire(listener);
    abandon(listener);
    /* from within: a loop that does not run yet would not notice */
    g_main_context_invoke_full(listener->context, G_PRIORITY_HIGH, end_loop, listener->loop, NULL);
    g_thread_join(listener->thread);
    if (listener->telling != NULL) {
        g_source_destroy(listener->telling);
        g_source_unref(listener->telling);
    }
    autofd_close(&listener->wake);
    g_main_loop_unref(listener->loop);
    g_main_context_unref(listener->context);
    g_mutex_clear(&listener->lock);
    g_cond_clear(&listener->decided);
    g_clear_error(&listener->failure);
    g_free(listener);
}
