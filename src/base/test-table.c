/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/table.h"

static const char *const headings[] = { "NAME", "STATE", NULL };

static void test_columns(void)
{
    g_autoptr(Table) table = table_new(headings);
    table_add(table, "a", "running", NULL);
    table_add(table, "表", NULL, NULL);
    table_add(table, "long-name", "x", NULL);
    g_autofree char *text = table_to_text(table);
    g_assert_cmpstr(text, ==,
                    "NAME       STATE\n"
                    "a          running\n"
                    "表         -\n"
                    "long-name  x\n");
}

static void test_empty(void)
{
    g_autoptr(Table) table = table_new(headings);
    g_autofree char *text = table_to_text(table);
    g_assert_cmpstr(text, ==, "");
}

/* what a hostile name could do to a terminal is shown, not done */
static void test_printable(void)
{
    g_autofree char *text = text_printable("a\033[2J\n\xff");
    g_assert_cmpstr(text, ==, "a\\x1b[2J\\x0a\xef\xbf\xbd");
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/table/columns", test_columns);
    g_test_add_func("/table/empty", test_empty);
    g_test_add_func("/table/printable", test_printable);
    return g_test_run();
}
