/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/dbus-clipboard.h"

#include <string.h>
#include <sys/socket.h>

#include "tests/lib/fake-console.h"

#define LIMIT_MS 60000
#define INTERFACE "org.qemu.Display1.Clipboard"
#define UTF8 "gr\303\274n \342\202\254"

typedef struct {
    FakeConsole qemu;
    DbusConsole *console;
    Clipboard *clipboard;
    DbusClipboard *guest;
    GString *seen; /* by a viewer */
} Room;

static void on_copied(const char *text, gpointer data)
{
    g_string_append_printf(((Room *)data)->seen, "<%s>", text);
}

static void start(Room *room)
{
    int pair[2];
    g_autoptr(GError) error = NULL;
    *room = (Room){ .clipboard = clipboard_new(), .seen = g_string_new(NULL) };
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    fake_console_start(&room->qemu, pair[1]);
    room->console = dbus_console_new(pair[0], LIMIT_MS, &error);
    g_assert_no_error(error);
    room->guest = dbus_clipboard_new(room->console, room->clipboard, &error);
    g_assert_no_error(error);
    clipboard_join(room->clipboard, room, on_copied, room);
}

static void stop(Room *room)
{
    clipboard_leave(room->clipboard, room);
    dbus_clipboard_free(room->guest);
    clipboard_free(room->clipboard);
    dbus_console_unref(room->console);
    fake_console_stop(&room->qemu);
    g_string_free(room->seen, TRUE);
}

