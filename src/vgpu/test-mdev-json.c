/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-json.h"

#include <string.h>

#include "base/cleanup.h"
#include "vgpu/mdev-error.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"

static const MdevHost no_host = { 0 };

static Mdev *load(const char *text)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) value = mdev_json_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    g_autoptr(Mdev) dev = mdev_new(UUID);
    mdev_load_json(&no_host, dev, "0000:00:02.0", value, &error);
    g_assert_no_error(error);
    return g_steal_pointer(&dev);
}

static void test_plain(void)
{
    g_autoptr(Mdev) dev = load("{\"start\":\"auto\",\"mdev_type\":\"T\",\"other\":1}");
    g_autoptr(GString) text = g_string_new(NULL);
    mdev_json_append(text, dev, 1);
    g_assert_cmpstr(text->str, ==,
                    "{\n  \"mdev_type\": \"T\",\n  \"start\": \"auto\",\n  \"attrs\": []\n}");
    g_autofree char *compact = mdev_json_compact(dev);
    g_assert_cmpstr(compact, ==, "{\"mdev_type\":\"T\",\"start\":\"auto\",\"attrs\":[]}");
}

/* keys that we do not know outlive a change; the others stand as mdevctl writes them */
static void test_update(void)
{
    g_autoptr(Mdev) dev = load(
        "{\"note\":{\"a\":[1,\"\\u00e4\"]},\"start\":\"no\",\"mdev_type\":\"T\",\"last\":null}");
    dev->autostart = TRUE;
    g_assert_true(mdev_insert_attr(dev, -1, "n", "v\n\x01\x7f\"\\", NULL));
    g_autofree char *text = mdev_json_update(dev);
    g_assert_cmpstr(text, ==,
                    "{\n"
                    "  \"mdev_type\": \"T\",\n"
                    "  \"start\": \"auto\",\n"
                    "  \"attrs\": [\n"
                    "    {\n"
                    "      \"n\": \"v\\n\\u0001\x7f\\\"\\\\\"\n"
                    "    }\n"
                    "  ],\n"
                    "  \"note\": {\n"
                    "    \"a\": [\n"
                    "      1,\n"
                    "      \"\u00e4\"\n"
                    "    ]\n"
                    "  },\n"
                    "  \"last\": null\n"
                    "}");
}

static void check_attrs(const Mdev *dev, const char *expected)
{
    g_autoptr(GString) names = g_string_new(NULL);
    for (guint i = 0; i < dev->attrs->len; i++)
        g_string_append(names, ((const MdevAttr *)dev->attrs->pdata[i])->name);
    g_assert_cmpstr(names->str, ==, expected);
}

