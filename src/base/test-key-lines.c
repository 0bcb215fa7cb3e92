/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/key-lines.h"

#include <string.h>

#include "base/error.h"

static void test_lines(void)
{
    const char *text = "# comment\r\n\r\n[vm]\r\n  name = a \r\n[disk]\npath=/x=y";
    g_autoptr(GError) error = NULL;
    g_autoptr(KeyLines) lines = key_lines_read(text, strlen(text), "a.vm", &error);
    g_assert_no_error(error);
    static const KeyLine expected[] = {
        { (char *)"vm", NULL, 3 },
        { (char *)"vm", (char *)"name", 4 },
        { (char *)"disk", NULL, 5 },
        { (char *)"disk", (char *)"path", 6 },
    };
    g_assert_cmpuint(lines->keys->len, ==, G_N_ELEMENTS(expected));
    for (guint i = 0; i < lines->keys->len; i++) {
        const KeyLine *line = lines->keys->pdata[i];
        g_assert_cmpstr(line->group, ==, expected[i].group);
        g_assert_cmpstr(line->key, ==, expected[i].key);
        g_assert_cmpuint(line->line, ==, expected[i].line);
    }
    g_autofree char *path = g_key_file_get_string(lines->file, "disk", "path", NULL);
    g_assert_cmpstr(path, ==, "/x=y");
}

static void test_empty(void)
{
    g_autoptr(KeyLines) lines = key_lines_read("", 0, "a.vm", NULL);
    g_assert_nonnull(lines);
    g_assert_cmpuint(lines->keys->len, ==, 0);
}

static void test_errors(void)
{
    static const struct {
        const char *text;
        gsize length; /* 0: strlen */
        const char *message;
    } cases[] = {
        { "[vm]\nnonsense\n", 0, "a.vm:2: 'nonsense' is neither KEY=VALUE nor [GROUP]" },
        { "\n=x\n", 0, "a.vm:2: '=x' is neither KEY=VALUE nor [GROUP]" },
        { "a=b\n", 0, "a.vm:1: 'a=b' stands before the first [GROUP]" },
        { "[vm\n", 0, "a.vm:1: '[vm' is no group: expected [NAME]" },
        { "[vm]\na=1\nb=2\na=3\n", 0, "a.vm:4: a= given twice, first in line 2" },
        { "[vm]\n[x]\n[vm]\n", 0, "a.vm:3: [vm] given twice, first in line 1" },
        { "[vm]\na=\xff\n", 0, "a.vm:2: byte 0xff is not UTF-8 text" },
        { "[vm]\na=\0\n", 9, "a.vm:2: byte 0x00 is not UTF-8 text" },
        { "[]\n", 0, "a.vm:1: '[]' is no group: expected [NAME]" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        gsize length = cases[i].length > 0 ? cases[i].length : strlen(cases[i].text);
        g_assert_null(key_lines_read(cases[i].text, length, "a.vm", &error));
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_INVALID);
        g_assert_cmpstr(error->message, ==, cases[i].message);
    }
}

static void test_huge(void)
{
    gsize length = KEY_FILE_LIMIT + 1;
    g_autofree char *text = g_malloc(length);
    memset(text, '\n', length);
    g_autoptr(GError) error = NULL;
    g_assert_null(key_lines_read(text, length, "a.vm", &error));
    g_assert_cmpstr(error->message, ==, "a.vm: larger than 65536 bytes");
    g_clear_error(&error);
    g_autoptr(KeyLines) lines = key_lines_read(text, length - 1, "a.vm", &error);
    g_assert_no_error(error);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/key-lines/lines", test_lines);
    g_test_add_func("/key-lines/empty", test_empty);
    g_test_add_func("/key-lines/errors", test_errors);
    g_test_add_func("/key-lines/huge", test_huge);
    return g_test_run();
}
