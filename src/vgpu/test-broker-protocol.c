/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/broker-protocol.h"

#include <string.h>

#include "base/error.h"

#define UUID "6e3e6aa9-5ff2-4d9a-a473-2b1a446dc1ce"

static void test_good_requests(void)
{
    const struct {
        const char *text;
        int op;
    } cases[] = {
        { "{\"version\":1,\"op\":\"claim\",\"type\":\"i915-GVTg_V5_4\"}", BROKER_CLAIM },
        { "{\"op\":\"claim\",\"version\":1,\"type\":\"nvidia-222\",\"parent\":\"0000:00:02.0\","
          "\"uuid\":\"" UUID "\",\"vm\":\"win\"}",
          BROKER_CLAIM },
        { " {\"version\": 1, \"op\": \"release\", \"uuid\": \"" UUID "\"}\n", BROKER_RELEASE },
        { "{\"version\":1,\"op\":\"collect\"}", BROKER_COLLECT },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BrokerRequest) request =
            broker_request_from_text(cases[i].text, strlen(cases[i].text), &error);
        g_assert_no_error(error);
        g_assert_cmpint(request->op, ==, cases[i].op);
        g_autofree char *text = broker_request_to_text(request);
        g_autoptr(BrokerRequest) again = broker_request_from_text(text, strlen(text), &error);
        g_assert_no_error(error);
        g_assert_cmpint(again->op, ==, request->op);
        g_assert_cmpstr(again->type, ==, request->type);
        g_assert_cmpstr(again->parent, ==, request->parent);
        g_assert_cmpstr(again->uuid, ==, request->uuid);
        g_assert_cmpstr(again->vm, ==, request->vm);
    }
}

#define CLAIM "{\"version\":1,\"op\":\"claim\",\"type\":\"V5_4\""

static void test_bad_requests(void)
{
    const struct {
        const char *text, *message;
    } cases[] = {
        { "", "*no JSON object*" },
        { "{", "*no JSON object*" },
        { "[]", "*no JSON object*" },
        { "1", "*no JSON object*" },
        { "{}", "*no op*" },
        { CLAIM "} ", NULL },
        { CLAIM "}{}", "*no JSON object*" },
        { CLAIM "}x", "*no JSON object*" },
        { CLAIM ",\"type\":\"V5_8\"}", "*no JSON object*" },
        { CLAIM ",\"owner\":1}", "*unknown key*" },
        { CLAIM ",\"uid\":0}", "*unknown key*" },
        { CLAIM ",\"\":\"\"}", "*unknown key*" },
        { CLAIM ",\"vm\":null}", "*vm is null*" },
        { CLAIM ",\"vm\":1}", "*vm*" },
        { CLAIM ",\"vm\":[\"a\"]}", "*vm*" },
        { CLAIM ",\"vm\":{\"a\":1}}", "*vm*" },
        { CLAIM ",\"vm\":\"\"}", "*vm is no name*" },
        { CLAIM ",\"vm\":\"a b\"}", "*vm is no name*" },
        { CLAIM ",\"vm\":\"-rf\"}", "*vm is no name*" },
        { CLAIM ",\"vm\":\"a\\nb\"}", "*vm is no name*" },
        { CLAIM ",\"vm\":\"a\\u0000b\"}", "*no JSON object*" },
        { CLAIM ",\"vm\":\"\xc3\xa4\"}", "*vm is no name*" },
        { CLAIM ",\"vm\":\"\xff\"}", "*no JSON object*" },
        { CLAIM ",\"parent\":\"..\"}", "*parent is no name*" },
        { CLAIM ",\"parent\":\"../../etc\"}", "*parent is no name*" },
        { CLAIM ",\"parent\":\"/sys\"}", "*parent is no name*" },
        { CLAIM ",\"uuid\":\"6E3E6AA9-5FF2-4D9A-A473-2B1A446DC1CE\"}", "*uuid is no lower-case*" },
        { CLAIM ",\"uuid\":\"6e3e6aa9\"}", "*uuid is no lower-case*" },
        { CLAIM ",\"uuid\":\"" UUID "\\n\"}", "*uuid is no lower-case*" },
        { CLAIM ",\"uuid\":\"../6aa9-5ff2-4d9a-a473-2b1a446dc1ce\"}", "*uuid is no lower-case*" },
        { "{\"version\":1,\"op\":\"claim\"}", "*has no type*" },
        { "{\"version\":1,\"op\":\"claim\",\"type\":\".\"}", "*type is no name*" },
        { "{\"version\":1,\"op\":\"claim\",\"type\":\"a/b\"}", "*type is no name*" },
        { "{\"version\":1,\"op\":\"claim\",\"type\":12}", "*type*" },
        { "{\"version\":2,\"op\":\"collect\"}", "*version 2 *restart*" },
        { "{\"version\":0,\"op\":\"collect\"}", "*version 0 *" },
        { "{\"version\":-1,\"op\":\"collect\"}", "*version -1 *" },
        { "{\"version\":1.0,\"op\":\"collect\"}", "*version*" },
        { "{\"version\":4294967297,\"op\":\"collect\"}", "*version*" },
        { "{\"version\":99999999999999999999,\"op\":\"collect\"}", "*no JSON object*" },
        { "{\"version\":true,\"op\":\"collect\"}", "*version*" },
        { "{\"op\":\"collect\"}", "*version 0 *" },
        { "{\"version\":1,\"op\":\"destroy\"}", "*op*" },
        { "{\"version\":1,\"op\":\"Claim\",\"type\":\"a\"}", "*op*" },
        { "{\"version\":1,\"op\":0,\"type\":\"a\"}", "*op*" },
        { "{\"version\":1,\"op\":\"release\"}", "*has no uuid*" },
        { "{\"version\":1,\"op\":\"release\",\"uuid\":\"" UUID "\",\"type\":\"a\"}",
          "*takes no type*" },
        { "{\"version\":1,\"op\":\"collect\",\"uuid\":\"" UUID "\"}", "*takes no uuid*" },
        { "{\"version\":1,\"op\":\"collect\",\"vm\":\"a\"}", "*takes no vm*" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(BrokerRequest) request =
            broker_request_from_text(cases[i].text, strlen(cases[i].text), &error);
        if (cases[i].message == NULL) {
            g_assert_no_error(error);
            continue;
        }
        g_assert_null(request);
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        if (!g_pattern_match_simple(cases[i].message, error->message))
            g_error("case %zu: '%s' is not like '%s'", i, error->message, cases[i].message);
    }
}

static void refuse_bytes(const char *text, gsize length)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerRequest) request = broker_request_from_text(text, length, &error);
    g_assert_null(request);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

