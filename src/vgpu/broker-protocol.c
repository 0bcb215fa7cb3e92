/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/broker-protocol.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"

#define WORD_LIMIT 64
#define MESSAGE_LIMIT 2048 /* bytes; escaped they may become more, see broker_reply_to_text() */

const char *const broker_op_words[] = { "claim", "release", "collect", NULL };

/* in the order of VgpuctlError, behind the first */
static const char *const result_words[] = { "done",    "failed",  "usage",  "not-found",
                                            "exists",  "busy",    "access", "invalid",
                                            "timeout", "refused", NULL };

static const Field request_fields[] = {
    FIELD_INT_(BrokerRequest, version, "of the protocol"),
    FIELD_CHOICE_(BrokerRequest, op, broker_op_words, "what to do"),
    FIELD_TEXT_(BrokerRequest, type, "mdev type to claim"),
    FIELD_TEXT_(BrokerRequest, parent, "GPU to claim it on"),
    FIELD_TEXT_(BrokerRequest, uuid, "of the device"),
    FIELD_TEXT_(BrokerRequest, vm, "what it is claimed for"),
    FIELD_END,
};
const RecordType broker_request_type = { "request", sizeof(BrokerRequest), request_fields };

static const Field reply_fields[] = {
    FIELD_INT_(BrokerReply, version, "of the protocol"),
    FIELD_CHOICE_(BrokerReply, result, result_words, "done, or the kind of error"),
    FIELD_TEXT_(BrokerReply, message, "why not"),
    FIELD_TEXT_(BrokerReply, uuid, "of the claimed device"),
    FIELD_TEXT_(BrokerReply, parent, "GPU it is on"),
    FIELD_TEXT_(BrokerReply, type, "its mdev type"),
    FIELD_TEXT_(BrokerReply, node, "what its user opens"),
    FIELD_INT_(BrokerReply, collected, "claims that were taken back"),
    FIELD_END,
};
const RecordType broker_reply_type = { "reply", sizeof(BrokerReply), reply_fields };

void broker_request_free(BrokerRequest *request)
{
    record_free(&broker_request_type, request);
}

void broker_reply_free(BrokerReply *reply)
{
    record_free(&broker_reply_type, reply);
}

/* One flat object and nothing else. */
static json_t *parse_object(const char *text, gsize length, gsize limit, GError **error)
{
    if (length > limit) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The message has more than %zu bytes", limit);
        return NULL;
    }
    json_error_t problem;
    /* jansson refuses NUL, what is no UTF-8, and bytes behind the object by itself */
    json_t *object = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    if (!json_is_object(object)) {
        g_clear_pointer(&object, json_decref);
        error_set(error, VGPUCTL_ERROR_INVALID, "The message is no JSON object: byte %d",
                  problem.position);
    }
    return object;
}

static gboolean has_field(const RecordType *type, const char *name)
{
    for (const Field *field = type->fields; field->name != NULL; field++)
        if (g_str_equal(field->name, name))
            return TRUE;
    return FALSE;
}

/* record_from_json() lets pass what a newer version may have written; root does not. */
static gboolean check_keys(const RecordType *type, json_t *object, GError **error)
{
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!has_field(type, key))
            return error_set(error, VGPUCTL_ERROR_INVALID, "The %s has an unknown key", type->name);
        if (json_is_null(value))
            return error_set(error, VGPUCTL_ERROR_INVALID, "The %s's %s is null", type->name, key);
    }
    return TRUE;
}

static gboolean is_word(const char *text)
{
    if (!g_ascii_isalnum(text[0]) && text[0] != '_')
        return FALSE;
    gsize length = strspn(text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "._:+-");
    return text[length] == '\0' && length <= WORD_LIMIT;
}

/* As the kernel names the device, whatever the case it was made with. */
static gboolean is_uuid(const char *text)
{
    return g_uuid_string_is_valid(text) && strpbrk(text, G_CSET_A_2_Z) == NULL;
}

