/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a viewer says beside its wish for pictures, and what it hears. */
#include "display/viewer.h"

#include <string.h>
#include <sys/socket.h>

#include "base/error.h"
#include "display/rfb-wire.h"
#include "tests/lib/rfb-room.h"

/* A guest that writes down what it is told. */

static void on_key(gpointer sink, guint qnum, gboolean down)
{
    g_string_append_printf(sink, "%s%x ", down ? "+" : "-", qnum);
}

static void on_position(gpointer sink, double x, double y)
{
    g_string_append_printf(sink, "at %.0f,%.0f ", x, y);
}

static void on_button(gpointer sink, int button, gboolean down)
{
    g_string_append_printf(sink, "%sb%d ", down ? "+" : "-", button);
}

static void on_free(gpointer sink)
{
}

static const InputClass guest = { on_key, on_position, NULL, on_button, on_free };

/* A source that says what size it was asked for. */
typedef struct {
    Source source;
    char *said;
    VgpuctlError refusal; /* 0: none */
} Guest;

static gboolean on_resize(Source *source, int width, int height, GError **error)
{
    Guest *self = (Guest *)source;
    if (self->refusal != 0)
        return error_set(error, self->refusal, "No");
    g_free(self->said);
    self->said = g_strdup_printf("%dx%d", width, height);
    return TRUE;
}

static const SourceClass resizable = { .name = "test", .resize = on_resize };

#define assert_said(string, expected)                                                              \
    do {                                                                                           \
        g_assert_cmpstr((string)->str, ==, expected);                                              \
        g_string_truncate(string, 0);                                                              \
    } while (0)

/* Until the viewer has had an answer to what it said before. */
static void until_heard(Room *room, RfbClient *client)
{
    static guint n;
    g_autofree char *payload = g_strdup_printf("%u", ++n);
    g_autofree char *answer = g_strdup_printf("fence 1 %s, ", payload);
    rfb_client_fence(client, RFB_FENCE_BLOCK_BEFORE, payload);
    room_until(room, g_str_has_suffix(client->said->str, answer));
    g_string_truncate(client->said, client->said->len - strlen(answer));
}

static void say_key(RfbClient *client, guint32 keysym, gboolean down)
{
    guint8 message[8] = { RFB_CLIENT_KEY, down ? 1 : 0 };
    rfb_put32(message + 4, keysym);
    rfb_client_say(client, message, sizeof message);
}

static void say_scancode(RfbClient *client, guint32 scancode, gboolean down)
{
    guint8 message[12] = { RFB_CLIENT_QEMU, RFB_QEMU_KEY, 0, down ? 1 : 0 };
    rfb_put32(message + 8, scancode);
    rfb_client_say(client, message, sizeof message);
}

static void test_hello(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    g_assert_cmpstr(client->name, ==, "room");
    g_assert_cmpint(client->width, ==, 300);
    g_assert_cmpint(client->height, ==, 200);
    g_assert_true(pixel_format_equal(&client->format, &pixel_format_native));
    until_heard(room, client);
    g_assert_cmpuint(client->n_updates, ==, 0);
    g_assert_false(viewer_wants(room_viewer(room, 0)));
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    guint n_changed = room->n_changed;
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_until(room, room->n_changed > n_changed);
    g_assert_true(viewer_wants(room_viewer(room, 0)));
}

static void test_input(void)
{
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(Keysyms) keysyms = keysyms_new("us", NULL);
    g_autoptr(Input) input = input_new(&guest, told);
    g_autoptr(Room) room = room_new(301, 201);
    room->host.input = input;
    room->host.keysyms = keysyms;
    g_autoptr(RfbClient) client = room_enter(room);
    say_key(client, 'a', TRUE);
    say_key(client, 'a', FALSE);
    until_heard(room, client);
    assert_said(told, "+1e -1e ");
    say_key(client, 'A', TRUE);
    say_key(client, 'A', FALSE);
    until_heard(room, client);
    assert_said(told, "+2a +1e -1e -2a ");
    say_scancode(client, 0x9d, TRUE); /* the right Ctrl */
    guint8 pointer[6] = { RFB_CLIENT_POINTER, 1, 0, 150, 0, 200 };
    rfb_client_say(client, pointer, sizeof pointer);
    until_heard(room, client);
    assert_said(told, "+9d at 32768,65535 +b0 ");
    rfb_client_free(g_steal_pointer(&client));
    room_until(room, room->n_ended == 1);
    g_assert_null(room->reason);
    assert_said(told, "-9d -b0 ");
}

