/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/quote.h"

/* The right columns were read off mdevctl 1.2.0. */
static void test_quote(void)
{
    static const char *const rows[][2] = {
        { "", "\"\"" },
        { "a\"b\\c'd", "\"a\\\"b\\\\c'd\"" },
        { "\n\r\t\x01\x7f", "\"\\n\\r\\t\\u{1}\\u{7f}\"" },
        { "\xc3\xa9\xf0\x9f\x98\x80", "\"\xc3\xa9\xf0\x9f\x98\x80\"" },
        { "a\xcc\x81", "\"a\\u{301}\"" },
        { "\xc2\xa0\xe2\x80\x8b\xee\x80\x80", "\"\\u{a0}\\u{200b}\\u{e000}\"" },
        { "a\xff\xe2\x82", "\"a\\xFF\\xE2\\x82\"" },
        { "\xed\xa0\x80x", "\"\\xED\\xA0\\x80x\"" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *quoted = rust_quote(rows[i][0]);
        g_assert_cmpstr(quoted, ==, rows[i][1]);
    }
}

#define WRONG "\xef\xbf\xbd"

static void test_lossy(void)
{
    static const char *const rows[][2] = {
        { "", "" },
        { "a\xc3\xa9", "a\xc3\xa9" },
        { "a\xffz", "a" WRONG "z" },
        { "a\xe2\x82", "a" WRONG },
        { "\xe2\x82z", WRONG "z" },
        { "\xed\xa0\x80x", WRONG WRONG WRONG "x" },
        { "\xf0\x9f\x98", WRONG },
        { "\xf0\x80\x80", WRONG WRONG WRONG },
        { "\xc0\x80", WRONG WRONG },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *valid = rust_lossy(rows[i][0]);
        g_assert_cmpstr(valid, ==, rows[i][1]);
        g_assert_true(g_utf8_validate(valid, -1, NULL));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/quote/quote", test_quote);
    g_test_add_func("/quote/lossy", test_lossy);
    return g_test_run();
}
