/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a viewer has on its screen in the end. */
#include "display/viewer.h"

#include <string.h>
#include <sys/socket.h>

#include "display/rfb-wire.h"
#include "tests/lib/rfb-room.h"

/* Changes a few rectangles of the picture of now. */
static void scribble(Room *room)
{
    g_autoptr(Frame) shown = screen_frame(room->screen);
    Frame *frame = frame_make_writable(frame_ref(shown), NULL);
    Rect damage[3];
    for (guint i = 0; i < G_N_ELEMENTS(damage); i++) {
        Rect rect = { g_test_rand_int_range(0, frame->width),
                      g_test_rand_int_range(0, frame->height), g_test_rand_int_range(1, 150),
                      g_test_rand_int_range(1, 100) };
        rect = rect_intersect(rect, (Rect){ 0, 0, frame->width, frame->height });
        guint32 colour = (guint32)g_test_rand_int(), step = (guint32)g_test_rand_int() & 0x030201;
        for (int row = 0; row < rect.height; row++) {
            for (int column = 0; column < rect.width; column++)
                frame_row(frame, rect.y + row)[rect.x + column] =
                    colour + step * (guint32)(row ^ column);
        }
        damage[i] = rect;
    }
    screen_show(room->screen, frame, damage, G_N_ELEMENTS(damage));
}

static void scribble_and_see(Room *room, RfbClient *client, guint rounds)
{
    for (guint i = 0; i < rounds; i++) {
        guint n = (guint)g_test_rand_int_range(1, 5);
        for (guint k = 0; k < n; k++) {
            scribble(room);
            room_turn(room, FALSE);
        }
        if (i % 4 == 0)
            room_until_seen(room, client);
    }
    room_until_seen(room, client);
}

static void test_encoding(gconstpointer data)
{
    const gint32 *encodings = data;
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_set_encodings(client, encodings, 3);
    client->asks = TRUE;
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    scribble_and_see(room, client, 20);
}

static void test_continuous(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    client->answers_fences = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_TIGHT, RFB_ENCODING_FENCE,
                         RFB_ENCODING_CONTINUOUS_UPDATES);
    room_until(room, client->n_ends == 1 && client->n_fences == 1);
    rfb_client_set_continuous(client, TRUE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    scribble_and_see(room, client, 20);
    g_assert_cmpuint(client->n_fences, ==, client->n_updates + 1);
    rfb_client_set_continuous(client, FALSE, RFB_CLIENT_ALL);
    room_until(room, client->n_ends == 2);
    guint n = client->n_updates;
    for (guint i = 0; i < 10; i++) {
        scribble(room);
        room_turn(room, FALSE);
    }
    g_assert_cmpuint(client->n_updates, ==, n);
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    g_assert_cmpuint(client->n_updates, ==, n + 1);
}

/* One that never answers is sent no more than the pace allows, and harms nobody. */
static void test_no_answers(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) silent = room_enter(room), client = room_enter(room);
    rfb_client_encodings(silent, RFB_ENCODING_FENCE, RFB_ENCODING_CONTINUOUS_UPDATES);
    rfb_client_set_continuous(silent, TRUE, RFB_CLIENT_ALL);
    client->asks = TRUE;
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    scribble_and_see(room, client, 20);
    g_assert_cmpuint(silent->n_updates, <=, 4);
    silent->answers_fences = TRUE;
    for (guint number = 1; number <= silent->last_fence; number++)
        rfb_client_answer(silent, number);
    room_until_seen(room, silent);
}

static void test_slow(gconstpointer data)
{
    const gint32 *encodings = data;
    g_autoptr(Room) room = room_new(700, 500);
    g_autoptr(RfbClient) client = room_enter(room);
    gsize whole = 700 * 500 * 4;
    client->reads_at_once = 10000;
    client->asks = TRUE;
    rfb_client_set_encodings(client, encodings, 3);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    for (guint i = 0; i < 150; i++) {
        scribble(room);
        room_turn(room, FALSE);
        g_assert_cmpuint(viewer_statistics(room_viewer(room, 0)).held_bytes, <=, whole + whole / 8);
    }
    room_until_seen(room, client);
    g_assert_cmpuint(client->n_updates, <, 150);
}

/* Nothing is read at all, while it goes on asking. */
static void test_stalled(void)
{
    g_autoptr(Room) room = room_new(700, 500);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_listen(client, FALSE);
    for (guint i = 0; i < 100; i++) {
        rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
        scribble(room);
        room_turn(room, FALSE);
    }
    ViewerStatistics statistics = viewer_statistics(room_viewer(room, 0));
    g_assert_cmpuint(statistics.updates, <=, 2);
    g_assert_cmpuint(statistics.held_bytes, <=, 700 * 500 * 4 + 1000);
    g_assert_false(viewer_wants(room_viewer(room, 0)));
    rfb_client_listen(client, TRUE);
    room_until_seen(room, client);
}

