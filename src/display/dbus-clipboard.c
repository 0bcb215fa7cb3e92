/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-clipboard.h"

#include <string.h>

#include "base/error.h"

#define INTERFACE "org.qemu.Display1.Clipboard"
#define PATH "/org/qemu/Display1/Clipboard"
#define MIME "text/plain;charset=utf-8"

enum { SELECTION_CLIPBOARD = 0 }; /* X11's others are of no use to viewers */

/* ui/dbus-display1.xml */
static const char description[] =
    "<node><interface name='" INTERFACE "'>"
    " <method name='Register'/>"
    " <method name='Unregister'/>"
    " <method name='Grab'><arg type='u'/><arg type='u'/><arg type='as'/></method>"
    " <method name='Release'><arg type='u'/></method>"
    " <method name='Request'><arg type='u'/><arg type='as'/>"
    "  <arg type='s' direction='out'/><arg type='ay' direction='out'/></method>"
    "</interface></node>";

struct DbusClipboard {
    DbusConsole *console;
    Clipboard *clipboard; /* borrowed */
    GThread *thread;
    GMainContext *context; /* the thread's */
    GMainLoop *loop;
    GCancellable *cancellable;
    guint exported;
    gboolean grabbing;   /* QEMU was told of a text and has not answered; main context's */
    gboolean grab_again; /* and there is another one since */
    GMainContext *main;
    GMutex lock;
    guint32 serial;  /* of the latest grab, the guest's or ours */
    char *ours;      /* what viewers copied last, or NULL: the guest has it */
    char *arrived;   /* what the guest copied, on its way to the main context */
    GSource *notice; /* that takes it there */
};

static gboolean take_arrived(gpointer data)
{
    DbusClipboard *self = data;
    g_mutex_lock(&self->lock);
    g_autofree char *text = g_steal_pointer(&self->arrived);
    g_clear_pointer(&self->notice, g_source_unref);
    g_mutex_unlock(&self->lock);
    if (text != NULL)
        clipboard_copy(self->clipboard, self, text);
    return G_SOURCE_REMOVE;
}

/* @text is taken over. */
static void pass_on(DbusClipboard *self, char *text)
{
    g_mutex_lock(&self->lock);
    g_free(self->arrived);
    self->arrived = text;
    if (self->notice == NULL) {
        self->notice = g_idle_source_new();
        g_source_set_callback(self->notice, take_arrived, self, NULL);
        g_source_attach(self->notice, self->main);
    }
    g_mutex_unlock(&self->lock);
}

static void on_text(GObject *connection, GAsyncResult *result, gpointer data)
{
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, NULL);
    /* the guest let go of it meanwhile, or this is over */
    if (answer == NULL)
        return;
    g_autoptr(GVariant) bytes = g_variant_get_child_value(answer, 1);
    gsize length = 0;
    const char *text = g_variant_get_fixed_array(bytes, &length, 1);
    if (length > 0 && length <= CLIPBOARD_LIMIT)
        pass_on(data, g_utf8_make_valid(text, (gssize)length));
}

static const char *const mimes[] = { MIME, NULL };

static void on_grab(DbusClipboard *self, GVariant *parameters)
{
    guint32 selection, serial;
    g_autofree const char **offered = NULL;
    g_variant_get(parameters, "(uu^a&s)", &selection, &serial, &offered);
    if (selection != SELECTION_CLIPBOARD || !g_strv_contains(offered, MIME))
        return;
    g_mutex_lock(&self->lock);
    gboolean newest = serial > self->serial || self->ours == NULL;
    if (newest) {
        self->serial = serial;
        g_clear_pointer(&self->ours, g_free);
    }
    g_mutex_unlock(&self->lock);
    if (newest)
        g_dbus_connection_call(dbus_console_connection(self->console), NULL, PATH, INTERFACE,
                               "Request", g_variant_new("(u^as)", SELECTION_CLIPBOARD, mimes),
                               G_VARIANT_TYPE("(say)"), G_DBUS_CALL_FLAGS_NONE,
                               DBUS_CONSOLE_CALL_LIMIT_MS, self->cancellable, on_text, self);
}

static GVariant *our_text(DbusClipboard *self, GVariant *parameters)
{
    guint32 selection;
    g_variant_get_child(parameters, 0, "u", &selection);
    g_mutex_lock(&self->lock);
    g_autofree char *text = selection == SELECTION_CLIPBOARD ? g_strdup(self->ours) : NULL;
    g_mutex_unlock(&self->lock);
    if (text == NULL)
        return NULL;
    return g_variant_new("(s@ay)", MIME,
                         g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, text, strlen(text), 1));
}

static void on_call(GDBusConnection *connection, const char *sender, const char *path,
                    const char *interface, const char *method, GVariant *parameters,
                    GDBusMethodInvocation *invocation, gpointer data)
{
    DbusClipboard *self = data;
    GVariant *answer = NULL;
    if (g_str_equal(method, "Request")) {
        answer = our_text(self, parameters);
        if (answer == NULL) {
            g_dbus_method_invocation_return_dbus_error(invocation, "org.qemu.Display1.Error.Failed",
                                                       "Nothing was copied");
            return;
        }
    } else if (g_str_equal(method, "Grab")) {
        on_grab(self, parameters);
    } else if (g_str_equal(method, "Register")) {
        g_mutex_lock(&self->lock);
        self->serial = 0;
        g_mutex_unlock(&self->lock);
    }
    g_dbus_method_invocation_return_value(invocation, answer);
}