static gboolean tick(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

/* Until QEMU heard, or the viewer saw, @text. */
static void expect(Room *room, const GString *where, const char *text)
{
    guint timer = g_timeout_add(5, tick, NULL);
    gint64 deadline = g_get_monotonic_time() + LIMIT_MS * G_GINT64_CONSTANT(1000);
    gboolean found = FALSE;
    while (!found && g_get_monotonic_time() < deadline) {
        g_main_context_iteration(NULL, TRUE);
        g_mutex_lock(&room->qemu.lock);
        found = strstr(where->str, text) != NULL;
        g_mutex_unlock(&room->qemu.lock);
    }
    g_source_remove(timer);
    if (!found)
        g_error("no '%s' in '%s'", text, where->str);
}

static GVariant *call(Room *room, const char *method, GVariant *parameters)
{
    return g_dbus_connection_call_sync(room->qemu.control, NULL, FAKE_CLIPBOARD_PATH, INTERFACE,
                                       method, parameters, NULL, G_DBUS_CALL_FLAGS_NONE, LIMIT_MS,
                                       NULL, NULL);
}

static GVariant *grab(Room *room, guint32 selection, guint32 serial, const char *mime)
{
    const char *const mimes[] = { mime, NULL };
    return call(room, "Grab", g_variant_new("(uu^as)", selection, serial, mimes));
}

/* QEMU 7.2 keeps a clipboard that is gone */
static void test_register(void)
{
    Room room;
    start(&room);
    expect(&room, room.qemu.copied, "Unregister() Register() ");
    stop(&room);
}

static void test_guest_copies(void)
{
    Room room;
    start(&room);
    room.qemu.guest_text = UTF8;
    /* neither what is no text nor the selection that a mouse makes */
    g_autoptr(GVariant) image = grab(&room, 0, 1, "image/png");
    g_autoptr(GVariant) primary = grab(&room, 1, 1, "text/plain;charset=utf-8");
    g_autoptr(GVariant) text = grab(&room, 0, 1, "text/plain;charset=utf-8");
    g_assert_nonnull(text);
    expect(&room, room.seen, "<" UTF8 ">");
    g_assert_cmpstr(room.seen->str, ==, "<" UTF8 ">");
    stop(&room);
}

/* the text is ready when QEMU asks: it stands still meanwhile, and our main context may, too */
static void test_viewer_copies(void)
{
    Room room;
    start(&room);
    g_assert_null(call(&room, "Request", g_variant_new("(u^as)", 0, (const char *[]){ NULL })));
    clipboard_copy(room.clipboard, &room, UTF8);
    expect(&room, room.qemu.copied, "Grab(0, 1, ['text/plain;charset=utf-8'])");
    g_autoptr(GVariant) answer =
        call(&room, "Request", g_variant_new("(u^as)", 0, (const char *[]){ NULL }));
    g_assert_nonnull(answer);
    g_autoptr(GVariant) bytes = g_variant_get_child_value(answer, 1);
    g_assert_cmpmem(g_variant_get_data(bytes), g_variant_get_size(bytes), UTF8, strlen(UTF8));
    g_assert_cmpstr(room.seen->str, ==, "");

    /* an older word of the guest's does not take it away, a newer one does */
    room.qemu.guest_text = "guest";
    g_autoptr(GVariant) old = grab(&room, 0, 1, "text/plain;charset=utf-8");
    g_autoptr(GVariant) again =
        call(&room, "Request", g_variant_new("(u^as)", 0, (const char *[]){ NULL }));
    g_assert_nonnull(again);
    g_autoptr(GVariant) newer = grab(&room, 0, 2, "text/plain;charset=utf-8");
    g_assert_null(call(&room, "Request", g_variant_new("(u^as)", 0, (const char *[]){ NULL })));
    expect(&room, room.seen, "<guest>");
    stop(&room);
}

/* QEMU, which stands still, is told once, and then that there is another text: the last one */
static void test_flood(void)
{
    Room room;
    start(&room);
    expect(&room, room.qemu.copied, "Register() ");
    g_mutex_lock(&room.qemu.lock);
    for (guint i = 0; i <= 1000; i++) {
        g_autofree char *text = g_strdup_printf("text %u", i);
        clipboard_copy(room.clipboard, &room, text);
    }
    g_mutex_unlock(&room.qemu.lock);
    expect(&room, room.qemu.copied, "Grab(0, 2, ");
    g_autoptr(GVariant) answer =
        call(&room, "Request", g_variant_new("(u^as)", 0, (const char *[]){ NULL }));
    g_autoptr(GVariant) bytes = g_variant_get_child_value(answer, 1);
    g_assert_cmpmem(g_variant_get_data(bytes), g_variant_get_size(bytes), "text 1000", 9);
    clipboard_copy(room.clipboard, &room, "later");
    expect(&room, room.qemu.copied, "Grab(0, 3, ");
    stop(&room);
}

static void test_clipboard(void)
{
    g_autoptr(Clipboard) clipboard = clipboard_new();
    Room a = { .seen = g_string_new(NULL) }, b = { .seen = g_string_new(NULL) };
    g_autofree char *long_text = g_strnfill(CLIPBOARD_LIMIT + 1, 'x');
    clipboard_join(clipboard, &a, on_copied, &a);
    clipboard_join(clipboard, &b, on_copied, &b);
    clipboard_copy(clipboard, &a, "one");
    clipboard_copy(clipboard, &b, "one"); /* an echo */
    clipboard_copy(clipboard, &b, "\377");
    clipboard_copy(clipboard, &b, long_text);
    clipboard_copy(clipboard, &b, "two");
    clipboard_leave(clipboard, &a);
    clipboard_copy(clipboard, &b, "three");
    g_assert_cmpstr(a.seen->str, ==, "<two>");
    g_assert_cmpstr(b.seen->str, ==, "<one>");
    clipboard_leave(clipboard, &b);
    g_string_free(a.seen, TRUE);
    g_string_free(b.seen, TRUE);
}

static void test_latin1(void)
{
    gsize length = 0;
    g_autofree guint8 *bytes = clipboard_to_latin1(UTF8, &length);
    g_assert_cmpmem(bytes, length, "gr\374n ?", 6);
    g_autofree char *text = clipboard_from_latin1((const guint8 *)"gr\374n\0x", 6);
    g_assert_cmpstr(text, ==, "gr\303\274n");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/clipboard/copy", test_clipboard);
    g_test_add_func("/clipboard/latin1", test_latin1);
    g_test_add_func("/dbus-clipboard/register", test_register);
    g_test_add_func("/dbus-clipboard/guest-copies", test_guest_copies);
    g_test_add_func("/dbus-clipboard/viewer-copies", test_viewer_copies);
    g_test_add_func("/dbus-clipboard/flood", test_flood);
    return g_test_run();
}