static void test_resize(gconstpointer data)
{
    gint32 ability = *(const gint32 *)data;
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    client->asks = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_ZRLE, ability);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    g_string_truncate(client->said, 0);
    room_show(room, room_frame(400, 100));
    room_until_seen(room, client);
    g_assert_cmpstr(client->said->str, ==,
                    ability == RFB_ENCODING_DESKTOP_SIZE ? "size 400x100, "
                                                         : "size 400x100 by 0 status 0, ");
    scribble_and_see(room, client, 10);
    for (int i = 1; i < 20; i++) {
        room_show(room, room_frame(10 + i * 37 % 500, 10 + i * 91 % 300));
        room_turn(room, FALSE);
    }
    room_until_seen(room, client);
}

/* One that cannot resize goes on to see what both sizes have. */
static void test_no_resize(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    client->asks = TRUE;
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    room_show(room, room_frame(500, 150));
    room_until_seen(room, client);
    scribble_and_see(room, client, 10);
    room_show(room, room_frame(100, 400));
    room_until_seen(room, client);
    g_assert_cmpint(client->width, ==, 300);
}

static const PixelFormat formats[] = {
    { 16, 16, 0, 1, 31, 63, 31, 11, 5, 0 },
    { 32, 24, 1, 1, 255, 255, 255, 0, 8, 16 },
    { 8, 8, 0, 1, 7, 7, 3, 0, 3, 6 },
    { 32, 24, 0, 1, 255, 255, 255, 16, 8, 0 },
};

/* The viewer takes what comes behind the answer to the fence in the new format. */
static void test_formats(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    client->answers_fences = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_ZRLE, RFB_ENCODING_FENCE,
                         RFB_ENCODING_CONTINUOUS_UPDATES);
    rfb_client_set_continuous(client, TRUE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    for (guint i = 0; i < 12; i++) {
        client->next_format = formats[i % G_N_ELEMENTS(formats)];
        rfb_client_fence(client, RFB_FENCE_SYNC_NEXT | RFB_FENCE_BLOCK_BEFORE, "format");
        scribble(room);
        room_turn(room, FALSE);
        rfb_client_set_format(client, &client->next_format);
        room_until(room, strstr(client->said->str, "fence 5 format") != NULL);
        g_string_truncate(client->said, 0);
        rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
        scribble_and_see(room, client, 3);
    }
}

/* What is not asked for is owed, not forgotten. */
static void test_areas(void)
{
    g_autoptr(Room) room = room_new(640, 256);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    for (guint i = 0; i < 20; i++) {
        guint n = client->n_updates;
        room_show(room, room_frame(640, 256));
        rfb_client_ask(client, TRUE, (Rect){ 0, 0, 256, 256 });
        room_until(room, client->n_updates == n + 1);
        g_assert_true(room_sees(room, client, (Rect){ 0, 0, 256, 256 }));
        g_assert_false(room_sees(room, client, (Rect){ 256, 0, 384, 256 }));
    }
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
}

/* Who asked for a part and then wants all, unasked, gets all. */
static void test_part_and_continuous(void)
{
    g_autoptr(Room) room = room_new(640, 256);
    g_autoptr(RfbClient) client = room_enter(room);
    client->answers_fences = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_ZRLE, RFB_ENCODING_FENCE,
                         RFB_ENCODING_CONTINUOUS_UPDATES);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    rfb_client_ask(client, TRUE, (Rect){ 0, 0, 64, 64 });
    rfb_client_set_continuous(client, TRUE, RFB_CLIENT_ALL);
    scribble_and_see(room, client, 10);
}

/* The picture @lines higher than it is, with news below. */
static Frame *scrolled(Room *room, int lines)
{
    g_autoptr(Frame) shown = screen_frame(room->screen);
    Frame *frame = room_frame(shown->width, shown->height);
    for (int y = 0; y < shown->height - lines; y++)
        memcpy(frame_row(frame, y), frame_row(shown, y + lines), (gsize)shown->width * 4);
    return frame;
}

/* What moved is copied, from what was sent before, exact or not. */
static void test_scroll(gconstpointer data)
{
    const gint32 *encodings = data;
    g_autoptr(Room) room = room_new(320, 400);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_set_encodings(client, encodings, 3);
    client->asks = TRUE;
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until_seen(room, client);
    for (guint i = 0; i < 15; i++) {
        guint n = client->n_updates;
        room_show(room, scrolled(room, 16));
        if (i % 3 == 0) /* another change before it was told of the first */
            scribble(room);
        room_until(room, client->n_updates > n);
        if (i % 5 == 0)
            room_until_seen(room, client);
    }
    g_assert_cmpuint(rfb_decoder_count(client->decoder).copies, >, 0);
    room_until_seen(room, client);
}

