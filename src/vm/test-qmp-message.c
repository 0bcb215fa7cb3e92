/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-message.h"

#include <string.h>

#include "base/error.h"

/* A message in a word or two: kind, name or description, value, time. */
static char *describe(const QmpMessage *message)
{
    static const char *const kinds[] = { "greeting", "event", "return", "error", "other" };
    char *value =
        message->value != NULL ? json_dumps(message->value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
    char *text = g_strdup_printf("%s name=%s value=%s id=%d time=%" G_GINT64_FORMAT " %s",
                                 kinds[message->kind], message->name != NULL ? message->name : "-",
                                 value != NULL ? value : "-", message->id != NULL, message->time_us,
                                 message->description != NULL ? message->description : "-");
    free(value);
    return text;
}

static void test_kinds(void)
{
    static const struct {
        const char *text, *described;
    } cases[] = {
        { "{\"QMP\": {\"capabilities\": []}}\r",
          "greeting name=- value={\"capabilities\":[]} id=0 time=-1 -" },
        { "{\"return\": 5, \"id\": 1}", "return name=- value=5 id=1 time=-1 -" },
        { "{\"id\": null, \"return\": null}", "return name=- value=null id=1 time=-1 -" },
        { "{\"error\": {\"class\": \"C\", \"desc\": \"a\\nb\\u007fc\"}}",
          "error name=C value=- id=0 time=-1 a b c" },
        { "{\"error\": [], \"return\": 1}", "error name=- value=- id=0 time=-1 no reason given" },
        { "{\"event\": \"E\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 999999}}",
          "event name=E value=- id=0 time=1999999 -" },
        { "{\"event\": \"E\", \"data\": {}, \"timestamp\": {\"seconds\": 1}}",
          "event name=E value={} id=0 time=-1 -" },
        { "{\"event\": \"E\", \"timestamp\": {\"seconds\": 1, \"microseconds\": 1000000}}",
          "event name=E value=- id=0 time=-1 -" },
        { "{}", "other name=- value=- id=0 time=-1 -" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(QmpMessage) message = { 0 };
        g_autoptr(GError) error = NULL;
        g_assert_true(qmp_message_parse(cases[i].text, strlen(cases[i].text), &message, &error));
        g_assert_no_error(error);
        g_autofree char *described = describe(&message);
        g_assert_cmpstr(described, ==, cases[i].described);
    }
}

static void test_refused(void)
{
    static const char *const texts[] = { "",
                                         " ",
                                         "5",
                                         "[]",
                                         "null",
                                         "{",
                                         "{} {}",
                                         "{\"a\": 1, \"a\": 1}",
                                         "{'a'}",
                                         "\"text\"",
                                         "{\"event\": null}",
                                         "{\"event\": \"E\", \"data\": 1}" };
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        QmpMessage message = { .kind = QMP_MESSAGE_OTHER };
        g_autoptr(GError) error = NULL;
        g_assert_false(qmp_message_parse(texts[i], strlen(texts[i]), &message, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_null(message.object);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/qmp-message/kinds", test_kinds);
    g_test_add_func("/qmp-message/refused", test_refused);
    return g_test_run();
}
