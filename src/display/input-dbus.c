/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "display/input-dbus.h"

#include "display/dbus-clipboard.h"

#define RANGE 0xffff /* of a position (input.h) */

/* Calls without an answer, after which presses and moves are dropped: QEMU hangs. */
#define PENDING_MOST 256

#define KEYS 256 /* QEMU's key numbers: 7 bits and 0x80 */
#define BUTTONS 16

typedef struct {
    int references; /* the sink's owner and each call without an answer */
    DbusConsole *console;
    DbusClipboard *clipboard; /* or NULL */
    guint pending;
    guint moving; /* of those, moves */
    gboolean waits, knows_last;
    double x, y;          /* the position that waits, 0 to 1 */
    guint last_x, last_y; /* pixels, of the position last sent */
    gboolean keys[KEYS];  /* QEMU was told that it is down */
    gboolean buttons[BUTTONS];
} InputDbus;

static void send_position(InputDbus *input);

static void sink_unref(InputDbus *input)
{
    if (--input->references > 0)
        return;
    g_free(input);
}

static void on_answer(GObject *connection, GAsyncResult *result, gpointer data)
{
    InputDbus *input = data;
    /* an error is of no use to anybody: QEMU refuses positions during a change of mode */
    g_autoptr(GVariant) answer =
        g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, NULL);
    input->pending--;
    sink_unref(input);
}

static void on_moved(GObject *connection, GAsyncResult *result, gpointer data)
{
    InputDbus *input = data;
    input->moving--;
    if (input->waits && input->console != NULL)
        send_position(input);
    on_answer(connection, result, input);
}

static void call(InputDbus *input, const char *interface, const char *method, GVariant *parameters,
                 GAsyncReadyCallback done)
{
    input->pending++;
    input->references++;
    dbus_console_call(input->console, interface, method, parameters, done, input);
}

static gboolean is_stuck(const InputDbus *input)
{
    return input->pending >= PENDING_MOST;
}

static void sink_key(gpointer sink, guint qnum, gboolean down)
{
    InputDbus *input = sink;
    if (qnum >= KEYS || (down ? is_stuck(input) : !input->keys[qnum]))
        return;
    input->keys[qnum] = down;
    call(input, "Keyboard", down ? "Press" : "Release", g_variant_new("(u)", qnum), on_answer);
}

static void sink_motion(gpointer sink, int dx, int dy)
{
    InputDbus *input = sink;
    if (!is_stuck(input) && (dx != 0 || dy != 0))
        call(input, "Mouse", "RelMotion", g_variant_new("(ii)", dx, dy), on_answer);
}

static void send_position(InputDbus *input)
{
    guint width, height;
    dbus_console_size(input->console, &width, &height);
    input->waits = FALSE;
    if (width == 0 || height == 0)
        return;
    guint x = (guint)(input->x * (width - 1) + 0.5), y = (guint)(input->y * (height - 1) + 0.5);
    if (dbus_console_is_absolute(input->console)) {
        input->moving++;
        call(input, "Mouse", "SetAbsPosition", g_variant_new("(uu)", x, y), on_moved);
    } else if (input->knows_last) {
        sink_motion(input, (int)x - (int)input->last_x, (int)y - (int)input->last_y);
    }
    input->knows_last = TRUE;
    input->last_x = x;
    input->last_y = y;
}

static void sink_position(gpointer sink, double x, double y)
{
    InputDbus *input = sink;
    input->x = CLAMP(x, 0, RANGE) / RANGE;
    input->y = CLAMP(y, 0, RANGE) / RANGE;
    input->waits = TRUE;
    if (input->moving == 0 && !is_stuck(input))
        send_position(input);
}

static void sink_button(gpointer sink, int button, gboolean down)
{
    InputDbus *input = sink;
    if (button < 0 || button >= BUTTONS || (down ? is_stuck(input) : !input->buttons[button]))
        return;
    /* pressed where the pointer is, not where it was */
    if (input->waits)
        send_position(input);
    input->buttons[button] = down;
    call(input, "Mouse", down ? "Press" : "Release", g_variant_new("(u)", (guint)button),
         on_answer);
}

static void sink_free(gpointer sink)
{
    InputDbus *input = sink;
    g_clear_pointer(&input->clipboard, dbus_clipboard_free);
    g_clear_pointer(&input->console, dbus_console_unref);
    sink_unref(input);
}

const InputClass input_dbus_class = {
    .key = sink_key,
    .position = sink_position,
    .motion = sink_motion,
    .button = sink_button,
    .free = sink_free,
};

gpointer input_dbus_new(DbusConsole *console, Clipboard *clipboard)
{
    InputDbus *input = g_new0(InputDbus, 1);
    input->references = 1;
    input->console = dbus_console_ref(console);
    if (clipboard != NULL)
        input->clipboard = dbus_clipboard_new(console, clipboard, NULL);
    return input;
}