static void test_ask_resize(void)
{
    Guest source = { .source.class = &resizable };
    g_autoptr(GString) told = g_string_new(NULL);
    g_autoptr(Input) input = input_new(&guest, told);
    g_autoptr(Room) room = room_new(300, 200);
    room->host.source = &source.source;
    room->host.input = input;
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_encodings(client, RFB_ENCODING_EXTENDED_DESKTOP_SIZE);
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_until(room, client->said->len > 0);
    assert_said(client->said, "size 300x200 by 0 status 0, ");
    rfb_client_resize(client, 640, 400, 1);
    until_heard(room, client);
    assert_said(client->said, "size 300x200 by 1 status 4, ");
    g_assert_cmpstr(source.said, ==, "640x400");
    rfb_client_resize(client, 300, 200, 1);
    rfb_client_resize(client, 100, 0, 1);
    rfb_client_resize(client, 20000, 100, 1);
    rfb_client_resize(client, 100, 100, 2);
    until_heard(room, client);
    assert_said(client->said, "size 300x200 by 1 status 0, size 300x200 by 1 status 3, "
                              "size 300x200 by 1 status 3, size 300x200 by 1 status 3, ");
    source.refusal = VGPUCTL_ERROR_REFUSED;
    rfb_client_resize(client, 800, 600, 1);
    until_heard(room, client);
    assert_said(client->said, "size 300x200 by 1 status 1, ");
    source.refusal = VGPUCTL_ERROR_TIMEOUT;
    rfb_client_resize(client, 800, 600, 1);
    until_heard(room, client);
    assert_said(client->said, "size 300x200 by 1 status 2, ");
    g_assert_cmpstr(source.said, ==, "640x400");
    g_free(source.said);
}

/* Who may only look changes nothing. */
static void test_look_only(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    Guest source = { .source.class = &resizable };
    room->host.source = &source.source;
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_encodings(client, RFB_ENCODING_EXTENDED_DESKTOP_SIZE);
    say_key(client, 'a', TRUE);
    rfb_client_resize(client, 640, 400, 1);
    until_heard(room, client);
    assert_said(client->said, "size 300x200 by 1 status 1, ");
    g_assert_null(source.said);
}

static Cursor *arrow(void)
{
    Cursor *cursor = cursor_new(3, 2, 1, 0, NULL);
    static const guint32 pixels[] = { 0xff112233, 0x80ff8000, 0, 0x7f000000, 0xffffffff, 0 };
    memcpy(cursor->pixels, pixels, sizeof pixels);
    return cursor;
}

static void test_cursor(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(Cursor) cursor = arrow();
    g_autoptr(RfbClient) client = room_enter(room);
    client->asks = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_CURSOR);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    assert_said(client->said, "");
    screen_set_cursor(room->screen, cursor);
    room_until(room, client->said->len > 0);
    assert_said(client->said, "cursor 3x2 at 1,0, ");
    static const guint8 mask[] = { 0xc0, 0x40 };
    g_assert_cmpmem((guint8 *)client->cursor + 24, 2, mask, 2);
    g_assert_cmphex(client->cursor[0] & 0xffffff, ==, 0x112233);
    rfb_client_encodings(client, RFB_ENCODING_CURSOR, RFB_ENCODING_CURSOR_ALPHA);
    room_until(room, client->said->len > 0);
    assert_said(client->said, "cursor 3x2 at 1,0, ");
    static const guint8 rgba[] = { 0x11, 0x22, 0x33, 0xff, 0x80, 0x40, 0, 0x80 };
    g_assert_cmpmem(client->cursor, 8, rgba, 8);
    screen_set_cursor(room->screen, NULL);
    room_until(room, client->said->len > 0);
    assert_said(client->said, "cursor 0x0 at 0,0, ");
}

