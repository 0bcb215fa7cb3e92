/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The test is QEMU's monitor at the other end of a socket. */
#include "libexec/display-input.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"

typedef struct {
    Input *input;
    int monitor;
    GString *heard; /* what has come and was not taken yet */
} Test;

static void say(Test *test, const char *text)
{
    g_assert_cmpint(write(test->monitor, text, strlen(text)), ==, (gssize)strlen(text));
}

/* The next line that the monitor hears. Owned; parsed. */
static json_t *hear(Test *test)
{
    char *end;
    while ((end = strchr(test->heard->str, '\n')) == NULL) {
        char part[65536];
        ssize_t n = recv(test->monitor, part, sizeof part, MSG_DONTWAIT);
        g_assert_cmpint(n, !=, 0);
        if (n > 0)
            g_string_append_len(test->heard, part, n);
        else
            g_main_context_iteration(NULL, TRUE);
    }
    g_autofree char *line = g_strndup(test->heard->str, (gsize)(end - test->heard->str));
    g_string_erase(test->heard, 0, (gssize)strlen(line) + 1);
    json_t *message = json_loads(line, 0, NULL);
    g_assert_nonnull(message);
    return message;
}

static void hear_command(Test *test, const char *wanted)
{
    g_autoptr(json_t) message = hear(test);
    g_autofree char *events =
        json_dumps(json_object_get(json_object_get(message, "arguments"), "events"),
                   JSON_COMPACT | JSON_SORT_KEYS);
    g_assert_cmpstr(events, ==, wanted);
    g_autofree char *id = json_dumps(json_object_get(message, "id"), JSON_ENCODE_ANY);
    g_autofree char *reply = g_strdup_printf("{\"return\": {}, \"id\": %s}\r\n", id);
    say(test, reply);
}

static gboolean hears_nothing(Test *test)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
    struct pollfd ready = { .fd = test->monitor, .events = POLLIN };
    return test->heard->len == 0 && poll(&ready, 1, 0) == 0;
}

static void greet(Test *test)
{
    say(test, "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 7}}, \"capabilities\": []}}\r\n");
    g_autoptr(json_t) message = hear(test);
    g_assert_cmpstr(json_string_value(json_object_get(message, "execute")), ==, "qmp_capabilities");
    g_autofree char *id = json_dumps(json_object_get(message, "id"), JSON_ENCODE_ANY);
    g_autofree char *reply = g_strdup_printf("{\"return\": {}, \"id\": %s}\r\n", id);
    say(test, reply);
}

