/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/record.h"

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

typedef struct {
    int index;
    guint64 size_bytes;
} Region;

typedef struct {
    char *name;
    gboolean present;
    int kind;
    GStrv modules;
    Region *first;
    GPtrArray *regions;
} Device;

static const Field region_fields[] = {
    FIELD_INT_(Region, index, "number of the region"),
    FIELD_U64_(Region, size_bytes, "its size"),
    FIELD_END,
};
static const RecordType region_type = { "region", sizeof(Region), region_fields };

static const char *const kinds[] = { "memory", "io", NULL };
static const Field device_fields[] = {
    FIELD_TEXT_(Device, name, "name"),
    FIELD_FLAG_(Device, present, "is there"),
    FIELD_CHOICE_(Device, kind, kinds, "what it is"),
    FIELD_TEXTS_(Device, modules, "modules"),
    FIELD_RECORD_(Device, first, &region_type, "the first"),
    FIELD_RECORDS_(Device, regions, &region_type, "all"),
    FIELD_END,
};
static const RecordType device_type = { "device", sizeof(Device), device_fields };

static const char *full = "{\"name\": \"a\", \"present\": true, \"kind\": \"io\","
                          " \"modules\": [\"x\", \"y\"], \"first\": {\"index\": 1,"
                          " \"size_bytes\": 4096}, \"regions\": [{\"index\": -2,"
                          " \"size_bytes\": 9223372036854775807}]}";

static Device *device_from(const char *text, GError **error)
{
    g_autoptr(json_t) value = json_from_text(text, strlen(text), "test", NULL);
    g_assert_nonnull(value);
    return record_from_json(&device_type, value, error);
}

/* what was read is written again unchanged, with every field */
static void test_round_trip(void)
{
    g_autoptr(GError) error = NULL;
    Device *device = device_from(full, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(device->name, ==, "a");
    g_assert_cmpint(device->kind, ==, 1);
    g_assert_cmpuint(g_strv_length(device->modules), ==, 2);
    g_assert_cmpint(((Region *)device->regions->pdata[0])->index, ==, -2);

    g_autoptr(json_t) before = json_from_text(full, strlen(full), "test", NULL);
    g_autoptr(json_t) after = record_to_json(&device_type, device);
    g_assert_true(json_equal(before, after));

    Device *copy = record_copy(&device_type, device);
    record_free(&device_type, device);
    g_autoptr(json_t) copied = record_to_json(&device_type, copy);
    g_assert_true(json_equal(before, copied));
    record_free(&device_type, copy);
}

/* absent keys are zero, unknown ones are skipped */
static void test_sparse(void)
{
    g_autoptr(GError) error = NULL;
    Device *device = device_from("{\"from_the_future\": [1]}", &error);
    g_assert_no_error(error);
    g_assert_null(device->name);
    g_assert_null(device->first);
    record_free(&device_type, device);
}

/* each wrong kind names its place */
static void test_errors(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        { "{\"name\": 1}", "name: expected a string, found an integer" },
        { "{\"kind\": \"odd\"}", "kind: 'odd' is none of memory, io" },
        { "{\"modules\": [1]}", "modules: expected an array of strings, found an integer" },
        { "{\"regions\": [{}, {\"index\": 99999999999}]}",
          "regions[1].index: 99999999999 is out of range" },
        { "{\"regions\": [{}, 7]}", "regions[1]: expected an object, found an integer" },
        { "{\"first\": {\"size_bytes\": -1}}", "first.size_bytes: -1 is out of range" },
        { "{\"first\": 3}", "first: expected an object, found an integer" },
        { "[]", "expected an object, found an array" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(device_from(cases[i].text, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_describe(void)
{
    g_autofree char *text = record_describe(&device_type);
    g_assert_nonnull(strstr(text, "kind\tone of memory, io\twhat it is\n"));
    g_assert_nonnull(strstr(text, "regions[].size_bytes\tinteger\tits size\n"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/record/round-trip", test_round_trip);
    g_test_add_func("/record/sparse", test_sparse);
    g_test_add_func("/record/errors", test_errors);
    g_test_add_func("/record/describe", test_describe);
    return g_test_run();
}
