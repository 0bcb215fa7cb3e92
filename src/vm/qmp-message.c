/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vm/qmp-message.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

/*
 * QEMU writes 64-bit numbers without a sign, jansson's integers have one. Such a message is read
 * with real numbers: its large values lose their last digits, we do not lose the connection. How
 * deep values may lie in each other is bounded by jansson (JSON_PARSER_MAX_DEPTH, 2048).
 */
static json_t *load(const char *text, gsize length, GError **error)
{
    json_error_t where;
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &where);
    if (object == NULL && json_error_code(&where) == json_error_numeric_overflow)
        object = json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &where);
    if (object == NULL) {
        g_autofree char *printable = g_strescape(where.text, NULL);
        error_set(error, VGPUCTL_ERROR_INVALID, "a line that is not JSON: %s", printable);
    }
    return object;
}

static QmpMessageKind kind_of(const json_t *object)
{
    static const struct {
        const char *key;
        QmpMessageKind kind;
    } keys[] = { { "QMP", QMP_MESSAGE_GREETING },
                 { "event", QMP_MESSAGE_EVENT },
                 { "error", QMP_MESSAGE_ERROR },
                 { "return", QMP_MESSAGE_RETURN } };
    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
        if (json_object_get(object, keys[i].key) != NULL)
            return keys[i].kind;
    return QMP_MESSAGE_OTHER;
}

static gint64 time_us(const json_t *timestamp)
{
    gint64 seconds = json_get_int(timestamp, "seconds", -1);
    gint64 microseconds = json_get_int(timestamp, "microseconds", -1);
    if (seconds < 0 || seconds >= G_MAXINT64 / G_USEC_PER_SEC || microseconds < 0 ||
        microseconds >= G_USEC_PER_SEC)
        return -1;
    return seconds * G_USEC_PER_SEC + microseconds;
}

static gboolean read_event(QmpMessage *message, GError **error)
{
    message->name = json_get_text(message->object, "event");
    message->value = json_object_get(message->object, "data");
    message->time_us = time_us(json_object_get(message->object, "timestamp"));
    if (message->name == NULL || (message->value != NULL && !json_is_object(message->value)))
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "an event without a name, or with data that is no object");
    return TRUE;
}

static char *one_line(const char *text)
{
    char *line = g_strdup(text);
    for (char *c = line; c != NULL && *c != '\0'; c++)
        if (g_ascii_iscntrl(*c))
            *c = ' ';
    return line;
}

static void read_error(QmpMessage *message)
{
    const json_t *refusal = json_object_get(message->object, "error");
    const char *description = json_get_text(refusal, "desc");
    message->name = json_get_text(refusal, "class");
    message->description = one_line(description != NULL ? description : "no reason given");
}

gboolean qmp_message_parse(const char *text, gsize length, QmpMessage *ret_message, GError **error)
{
    g_auto(QmpMessage) message = { .object = load(text, length, error), .time_us = -1 };
    if (message.object == NULL)
        return FALSE;
    if (!json_is_object(message.object))
        return error_set(error, VGPUCTL_ERROR_INVALID, "a message that is no object");
    message.kind = kind_of(message.object);
    message.id = json_object_get(message.object, "id");
    switch (message.kind) {
    case QMP_MESSAGE_GREETING:
        message.value = json_object_get(message.object, "QMP");
        break;
    case QMP_MESSAGE_EVENT:
        if (!read_event(&message, error))
            return FALSE;
        break;
    case QMP_MESSAGE_RETURN:
        message.value = json_object_get(message.object, "return");
        break;
    case QMP_MESSAGE_ERROR:
        read_error(&message);
        break;
    case QMP_MESSAGE_OTHER:
        break;
    default:
        g_assert_not_reached();
    }
    *ret_message = message;
    message = (QmpMessage){ 0 };
    return TRUE;
}

void qmp_message_clear(QmpMessage *message)
{
    json_decref(message->object);
    g_free(message->description);
    *message = (QmpMessage){ 0 };
}