static void set_up(Test *test, gconstpointer unused)
{
    int pair[2];
    g_assert_no_errno(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
    test->input = display_input_new_fd(pair[0]);
    test->monitor = pair[1];
    test->heard = g_string_new(NULL);
}

static void tear_down(Test *test, gconstpointer unused)
{
    input_free(test->input);
    if (test->monitor >= 0)
        close(test->monitor);
    g_string_free(test->heard, TRUE);
}

#define KEY(down, number)                                                                          \
    "{\"data\":{\"down\":" down ",\"key\":{\"data\":" number ",\"type\":\"number\"}},"             \
    "\"type\":\"key\"}"
#define MOVE(x, y)                                                                                 \
    "{\"data\":{\"axis\":\"x\",\"value\":" x "},\"type\":\"abs\"},"                                \
    "{\"data\":{\"axis\":\"y\",\"value\":" y "},\"type\":\"abs\"}"
#define BUTTON(down, name) "{\"data\":{\"button\":\"" name "\",\"down\":" down "},\"type\":\"btn\"}"

/* input that comes before QEMU greets is not lost */
static void test_events(Test *test, gconstpointer unused)
{
    input_key(test->input, test, 0x1e, TRUE);
    greet(test);
    hear_command(test, "[" KEY("true", "30") "]");
    g_assert_true(hears_nothing(test));
    input_key(test->input, test, 0x1e, FALSE);
    hear_command(test, "[" KEY("false", "30") "]");
    g_assert_true(hears_nothing(test));
    input_pointer(test->input, test, 99, 0, 100, 50, 0);
    hear_command(test, "[" MOVE("32767", "0") "]");
}

/* one at a time; what comes meanwhile is the next, and of moves the last counts */
static void test_together(Test *test, gconstpointer unused)
{
    greet(test);
    input_key(test->input, test, 42, TRUE);
    g_autoptr(json_t) first = hear(test);
    for (int x = 0; x < 100; x++)
        input_pointer(test->input, test, x, 0, 101, 101, 0);
    input_pointer(test->input, test, 100, 100, 101, 101, 1);
    input_pointer(test->input, test, 0, 100, 101, 101, 1);
    input_pointer(test->input, test, 0, 0, 101, 101, 0);
    input_key(test->input, test, 42, FALSE);
    g_assert_true(hears_nothing(test));
    g_autofree char *id = json_dumps(json_object_get(first, "id"), JSON_ENCODE_ANY);
    g_autofree char *reply = g_strdup_printf("{\"return\": {}, \"id\": %s}\r\n", id);
    say(test, reply);
    hear_command(test, "[" MOVE("32767", "32767") "," BUTTON("true", "left") "," MOVE(
                           "0", "0") "," BUTTON("false", "left") "," KEY("false", "42") "]");
}

/* an error of QEMU's is no reason to stop: the guest may have had no keyboard yet */
static void test_refused(Test *test, gconstpointer unused)
{
    greet(test);
    input_key(test->input, test, 30, TRUE);
    g_autoptr(json_t) first = hear(test);
    g_autofree char *id = json_dumps(json_object_get(first, "id"), JSON_ENCODE_ANY);
    g_autofree char *reply = g_strdup_printf(
        "{\"error\": {\"class\": \"GenericError\", \"desc\": \"no\"}, \"id\": %s}\r\n", id);
    say(test, reply);
    input_key(test->input, test, 30, FALSE);
    hear_command(test, "[" KEY("false", "30") "]");
}

/* @events: how many, and whether each release has its press before it */
static gsize check_pairs(const json_t *events)
{
    gboolean held[256] = { FALSE };
    gsize i;
    json_t *event;
    json_array_foreach(events, i, event)
    {
        json_t *data = json_object_get(event, "data");
        gsize number =
            (gsize)json_integer_value(json_object_get(json_object_get(data, "key"), "data"));
        gboolean down = json_is_true(json_object_get(data, "down"));
        g_assert_cmpint(held[number], ==, !down);
        held[number] = down;
    }
    for (gsize number = 0; number < G_N_ELEMENTS(held); number++)
        g_assert_false(held[number]);
    return json_array_size(events);
}

/* a QEMU that hangs */
static void test_bounded(Test *test, gconstpointer unused)
{
    greet(test);
    input_key(test->input, test, 1, TRUE);
    g_autoptr(json_t) first = hear(test);
    input_key(test->input, test, 1, FALSE);
    for (guint i = 0; i < 100000; i++) {
        input_key(test->input, test, 2 + i % 100, i / 100 % 2 == 0);
        input_pointer(test->input, test, (int)i % 7, 3, 10, 10, i % 2 << 3);
    }
    g_assert_true(hears_nothing(test));
    g_autofree char *id = json_dumps(json_object_get(first, "id"), JSON_ENCODE_ANY);
    g_autofree char *reply = g_strdup_printf("{\"return\": {}, \"id\": %s}\r\n", id);
    say(test, reply);
    g_autoptr(json_t) second = hear(test);
    json_t *events = json_object_get(json_object_get(second, "arguments"), "events");
    g_assert_cmpuint(json_array_size(events), >=, 256);
    g_assert_cmpuint(json_array_size(events), <, 600);
    g_autoptr(json_t) keys = json_array();
    gsize i;
    json_t *event;
    json_array_append_new(keys,
                          json_pack("{s:{s:b, s:{s:i}}}", "data", "down", 1, "key", "data", 1));
    json_array_foreach(events, i,
                       event) if (g_strcmp0(json_string_value(json_object_get(event, "type")),
                                            "key") == 0) json_array_append(keys, event);
    g_assert_cmpuint(check_pairs(keys), >, 10);
}

/* QEMU has ended, and its viewer not yet */
static void test_closed(Test *test, gconstpointer unused)
{
    greet(test);
    input_key(test->input, test, 30, TRUE);
    close(steal_fd(&test->monitor));
    while (g_main_context_iteration(NULL, FALSE))
        ;
    for (guint i = 0; i < 1000; i++) {
        input_key(test->input, test, 31, i % 2 == 0);
        g_main_context_iteration(NULL, FALSE);
    }
}

static void test_nobody(void)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(display_input_new("/nonexistent/input.sock", &error));
    g_assert_nonnull(strstr(error->message, "/nonexistent/input.sock"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    static const struct {
        const char *path;
        void (*run)(Test *test, gconstpointer unused);
    } tests[] = {
        { "/display-input/events", test_events },   { "/display-input/together", test_together },
        { "/display-input/refused", test_refused }, { "/display-input/bounded", test_bounded },
        { "/display-input/closed", test_closed },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
        g_test_add(tests[i].path, Test, NULL, set_up, tests[i].run, tear_down);
    g_test_add_func("/display-input/nobody", test_nobody);
    return g_test_run();
}
