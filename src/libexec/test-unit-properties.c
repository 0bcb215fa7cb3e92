/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libexec/unit-properties.h"

#include <glib.h>
#include <string.h>

#include "base/error.h"

static void test_names(void)
{
    static const char *const good[] = { "vgpuctl-win10.service", "vgpuctl-a.b_C-9.service",
                                        "vgpuctl-.service", "vgpuctl-a.service.service",
                                        "a\\x2db:c.service" };
    static const char *const bad[] = { "",           ".service",    "vgpuctl-a",
                                       "a.scope",    "a/b.service", "a@b.service",
                                       "ä.service",  "a b.service", "a\n.service",
                                       "$a.service", "a.service ",  "a%i.service" };
    for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
        g_assert_true(unit_name_is_valid(good[i]));
    for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
        g_assert_false(unit_name_is_valid(bad[i]));
}

static void test_long_names(void)
{
    g_autofree char *stem = g_strnfill(255 - strlen(".service"), 'n');
    g_autofree char *longest = g_strconcat(stem, ".service", NULL);
    g_autofree char *too_long = g_strconcat("n", longest, NULL);
    g_assert_true(unit_name_is_valid(longest));
    g_assert_false(unit_name_is_valid(too_long));
}

static void check_escape(const char *word, const char *expected)
{
    g_autofree char *escaped = unit_word_escape(word);
    g_assert_cmpstr(escaped, ==, expected);
}

static void test_words(void)
{
    check_escape("", "");
    check_escape("/dev/null", "/dev/null");
    check_escape("$HOME", "$$HOME");
    check_escape("a${B}$", "a$${B}$$");
    check_escape("$$", "$$$$");
}

static void test_text(void)
{
    char *program[] = { (char *)"/bin/true", (char *)"disk-\xe4.img", NULL };
    UnitRequest request = { .description = "d", .directory = "/", .program = program };
    g_autoptr(GError) error = NULL;
    g_assert_false(unit_request_is_text(&request, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_REFUSED);
    g_assert_nonnull(strstr(error->message, "'disk-\xef\xbf\xbd.img' is not UTF-8"));
    program[1] = (char *)"disk-\xc3\xa4.img";
    g_assert_true(unit_request_is_text(&request, NULL));
    request.directory = "/tmp/\xff";
    g_assert_false(unit_request_is_text(&request, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/unit-properties/names", test_names);
    g_test_add_func("/unit-properties/long-names", test_long_names);
    g_test_add_func("/unit-properties/words", test_words);
    g_test_add_func("/unit-properties/text", test_text);
    return g_test_run();
}
