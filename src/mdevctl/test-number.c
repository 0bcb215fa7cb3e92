/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/number.h"

static void test_numbers(void)
{
    static const struct {
        const char *text, *reason; /* NULL: @number */
        guint32 number;
    } rows[] = {
        { "0", NULL, 0 },
        { "+5", NULL, 5 },
        { "007", NULL, 7 },
        { "4294967295", NULL, 4294967295 },
        { "4294967296", "number too large to fit in target type" },
        { "99999999999999999999999x", "number too large to fit in target type" },
        { "1x99999999999999", "invalid digit found in string" },
        { "", "cannot parse integer from empty string" },
        { "+", "invalid digit found in string" },
        { "-1", "invalid digit found in string" },
        { "+-1", "invalid digit found in string" },
        { " 1", "invalid digit found in string" },
        { "0x1", "invalid digit found in string" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        guint32 number = 1;
        g_autoptr(GError) error = NULL;
        gboolean is_number = rust_parse_u32(rows[i].text, &number, &error);
        g_assert_cmpint(is_number, ==, rows[i].reason == NULL);
        g_assert_cmpstr(error != NULL ? error->message : NULL, ==, rows[i].reason);
        if (is_number)
            g_assert_cmpuint(number, ==, rows[i].number);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/number/numbers", test_numbers);
    return g_test_run();
}
