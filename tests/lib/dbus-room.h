/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The D-Bus source with a QEMU of our own (fake-console.h), connected, in one process. */
#pragma once

#include <sys/socket.h>

#include "display/source-dbus.h"
#include "tests/lib/fake-console.h"

#define LIMIT_MS 60000

typedef struct {
    FakeConsole qemu;
    Screen *screen;
    DbusConsole *console;
    Source *source;
    GError *ended;
    GMutex lock;
    guint unreadable; /* reasons that were told, with the lock */
    GError *why;      /* the last one */
} Room;

static void on_ended(const GError *reason, gpointer data)
{
    ((Room *)data)->ended = g_error_copy(reason);
}

static void on_unreadable(const GError *reason, gpointer data)
{
    Room *room = data;
    g_mutex_lock(&room->lock);
    room->unreadable++;
    g_clear_error(&room->why);
    room->why = g_error_copy(reason);
    g_mutex_unlock(&room->lock);
}

static void start(Room *room)
{
    int pair[2];
    g_autoptr(GError) error = NULL;
    *room = (Room){ .screen = screen_new() };
    g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), ==, 0);
    fake_console_start(&room->qemu, pair[1]);
    room->console = dbus_console_new(pair[0], LIMIT_MS, &error);
    g_assert_no_error(error);
    g_mutex_init(&room->lock);
    const DbusSourceSpec spec = {
        .screen = room->screen, .ended = on_ended, .unreadable = on_unreadable, .userdata = room
    };
    room->source = dbus_source_new(room->console, &spec, &error);
    g_assert_no_error(error);
    screen_set_wanted(room->screen, TRUE);
    fake_console_await(&room->qemu, 1);
}

static void stop(Room *room)
{
    screen_cancel(room->screen);
    source_free(room->source);
    dbus_console_unref(room->console);
    screen_free(room->screen);
    g_clear_error(&room->ended);
    g_clear_error(&room->why);
    g_mutex_clear(&room->lock);
    fake_console_stop(&room->qemu);
}

static gboolean tick(gpointer data)
{
    return G_SOURCE_CONTINUE;
}

typedef gboolean (*Condition)(Room *room, gconstpointer data);

static void wait_until(Room *room, Condition good, gconstpointer data)
{
    guint timer = g_timeout_add(5, tick, NULL);
    gint64 deadline = g_get_monotonic_time() + LIMIT_MS * G_GINT64_CONSTANT(1000);
    gboolean reached = FALSE;
    while (!(reached = good(room, data)) && g_get_monotonic_time() < deadline)
        g_main_context_iteration(NULL, TRUE);
    g_source_remove(timer);
    if (!reached && room->ended != NULL)
        g_error("the source ended: %s", room->ended->message);
    g_assert_true(reached);
}