/* What a C string cannot hold, and what is long or deep. */
static void test_bytes(void)
{
    static const char nul[] = CLAIM "}\0";
    refuse_bytes(nul, sizeof nul - 1);
    static const char inside[] = CLAIM ",\"vm\":\"a\0b\"}";
    refuse_bytes(inside, sizeof inside - 1);

    g_autofree char *spaces = g_strnfill(BROKER_REQUEST_LIMIT, ' ');
    g_autofree char *full =
        g_strdup_printf(CLAIM "}%.*s", (int)(BROKER_REQUEST_LIMIT - strlen(CLAIM "}")), spaces);
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerRequest) request = broker_request_from_text(full, strlen(full), &error);
    g_assert_no_error(error);
    g_autofree char *larger = g_strconcat(full, " ", NULL);
    refuse_bytes(larger, strlen(larger));

    g_autofree char *deep = g_strnfill(BROKER_REQUEST_LIMIT, '[');
    refuse_bytes(deep, strlen(deep));
    g_autofree char *word = g_strnfill(65, 'a');
    g_autofree char *long_word = g_strdup_printf(CLAIM ",\"vm\":\"%s\"}", word);
    refuse_bytes(long_word, strlen(long_word));
}

static void test_reply(void)
{
    g_autoptr(GError) error = NULL;
    const char text[] = "{\"version\":1,\"result\":\"done\",\"uuid\":\"" UUID "\","
                        "\"parent\":\"mtty\",\"type\":\"mtty-1\",\"node\":\"/dev/vfio/3\","
                        "\"later\":true}";
    g_autoptr(BrokerReply) reply = broker_reply_from_text(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_true(broker_reply_check(reply, &error));
    g_assert_cmpstr(reply->node, ==, "/dev/vfio/3");
    const char nothing[] = "{\"version\":1}";
    g_assert_null(broker_reply_from_text(nothing, strlen(nothing), &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
}

/* Each code is the same on the other side. */
static void test_errors_pass(void)
{
    for (int code = VGPUCTL_ERROR_FAILED; code <= VGPUCTL_ERROR_REFUSED; code++) {
        g_autoptr(GError) sent = g_error_new(VGPUCTL_ERROR, code, "Number %d", code);
        g_autoptr(BrokerReply) reply = broker_reply_from_error(sent);
        g_autofree char *text = broker_reply_to_text(reply);
        g_autoptr(GError) error = NULL;
        g_autoptr(BrokerReply) received = broker_reply_from_text(text, strlen(text), &error);
        g_assert_no_error(error);
        g_assert_false(broker_reply_check(received, &error));
        g_assert_error(error, VGPUCTL_ERROR, code);
        g_assert_cmpstr(error->message, ==, sent->message);
    }
}

static void test_messages_are_lines(void)
{
    g_autoptr(GError) bad =
        g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY, "two\nlines \x1b[31m \xe2\x80\xae");
    g_autoptr(BrokerReply) reply = broker_reply_from_error(bad);
    g_assert_cmpstr(reply->message, ==, "two?lines ?[31m ?");

    g_autofree char *quotes = g_strnfill(5000, '"');
    g_autoptr(GError) large = g_error_new_literal(VGPUCTL_ERROR, VGPUCTL_ERROR_BUSY, quotes);
    g_autoptr(BrokerReply) largest = broker_reply_from_error(large);
    g_autofree char *text = broker_reply_to_text(largest);
    g_assert_cmpuint(strlen(text), <=, BROKER_REPLY_LIMIT);
    g_autoptr(GError) error = NULL;
    g_autoptr(BrokerReply) received = broker_reply_from_text(text, strlen(text), &error);
    g_assert_no_error(error);
    g_assert_cmpint(received->result, ==, largest->result);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/broker-protocol/good", test_good_requests);
    g_test_add_func("/broker-protocol/bad", test_bad_requests);
    g_test_add_func("/broker-protocol/bytes", test_bytes);
    g_test_add_func("/broker-protocol/reply", test_reply);
    g_test_add_func("/broker-protocol/errors", test_errors_pass);
    g_test_add_func("/broker-protocol/lines", test_messages_are_lines);
    return g_test_run();
}
