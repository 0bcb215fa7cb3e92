/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/uuid.h"

#include <glib.h>

#define CANONICAL "550e8400-e29b-41d4-a716-446655440000"

static void test_forms(void)
{
    static const char *const forms[] = {
        CANONICAL,
        "550E8400-E29B-41D4-A716-446655440000",
        "550e8400e29b41d4a716446655440000",
        "550E8400e29b41d4a716446655440000",
        "{550e8400-e29b-41d4-a716-446655440000}",
        "urn:uuid:550e8400-E29B-41d4-a716-446655440000",
    };
    for (guint i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autoptr(GError) error = NULL;
        g_autofree char *uuid = uuid_parse(forms[i], &error);
        g_assert_no_error(error);
        g_assert_cmpstr(uuid, ==, CANONICAL);
    }
}

/* The right column was read off mdevctl 1.2.0. */
static void test_wrong(void)
{
    static const struct {
        const char *text, *reason;
    } rows[] = {
        { "", "invalid length: expected length 32 for simple format, found 0" },
        { "550e", "invalid length: expected length 32 for simple format, found 4" },
        { "x", "invalid character: expected an optional prefix of `urn:uuid:` followed by "
               "[0-9a-zA-Z], found `x` at 1" },
        { "{55x}", "invalid character: expected an optional prefix of `urn:uuid:` followed by "
                   "[0-9a-zA-Z], found `x` at 4" },
        { "55\xc3\xbc", "invalid character: expected an optional prefix of `urn:uuid:` followed "
                        "by [0-9a-zA-Z], found `\xc3\xbc` at 3" },
        { "5-5", "invalid group count: expected 5, found 2" },
        { "{}", "invalid group count: expected 5, found 1" },
        { "urn:uuid:550e8400e29b41d4a716446655440000", "invalid group count: expected 5, found 1" },
        { "----", "invalid group length in group 0: expected 8, found 0" },
        { "550e8400-e29b-41d4-a71-446655440000",
          "invalid group length in group 3: expected 4, found 3" },
        { "550e8400-e29b-41d4-a716-4466554400000",
          "invalid group length in group 4: expected 12, found 13" },
        { "{550e8400-e29b-41d4-a716-4466554400000}",
          "invalid group length in group 4: expected 12, found 15" },
        { "550e\xff", "non-UTF8 input" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(uuid_parse(rows[i].text, &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, rows[i].reason);
    }
}

static void test_canonical(void)
{
    g_assert_true(uuid_is_canonical(CANONICAL));
    g_assert_false(uuid_is_canonical("550E8400-e29b-41d4-a716-446655440000"));
    g_assert_false(uuid_is_canonical("550e8400e29b41d4a716446655440000"));
    g_assert_false(uuid_is_canonical(CANONICAL "0"));
    g_assert_false(uuid_is_canonical(""));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/uuid/forms", test_forms);
    g_test_add_func("/uuid/wrong", test_wrong);
    g_test_add_func("/uuid/canonical", test_canonical);
    return g_test_run();
}