/* With JPEG the picture is not exact at first, and exact when it is still. */
static void test_refined(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    g_autoptr(RfbClient) client = room_enter(room);
    client->asks = TRUE;
    rfb_client_encodings(client, RFB_ENCODING_TIGHT, RFB_ENCODING_JPEG_QUALITY_0);
    room_show(room, room_smooth(300, 200));
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until(room, client->n_updates == 1);
    g_assert_cmpuint(rfb_decoder_count(client->decoder).jpegs, >, 0);
    g_assert_false(room_sees(room, client, RFB_CLIENT_ALL));
    room_until_seen(room, client);
    guint64 bytes = viewer_statistics(room_viewer(room, 0)).bytes;
    scribble_and_see(room, client, 10);
    g_assert_cmpuint(viewer_statistics(room_viewer(room, 0)).bytes, >, bytes);
}

/* Before the first frame the picture is black. */
static void test_nothing_yet(void)
{
    g_autoptr(Room) room = room_new(0, 0);
    g_autoptr(RfbClient) client = room_enter(room);
    rfb_client_encodings(client, RFB_ENCODING_DESKTOP_SIZE);
    rfb_client_ask(client, FALSE, RFB_CLIENT_ALL);
    room_until(room, client->n_updates == 1);
    g_assert_cmpint(client->width, ==, 640);
    client->asks = TRUE;
    rfb_client_ask(client, TRUE, RFB_CLIENT_ALL);
    room_turn(room, FALSE);
    room_show(room, room_frame(320, 200));
    room_until_seen(room, client);
    g_assert_cmpint(client->width, ==, 320);
}

/* Many, each at a pace of its own. */
static void test_crowd(void)
{
    g_autoptr(Room) room = room_new(300, 200);
    RfbClient *clients[16];
    for (guint i = 0; i < G_N_ELEMENTS(clients); i++) {
        clients[i] = room_enter(room);
        clients[i]->asks = TRUE;
        clients[i]->reads_at_once = i % 4 * 1000;
        rfb_client_encodings(clients[i], i % 2 ? RFB_ENCODING_TIGHT : RFB_ENCODING_ZRLE);
        rfb_client_ask(clients[i], FALSE, RFB_CLIENT_ALL);
    }
    for (guint i = 0; i < 50; i++) {
        scribble(room);
        room_turn(room, FALSE);
        if (i % 10 == 0)
            g_clear_pointer(&clients[g_test_rand_int_range(0, 8)], rfb_client_free);
    }
    for (guint i = 0; i < G_N_ELEMENTS(clients); i++) {
        if (clients[i] != NULL)
            room_until_seen(room, clients[i]);
        rfb_client_free(clients[i]);
    }
}

int main(int argc, char **argv)
{
    static const gint32 raw[] = { RFB_ENCODING_RAW, RFB_ENCODING_TIGHT, RFB_ENCODING_ZRLE };
    static const gint32 tight[] = { RFB_ENCODING_TIGHT, RFB_ENCODING_RAW, RFB_ENCODING_COPY_RECT };
    static const gint32 zrle[] = { RFB_ENCODING_ZRLE, RFB_ENCODING_COPY_RECT, RFB_ENCODING_RAW };
    static const gint32 jpeg[] = { RFB_ENCODING_TIGHT, RFB_ENCODING_JPEG_QUALITY_0 + 3,
                                   RFB_ENCODING_COPY_RECT };
    static const gint32 size = RFB_ENCODING_DESKTOP_SIZE;
    static const gint32 extended_size = RFB_ENCODING_EXTENDED_DESKTOP_SIZE;
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/viewer/raw", raw, test_encoding);
    g_test_add_data_func("/viewer/tight", tight, test_encoding);
    g_test_add_data_func("/viewer/zrle", zrle, test_encoding);
    g_test_add_func("/viewer/continuous", test_continuous);
    g_test_add_func("/viewer/no-answers", test_no_answers);
    g_test_add_data_func("/viewer/slow/raw", raw, test_slow);
    g_test_add_data_func("/viewer/slow/tight", tight, test_slow);
    g_test_add_data_func("/viewer/scroll/exact", tight, test_scroll);
    g_test_add_data_func("/viewer/scroll/jpeg", jpeg, test_scroll);
    g_test_add_func("/viewer/stalled", test_stalled);
    g_test_add_data_func("/viewer/resize/plain", &size, test_resize);
    g_test_add_data_func("/viewer/resize/extended", &extended_size, test_resize);
    g_test_add_func("/viewer/no-resize", test_no_resize);
    g_test_add_func("/viewer/formats", test_formats);
    g_test_add_func("/viewer/areas", test_areas);
    g_test_add_func("/viewer/part-and-continuous", test_part_and_continuous);
    g_test_add_func("/viewer/refined", test_refined);
    g_test_add_func("/viewer/nothing-yet", test_nothing_yet);
    g_test_add_func("/viewer/crowd", test_crowd);
    return g_test_run();
}
