/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What viewers copy, and what others copied. */
#include "display/viewer.h"

#include <string.h>

#include "display/rfb-message.h"
#include "tests/lib/rfb-room.h"

static void ignore_free(gpointer sink)
{
}

static const InputClass deaf = { .free = ignore_free };

typedef struct {
    Room *room;
    Clipboard *clipboard;
    GString *copied; /* what the guest was given */
} Desk;

static void on_copied(const char *text, gpointer data)
{
    g_string_append_printf(data, "<%s>", text);
}

static void start(Desk *desk, gboolean input)
{
    desk->room = room_new(64, 64);
    desk->clipboard = clipboard_new();
    desk->copied = g_string_new(NULL);
    clipboard_join(desk->clipboard, desk, on_copied, desk->copied);
    desk->room->host.clipboard = desk->clipboard;
    if (input)
        desk->room->host.input = input_new(&deaf, NULL);
}

static void stop(Desk *desk)
{
    Input *input = desk->room->host.input;
    room_free(desk->room);
    input_free(input);
    clipboard_leave(desk->clipboard, desk);
    clipboard_free(desk->clipboard);
    g_string_free(desk->copied, TRUE);
}

static void say_text(RfbClient *client, const char *text, guint32 length)
{
    guint8 header[8] = { RFB_CLIENT_CUT_TEXT };
    rfb_put32(header + 4, length);
    rfb_client_say(client, header, sizeof header);
    rfb_client_say(client, text, strlen(text));
}

/* Latin-1 on the line, longer than a viewer's buffer, in the pieces it comes in */
static void test_viewer_copies(void)
{
    Desk desk;
    start(&desk, TRUE);
    g_autoptr(RfbClient) client = room_enter(desk.room);
    g_autoptr(RfbClient) other = room_enter(desk.room);
    room_until(desk.room, client->greeted && other->greeted);
    g_autofree char *long_text = g_strnfill(3 * RFB_MESSAGE_BYTES, 'x');
    g_autofree char *expected = g_strdup_printf("<%s><gr\303\274n>", long_text);
    say_text(client, long_text, 3 * RFB_MESSAGE_BYTES);
    say_text(client, "gr\374n", 4);
    room_until(desk.room, g_str_equal(desk.copied->str, expected));
    room_until(desk.room, strstr(other->said->str, "text gr\374n, ") != NULL);
    g_assert_null(strstr(client->said->str, "text"));
    stop(&desk);
}

static void test_guest_copies(void)
{
    Desk desk;
    start(&desk, TRUE);
    g_autoptr(RfbClient) client = room_enter(desk.room);
    room_until(desk.room, client->greeted);
    clipboard_copy(desk.clipboard, &desk, "gr\303\274n \342\202\254");
    room_until(desk.room, strstr(client->said->str, "text gr\374n ?, ") != NULL);
    stop(&desk);
}

/* who only looks neither reads nor writes it */
static void test_looker(void)
{
    Desk desk;
    start(&desk, FALSE);
    g_autoptr(RfbClient) client = room_enter(desk.room);
    room_until(desk.room, client->greeted);
    clipboard_copy(desk.clipboard, &desk, "secret");
    say_text(client, "mine", 4);
    rfb_client_fence(client, RFB_FENCE_REQUEST, "end");
    room_until(desk.room, strstr(client->said->str, "end") != NULL);
    g_assert_null(strstr(client->said->str, "text"));
    g_assert_cmpstr(desk.copied->str, ==, "");
    stop(&desk);
}

/* a text too long to keep is let through and forgotten, no part of it is passed on */
static void test_long(void)
{
    Desk desk;
    start(&desk, TRUE);
    g_autoptr(RfbClient) client = room_enter(desk.room);
    room_until(desk.room, client->greeted);
    g_autofree char *piece = g_strnfill(65536, 'x');
    say_text(client, "", 3 * CLIPBOARD_LIMIT);
    for (guint sent = 0; sent < 3 * CLIPBOARD_LIMIT; sent += 65536) {
        rfb_client_say(client, piece, 65536);
        while (g_main_context_pending(NULL))
            room_turn(desk.room, FALSE);
    }
    /* one byte too many, which comes when there was room for all before it */
    say_text(client, piece, CLIPBOARD_LIMIT + 1);
    for (guint sent = 65536; sent < CLIPBOARD_LIMIT; sent += 65536) {
        rfb_client_say(client, piece, 65536);
        while (g_main_context_pending(NULL))
            room_turn(desk.room, FALSE);
    }
    rfb_client_say(client, "y", 1);
    say_text(client, "short", 5);
    room_until(desk.room, strstr(desk.copied->str, "<short>") != NULL);
    g_assert_cmpstr(desk.copied->str, ==, "<short>");
    stop(&desk);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/viewer-text/viewer-copies", test_viewer_copies);
    g_test_add_func("/viewer-text/guest-copies", test_guest_copies);
    g_test_add_func("/viewer-text/looker", test_looker);
    g_test_add_func("/viewer-text/long", test_long);
    return g_test_run();
}