static gboolean check_member(const char *key, const char *value, gboolean allowed, gboolean needed,
                             gboolean (*is_good)(const char *), GError **error)
{
    if (value == NULL)
        return !needed || error_set(error, VGPUCTL_ERROR_INVALID, "The request has no %s", key);
    if (!allowed)
        return error_set(error, VGPUCTL_ERROR_INVALID, "The request's operation takes no %s", key);
    if (!is_good(value))
        return error_set(error, VGPUCTL_ERROR_INVALID, "The request's %s is no %s", key,
                         is_good == is_uuid ? "lower-case UUID" : "name");
    return TRUE;
}

static gboolean check_request(const BrokerRequest *request, GError **error)
{
    gboolean claim = request->op == BROKER_CLAIM, release = request->op == BROKER_RELEASE;
    if (request->version != BROKER_VERSION)
        return error_set(error, VGPUCTL_ERROR_INVALID,
                         "The request is of version %d of the protocol and the broker of %d: "
                         "restart what was running when vgpuctl was updated",
                         request->version, BROKER_VERSION);
    return check_member("type", request->type, claim, claim, is_word, error) &&
           check_member("parent", request->parent, claim, FALSE, is_word, error) &&
           check_member("uuid", request->uuid, claim || release, release, is_uuid, error) &&
           check_member("vm", request->vm, claim, FALSE, is_word, error);
}

BrokerRequest *broker_request_from_text(const char *text, gsize length, GError **error)
{
    g_autoptr(json_t) object = parse_object(text, length, BROKER_REQUEST_LIMIT, error);
    if (object == NULL || !check_keys(&broker_request_type, object, error))
        return NULL;
    if (json_object_get(object, "op") == NULL) { /* else the first would be meant */
        error_set(error, VGPUCTL_ERROR_INVALID, "The request has no op");
        return NULL;
    }
    g_autoptr(BrokerRequest) request = record_from_json(&broker_request_type, object, error);
    if (request == NULL || !check_request(request, error))
        return NULL;
    return g_steal_pointer(&request);
}

/* What is not set is left out; so is a number that is 0, which is what it reads as. */
static char *to_text(const RecordType *type, const void *record)
{
    g_autoptr(json_t) object = record_to_json(type, record);
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == 0))
            json_object_del(object, key);
    }
    char *dumped = json_dumps(object, 0);
    char *text = g_strdup(dumped);
    free(dumped);
    return text;
}

char *broker_request_to_text(const BrokerRequest *request)
{
    return to_text(&broker_request_type, request);
}

BrokerReply *broker_reply_from_text(const char *text, gsize length, GError **error)
{
    g_autoptr(json_t) object = parse_object(text, length, BROKER_REPLY_LIMIT, error);
    if (object == NULL)
        return NULL;
    if (json_object_get(object, "result") == NULL) {
        error_set(error, VGPUCTL_ERROR_INVALID, "The reply has no result");
        return NULL;
    }
    return record_from_json(&broker_reply_type, object, error);
}

char *broker_reply_to_text(const BrokerReply *reply)
{
    char *text = to_text(&broker_reply_type, reply);
    if (strlen(text) <= BROKER_REPLY_LIMIT)
        return text;
    g_free(text);
    BrokerReply brief = *reply;
    brief.message = (char *)"The reason is too long for the protocol; it stands in the journal";
    return to_text(&broker_reply_type, &brief);
}

/* One line of valid UTF-8 that a terminal can be given. */
static char *one_line(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, MESSAGE_LIMIT));
    GString *line = g_string_new(NULL);
    for (const char *c = valid; *c != '\0'; c = g_utf8_next_char(c)) {
        gunichar value = g_utf8_get_char(c);
        g_string_append_unichar(line, g_unichar_isprint(value) ? value : '?');
    }
    return g_string_free(line, FALSE);
}

BrokerReply *broker_reply_from_error(const GError *error)
{
    BrokerReply *reply = record_new(&broker_reply_type);
    reply->version = BROKER_VERSION;
    reply->result = (error->domain == VGPUCTL_ERROR ? error->code : VGPUCTL_ERROR_FAILED) + 1;
    reply->message = one_line(error->message);
    return reply;
}

gboolean broker_reply_check(const BrokerReply *reply, GError **error)
{
    if (reply->result == 0)
        return TRUE;
    return error_set(error, (VgpuctlError)(reply->result - 1), "%s",
                     reply->message != NULL ? reply->message : "The broker gives no reason");
}