static void on_grabbed(GObject *connection, GAsyncResult *result, gpointer data);

/* QEMU asks for the text itself when it wants it, and gets the latest then. */
static void grab(DbusClipboard *self)
{
    g_mutex_lock(&self->lock);
    gboolean ours = self->ours != NULL;
    guint32 serial = ours ? ++self->serial : 0;
    g_mutex_unlock(&self->lock);
    self->grab_again = FALSE;
    if (!ours) /* the guest copied something meanwhile */
        return;
    self->grabbing = TRUE;
    g_dbus_connection_call(dbus_console_connection(self->console), NULL, PATH, INTERFACE, "Grab",
                           g_variant_new("(uu^as)", SELECTION_CLIPBOARD, serial, mimes), NULL,
                           G_DBUS_CALL_FLAGS_NONE, DBUS_CONSOLE_CALL_LIMIT_MS, self->cancellable,
                           on_grabbed, self);
}

static void on_grabbed(GObject *connection, GAsyncResult *result, gpointer data)
{
    g_autoptr(GError) reason = NULL;
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &reason);
    if (g_error_matches(reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
        return; /* the clipboard is gone */
    DbusClipboard *self = data;
    self->grabbing = FALSE;
    if (self->grab_again)
        grab(self);
}

static void on_copied(const char *text, gpointer data)
{
    DbusClipboard *self = data;
    g_mutex_lock(&self->lock);
    g_free(self->ours);
    self->ours = g_strdup(text);
    g_mutex_unlock(&self->lock);
    if (self->grabbing)
        self->grab_again = TRUE;
    else
        grab(self);
}

static gpointer answer_qemu(gpointer data)
{
    DbusClipboard *self = data;
    g_main_context_push_thread_default(self->context);
    g_main_loop_run(self->loop);
    g_main_context_pop_thread_default(self->context);
    return NULL;
}

/* What QEMU calls is answered in the context that is the default one meanwhile: the thread's. */
static gboolean export(DbusClipboard *self, GError **error)
{
    static const GDBusInterfaceVTable table = { .method_call = on_call };
    g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(description, error);
    if (node == NULL)
        return FALSE;
    g_main_context_push_thread_default(self->context);
    self->exported =
        g_dbus_connection_register_object(dbus_console_connection(self->console), PATH,
                                          node->interfaces[0], &table, self, NULL, error);
    g_main_context_pop_thread_default(self->context);
    return self->exported != 0;
}

/*
 * QEMU 7.2 goes on believing in a clipboard whose connection has ended, and refuses another one
 * until the old one is unregistered, which anybody may do.
 */
static void register_anew(DbusClipboard *self)
{
    static const char *const steps[] = { "Unregister", "Register" };
    for (gsize i = 0; i < G_N_ELEMENTS(steps); i++)
        g_dbus_connection_call(dbus_console_connection(self->console), NULL, PATH, INTERFACE,
                               steps[i], NULL, NULL, G_DBUS_CALL_FLAGS_NONE,
                               DBUS_CONSOLE_CALL_LIMIT_MS, NULL, NULL, NULL);
}

DbusClipboard *dbus_clipboard_new(DbusConsole *console, Clipboard *clipboard, GError **error)
{
    DbusClipboard *self = g_new0(DbusClipboard, 1);
    self->console = dbus_console_ref(console);
    self->clipboard = clipboard;
    self->context = g_main_context_new();
    self->loop = g_main_loop_new(self->context, FALSE);
    self->cancellable = g_cancellable_new();
    self->main = g_main_context_ref_thread_default();
    g_mutex_init(&self->lock);
    if (!export(self, error)) {
        dbus_clipboard_free(self);
        return NULL;
    }
    self->thread = g_thread_new("dbus-clipboard", answer_qemu, self);
    clipboard_join(clipboard, self, on_copied, self);
    register_anew(self);
    return self;
}

static gboolean end_loop(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_REMOVE;
}

void dbus_clipboard_free(DbusClipboard *self)
{
    if (self == NULL)
        return;
    clipboard_leave(self->clipboard, self);
    if (self->exported != 0)
        g_dbus_connection_unregister_object(dbus_console_connection(self->console), self->exported);
    g_cancellable_cancel(self->cancellable);
    if (self->thread != NULL) {
        /* behind what is under way; from within, as the loop may not run yet */
        g_main_context_invoke_full(self->context, G_PRIORITY_LOW, end_loop, self->loop, NULL);
        g_thread_join(self->thread);
    }
    if (self->notice != NULL) {
        g_source_destroy(self->notice);
        g_source_unref(self->notice);
    }
    g_main_loop_unref(self->loop);
    g_main_context_unref(self->context);
    g_main_context_unref(self->main);
    g_object_unref(self->cancellable);
    g_mutex_clear(&self->lock);
    g_free(self->ours);
    g_free(self->arrived);
    dbus_console_unref(self->console);
    g_free(self);
}
