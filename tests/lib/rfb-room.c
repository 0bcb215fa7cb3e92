/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/lib/rfb-room.h"

#include <string.h>
#include <sys/socket.h>

static void on_screen_changed(gpointer userdata)
{
    Room *room = userdata;
    for (guint i = 0; i < room->viewers->len; i++)
        viewer_look(room->viewers->pdata[i]);
}

Room *room_new(int width, int height)
{
    Room *room = g_new0(Room, 1);
    room->screen = screen_new();
    room->cache = encode_cache_new(16 << 20);
    room->share = update_share_new();
    room->workers = g_thread_pool_new(viewer_work, NULL, 2, FALSE, NULL);
    room->viewers = g_ptr_array_new_with_free_func((GDestroyNotify)viewer_free);
    room->host = (ViewerHost){ .name = "room",
                               .screen = room->screen,
                               .cache = room->cache,
                               .share = room->share,
                               .workers = room->workers };
    screen_watch(room->screen, NULL, on_screen_changed, room);
    if (width > 0)
        room_show(room, room_frame(width, height));
    return room;
}

void room_free(Room *room)
{
    if (room == NULL)
        return;
    g_ptr_array_unref(room->viewers);
    g_thread_pool_free(room->workers, FALSE, TRUE);
    update_share_free(room->share);
    encode_cache_free(room->cache);
    screen_free(room->screen);
    g_free(room->reason);
    g_free(room);
}

static void on_ended(Viewer *viewer, const GError *reason, gpointer userdata)
{
    Room *room = userdata;
    g_free(room->reason);
    room->reason = reason != NULL ? g_strdup(reason->message) : NULL;
    room->n_ended++;
    g_ptr_array_remove(room->viewers, viewer);
}

static void on_changed(Viewer *viewer, gpointer userdata)
{
    ((Room *)userdata)->n_changed++;
}

int room_connect(Room *room)
{
    int fds[2];
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    g_autoptr(GSocket) socket = g_socket_new_from_fd(fds[0], NULL);
    GIOStream *stream = G_IO_STREAM(g_socket_connection_factory_create_connection(socket));
    g_ptr_array_add(room->viewers, viewer_new(&room->host, stream, on_ended, on_changed, room));
    return fds[1];
}

RfbClient *room_enter(Room *room)
{
    RfbClient *client = rfb_client_new(room_connect(room));
    room_until(room, client->greeted);
    return client;
}

Viewer *room_viewer(const Room *room, guint index)
{
    return room->viewers->pdata[index];
}

Frame *room_frame(int width, int height)
{
    Frame *frame = frame_new(width, height, NULL);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++)
            frame_row(frame, y)[x] =
                x % 4 == 0 ? (guint32)g_test_rand_int() : frame_row(frame, y)[x - 1];
    }
    return frame;
}

Frame *room_smooth(int width, int height)
{
    Frame *frame = frame_new(width, height, NULL);
    for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++)
            frame_row(frame, y)[x] = (guint32)(x * 255 / width) << 16 |
                                     (guint32)(y * 255 / height) << 8 |
                                     ((guint32)g_test_rand_int() & 0x070707);
    }
    return frame;
}

void room_show(Room *room, Frame *frame)
{
    screen_show(room->screen, frame, NULL, 0);
}

void room_turn(Room *room, gboolean block)
{
    g_main_context_iteration(NULL, block);
}

/* What the viewer can know of @n pixels: without the byte that means nothing, in its format. */
static void reduce(const RfbClient *client, const guint32 *pixels, gsize n, guint8 *ret_bytes)
{
    g_autofree guint32 *colours = g_new(guint32, n);
    for (gsize i = 0; i < n; i++)
        colours[i] = pixels[i] & 0xffffff;
    pixel_format_convert(&client->format, colours, n, ret_bytes);
}

gboolean room_sees(Room *room, const RfbClient *client, Rect area)
{
    g_autoptr(Frame) frame = screen_frame(room->screen);
    Rect both = rect_intersect((Rect){ 0, 0, client->width, client->height },
                               (Rect){ 0, 0, frame->width, frame->height });
    both = rect_intersect(both, area);
    gsize n = (gsize)both.width, bytes = n * client->format.bits / 8;
    g_autofree guint8 *shown = g_malloc(bytes), *seen = g_malloc(bytes);
    for (int y = both.y; y < both.y + both.height; y++) {
        reduce(client, frame_row(frame, y) + both.x, n, shown);
        reduce(client, client->pixels + y * client->width + both.x, n, seen);
        if (memcmp(shown, seen, bytes) != 0)
            return FALSE;
    }
    return TRUE;
}

void room_until_seen(Room *room, const RfbClient *client)
{
    while (client->rects_left > 0 || !room_sees(room, client, RFB_CLIENT_ALL)) {
        guint n = client->n_updates;
        room_until(room, client->n_updates > n);
    }
}