static void test_attrs(void)
{
    g_autoptr(Mdev) dev = load("{\"start\":\"\",\"mdev_type\":\"T\",\"attrs\":[{\"a\":\"1\"},"
                               "{\"b\":\"2\"}]}");
    g_autoptr(GError) error = NULL;
    g_assert_true(mdev_insert_attr(dev, 1, "c", "3", NULL));
    g_assert_true(mdev_insert_attr(dev, 3, "d", "4", NULL));
    check_attrs(dev, "acbd");
    g_assert_false(mdev_insert_attr(dev, 5, "e", "5", &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_INDEX);
    g_assert_true(mdev_delete_attr(dev, 0, NULL));
    g_assert_true(mdev_delete_attr(dev, -1, NULL));
    check_attrs(dev, "cb");
    g_assert_false(mdev_delete_attr(dev, 2, NULL));
    g_assert_true(mdev_delete_attr(dev, -1, NULL));
    g_assert_true(mdev_delete_attr(dev, -1, NULL));
    g_assert_true(mdev_delete_attr(dev, -1, NULL)); /* of none there is nothing to take */
    g_assert_false(mdev_delete_attr(dev, 0, NULL));
}

/* JSON that is no definition */
static void test_content(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "[]", "invalid json" },
        { "\"text\"", "invalid json" },
        { "{}", "invalid json" },
        { "{\"mdev_type\":\"T\"}", "invalid json" },
        { "{\"mdev_type\":null,\"start\":\"auto\"}", "invalid json" },
        { "{\"mdev_type\":1,\"start\":\"auto\"}", "invalid json: mdev_type is no string" },
        { "{\"mdev_type\":\"T\",\"start\":\"\",\"attrs\":{}}", "attributes field is not an array" },
        { "{\"mdev_type\":\"T\",\"start\":\"\",\"attrs\":[1]}",
          "invalid JSON format for attribute: not an object" },
        { "{\"mdev_type\":\"T\",\"start\":\"\",\"attrs\":[{}]}",
          "invalid JSON format for attribute: too many fields" },
        { "{\"mdev_type\":\"T\",\"start\":\"\",\"attrs\":[{\"a\":1}]}",
          "invalid JSON format for attribute: not a string" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(json_t) value = mdev_json_parse(cases[i].text, strlen(cases[i].text), NULL);
        g_assert_nonnull(value);
        g_autoptr(Mdev) dev = mdev_new(UUID);
        g_autoptr(GError) error = NULL;
        g_assert_false(mdev_load_json(&no_host, dev, "p", value, &error));
        g_assert_error(error, MDEV_ERROR, MDEV_ERROR_CONTENT);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void check_refused(const char *text, gsize length, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(mdev_json_parse(text, length, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_JSON);
    g_assert_cmpstr(error->message, ==, message);
}

/* what serde_json 1.0 says: taken down from mdevctl 1.2.0 */
static void test_complaint(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "", "EOF while parsing a value at line 1 column 0" },
        { "\n\n", "EOF while parsing a value at line 3 column 0" },
        { "x", "expected value at line 1 column 1" },
        { "{\n  \"mdev_type\": \"T\",\n}", "trailing comma at line 3 column 1" },
        { "{\"a\"", "EOF while parsing an object at line 1 column 4" },
        { "{\"a\" 1}", "expected `:` at line 1 column 6" },
        { "{\"a\":1 \"b\"", "expected `,` or `}` at line 1 column 8" },
        { "{a:1}", "key must be a string at line 1 column 2" },
        { "{", "EOF while parsing an object at line 1 column 1" },
        { "[1,", "EOF while parsing a value at line 1 column 3" },
        { "[1,]", "trailing comma at line 1 column 4" },
        { "[1 2]", "expected `,` or `]` at line 1 column 4" },
        { "[", "EOF while parsing a list at line 1 column 1" },
        { "\"abc", "EOF while parsing a string at line 1 column 4" },
        { "\"a\nb\"",
          "control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0" },
        { "\"\\x\"", "invalid escape at line 1 column 3" },
        { "\"\\ud800x\"", "unexpected end of hex escape at line 1 column 8" },
        { "\"\\udc00\"", "lone leading surrogate in hex escape at line 1 column 7" },
        { "nul", "EOF while parsing a value at line 1 column 3" },
        { "nulx", "expected ident at line 1 column 4" },
        { "-", "EOF while parsing a value at line 1 column 1" },
        { "01", "invalid number at line 1 column 2" },
        { "1.", "EOF while parsing a value at line 1 column 2" },
        { "1e+x", "invalid number at line 1 column 4" },
        { "1e999", "number out of range at line 1 column 5" },
        { "{} x", "trailing characters at line 1 column 4" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(cases); i++)
        check_refused(cases[i].text, strlen(cases[i].text), cases[i].message);
    g_autofree char *deep = g_strnfill(200, '[');
    check_refused(deep, 200, "recursion limit exceeded at line 1 column 128");
    check_refused("\"\xff\"", 3, "stream did not contain valid UTF-8");
    check_refused("{}\0x", 4, "trailing characters at line 1 column 3");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mdev-json/plain", test_plain);
    g_test_add_func("/mdev-json/update", test_update);
    g_test_add_func("/mdev-json/attrs", test_attrs);
    g_test_add_func("/mdev-json/content", test_content);
    g_test_add_func("/mdev-json/complaint", test_complaint);
    return g_test_run();
}
