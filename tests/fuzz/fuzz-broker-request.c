/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What anybody may send to the broker, which runs as root. For any bytes: an error, or a request in
 * which each name is a single name below a directory, and which is written and read back unchanged.
 * The same bytes as its client reads them from the broker.
 */
#include "fuzz.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "vgpu/broker-protocol.h"

static void check_name(const char *name)
{
    if (name == NULL)
        return;
    g_assert(*name != '\0' && *name != '.' && *name != '-' && strlen(name) <= 64);
    for (const char *c = name; *c != '\0'; c++)
        g_assert(g_ascii_isalnum(*c) || strchr("._:+-", *c) != NULL);
}

static void check_request(const BrokerRequest *request)
{
    check_name(request->type);
    check_name(request->parent);
    check_name(request->vm);
    g_assert(request->uuid == NULL || g_uuid_string_is_valid(request->uuid));
    g_assert((request->op == BROKER_CLAIM) == (request->type != NULL));
    g_assert(request->op != BROKER_RELEASE || request->uuid != NULL);

    g_autoptr(GError) error = NULL;
    g_autofree char *text = broker_request_to_text(request);
    g_autoptr(BrokerRequest) again = broker_request_from_text(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autofree char *same = broker_request_to_text(again);
    g_assert_cmpstr(text, ==, same);
}

static void check_error(const GError *error)
{
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
    g_autoptr(BrokerReply) reply = broker_reply_from_error(error);
    g_autofree char *text = broker_reply_to_text(reply);
    g_assert(strlen(text) <= BROKER_REPLY_LIMIT);
    g_assert(g_utf8_validate(text, -1, NULL));
    g_assert(strchr(text, '\n') == NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerRequest) request = broker_request_from_text((const char *)data, size, &error);
    g_assert((request == NULL) == (error != NULL));
    if (request != NULL)
        check_request(request);
    else
        check_error(error);

    g_autoptr(GError) reply_error = NULL;
    g_autoptr(BrokerReply) reply = broker_reply_from_text((const char *)data, size, &reply_error);
    g_assert((reply == NULL) == (reply_error != NULL));
    if (reply != NULL)
        (void)broker_reply_check(reply, NULL);
    return 0;
}
