/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/display-input.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "vm/qmp-client.h"

/* A person types 20 keys a second. */
#define WAITING_LIMIT 256

#define QNUMS 256
#define ABS_MAX 0x7fff /* QEMU: INPUT_EVENT_ABS_MAX (include/ui/input.h) */

typedef struct {
    QmpClient *client;
    json_t *waiting; /* array of InputEvent (qapi/ui.json) */
    gboolean busy;   /* a command is under way */
    /* whose press was left out for want of room; so is the release then */
    gboolean skipped_keys[QNUMS];
    guint skipped_buttons;
} Sink;

static void send_waiting(Sink *sink);

static void on_reply(QmpClient *client, json_t *result, const GError *error, void *userdata)
{
    Sink *sink = userdata;
    if (sink->client == NULL) /* the reply is the end of qmp_client_free() */
        return;
    sink->busy = FALSE;
    send_waiting(sink);
}

static void send_waiting(Sink *sink)
{
    if (sink->busy || json_array_size(sink->waiting) == 0)
        return;
    if (qmp_client_state(sink->client) == QMP_CLIENT_CLOSED) {
        json_array_clear(sink->waiting);
        return;
    }
    sink->busy = TRUE;
    json_t *arguments = json_pack("{s:o}", "events", sink->waiting);
    sink->waiting = json_array();
    qmp_client_call(sink->client, "input-send-event", arguments, -1, on_reply, sink);
}

static json_t *event(const char *type, json_t *data)
{
    return json_pack("{s:s, s:o}", "type", type, "data", data);
}

static void add(Sink *sink, const char *type, json_t *data)
{
    json_array_append_new(sink->waiting, event(type, data));
    send_waiting(sink);
}

/* TRUE: this one is left out. Releases always have room: each had its press. */
static gboolean skip(const Sink *sink, gboolean down, gboolean press_was_skipped)
{
    return down ? json_array_size(sink->waiting) >= WAITING_LIMIT : press_was_skipped;
}

static void on_key(gpointer data, guint qnum, gboolean down)
{
    Sink *sink = data;
    if (qnum >= QNUMS)
        return;
    gboolean skipped = skip(sink, down, sink->skipped_keys[qnum]);
    sink->skipped_keys[qnum] = skipped && down;
    if (!skipped)
        add(sink, "key",
            json_pack("{s:b, s:{s:s, s:i}}", "down", down, "key", "type", "number", "data",
                      (int)qnum));
}

static void on_button(gpointer data, int button, gboolean down)
{
    /* in the order of InputButton */
    static const char *const names[] = { "left", "middle", "right",      "wheel-up",   "wheel-down",
                                         "side", "extra",  "wheel-left", "wheel-right" };
    Sink *sink = data;
    g_return_if_fail(button >= 0 && button < (int)G_N_ELEMENTS(names));
    guint bit = 1u << button;
    gboolean skipped = skip(sink, down, (sink->skipped_buttons & bit) != 0);
    sink->skipped_buttons =
        skipped && down ? sink->skipped_buttons | bit : sink->skipped_buttons & ~bit;
    if (!skipped)
        add(sink, "btn", json_pack("{s:b, s:s}", "down", down, "button", names[button]));
}

/* The latest event that waits, when it is of @type and @axis, counted from the end. */
static json_t *latest(const Sink *sink, gsize from_end, const char *type, const char *axis)
{
    gsize n = json_array_size(sink->waiting);
    const json_t *found = n >= from_end ? json_array_get(sink->waiting, n - from_end) : NULL;
    json_t *data = json_object_get(found, "data");
    const char *its_type = json_string_value(json_object_get(found, "type"));
    const char *its_axis = json_string_value(json_object_get(data, "axis"));
    return g_strcmp0(its_type, type) == 0 && g_strcmp0(its_axis, axis) == 0 ? data : NULL;
}

/* Moves behind which nothing else happened are one; x and y always go together. */
static void move(Sink *sink, const char *type, int x, int y, gboolean relative)
{
    json_t *last_x = latest(sink, 2, type, "x"), *last_y = latest(sink, 1, type, "y");
    if (last_x != NULL && last_y != NULL) {
        int from_x = relative ? (int)json_integer_value(json_object_get(last_x, "value")) : 0;
        int from_y = relative ? (int)json_integer_value(json_object_get(last_y, "value")) : 0;
        json_object_set_new(last_x, "value", json_integer(from_x + x));
        json_object_set_new(last_y, "value", json_integer(from_y + y));
        return;
    }
    if (json_array_size(sink->waiting) >= WAITING_LIMIT)
        return;
    json_array_append_new(sink->waiting,
                          event(type, json_pack("{s:s, s:i}", "axis", "x", "value", x)));
    json_array_append_new(sink->waiting,
                          event(type, json_pack("{s:s, s:i}", "axis", "y", "value", y)));
    send_waiting(sink);
}

static int absolute(double value)
{
    return (int)(CLAMP(value, 0, 0xffff) * ABS_MAX / 0xffff + 0.5);
}

static void on_position(gpointer data, double x, double y)
{
    move(data, "abs", absolute(x), absolute(y), FALSE);
}

static void on_motion(gpointer data, int dx, int dy)
{
    move(data, "rel", dx, dy, TRUE);
}

static void free_sink(gpointer data)
{
    Sink *sink = data;
    qmp_client_free(g_steal_pointer(&sink->client));
    json_decref(sink->waiting);
    g_free(sink);
}

static const InputClass class = { .key = on_key,
                                  .position = on_position,
                                  .motion = on_motion,
                                  .button = on_button,
                                  .free = free_sink };

Input *display_input_new_fd(int fd)
{
    Sink *sink = g_new0(Sink, 1);
    sink->waiting = json_array();
    sink->client = qmp_client_new(fd, NULL, NULL, NULL);
    return input_new(&class, sink);
}

Input *display_input_new(const char *path, GError **error)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    autofd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (g_strlcpy(address.sun_path, path, sizeof address.sun_path) >= sizeof address.sun_path)
        error_set(error, VGPUCTL_ERROR_USAGE, "Socket %s: its path is too long", path);
    else if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
        error_set_errno(error, errno, "Connecting to %s", path);
    else
        return display_input_new_fd(steal_fd(&fd));
    return NULL;
}