static void test_abilities(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_encodings(client, RFB_ENCODING_QEMU_KEY, RFB_ENCODING_EXTENDED_MOUSE_BUTTONS);
    rfb_client_encodings(client, RFB_ENCODING_QEMU_KEY, RFB_ENCODING_EXTENDED_MOUSE_BUTTONS);
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_until(room, client->n_updates == 1);
    assert_said(client->said, "keys, buttons, ");
}

static void test_fences(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_fence(client, 0xffff, "all");
    rfb_client_fence(client, RFB_FENCE_BLOCK_AFTER, "after");
    room_until(room, strstr(client->said->str, "all") != NULL);
    assert_said(client->said, "fence 2 after, fence 7 all, "); /* SYNC_NEXT: behind the next */
}

/* As much of @bytes as the line takes in a hundred turns. */
static gsize say_some(Room *room, RfbClient *client, const guint8 *bytes, gsize size)
{
    gsize sent = 0;
    for (guint idle = 0; idle < 100 && sent < size; idle++) {
        gssize n = send(client->fd, bytes + sent, size - sent, MSG_DONTWAIT);
        if (n > 0)
            idle = 0;
        sent += (gsize)MAX(n, 0);
        room_turn(room, FALSE);
    }
    return sent;
}

/* Answers that are not read do not pile up, and none is lost. */
static void test_flood(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    gsize size = 9 + RFB_FENCE_BYTES, n = 20000;
    g_autofree guint8 *fences = g_malloc0(n * size);
    for (gsize i = 0; i < n; i++) {
        guint8 *fence = fences + i * size;
        fence[0] = RFB_CLIENT_FENCE;
        rfb_put32(fence + 4, RFB_FENCE_REQUEST);
        memset(fence + 8, RFB_FENCE_BYTES, 1 + RFB_FENCE_BYTES);
    }
    rfb_client_listen(client, FALSE);
    gsize sent = say_some(room, client, fences, n * size);
    g_assert_cmpuint(sent, <, n * size);
    g_assert_cmpuint(viewer_statistics(room_viewer(room, 0)).held_bytes, <, 200000);
    rfb_client_listen(client, TRUE);
    while (sent < n * size)
        sent += say_some(room, client, fences + sent, n * size - sent);
    rfb_client_fence(client, 0, "end");
    room_until(room, g_str_has_suffix(client->said->str, "end, "));
    g_assert_cmpuint(client->said->len, ==, n * strlen("fence 0 , ") + n * RFB_FENCE_BYTES + 13);
}

static void test_broken(gconstpointer data)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room), other = room_enter(room);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL); /* an update is being made */
    rfb_client_say(client, data, 20);
    room_until(room, room->n_ended == 1 && client->ended);
    g_assert_nonnull(room->reason);
    rfb_client_ask(other, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, other);
}

int main(int argc, char **argv)
{
    static const guint8 unknown[20] = { 77 };
    static const guint8 format[20] = { RFB_CLIENT_SET_PIXEL_FORMAT, 0, 0, 0, 24, 24, 0, 1 };
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/viewer-messages/hello", test_hello);
    g_test_add_func("/viewer-messages/input", test_input);
    g_test_add_func("/viewer-messages/ask-resize", test_ask_resize);
    g_test_add_func("/viewer-messages/look-only", test_look_only);
    g_test_add_func("/viewer-messages/cursor", test_cursor);
    g_test_add_func("/viewer-messages/abilities", test_abilities);
    g_test_add_func("/viewer-messages/fences", test_fences);
    g_test_add_func("/viewer-messages/flood", test_flood);
    g_test_add_data_func("/viewer-messages/broken/type", unknown, test_broken);
    g_test_add_data_func("/viewer-messages/broken/format", format, test_broken);
    return g_test_run();
}
