/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/cmd.h"

#include "base/suggest.h"

static gboolean option_flag;
static char *option_text;
static char *seen;

static int run_sample(const CmdContext *context, char **arguments, char **passed, GError **error)
{
    g_autofree char *operands = g_strjoinv(",", arguments);
    g_autofree char *rest = passed != NULL ? g_strjoinv(",", passed) : g_strdup("none");
    g_free(seen);
    seen = g_strdup_printf("%d %s [%s] [%s]", option_flag, option_text, operands, rest);
    return 0;
}

static const GOptionEntry sample_options[] = {
    { "display", 0, 0, G_OPTION_ARG_STRING, &option_text, "Where", "KIND" },
    { "flag", 'f', 0, G_OPTION_ARG_NONE, &option_flag, "On", NULL },
    G_OPTION_ENTRY_NULL,
};
static gboolean option_shared;
static const GOptionEntry shared_options[] = {
    { "shared", 0, 0, G_OPTION_ARG_NONE, &option_shared, "Everywhere", NULL },
    G_OPTION_ENTRY_NULL,
};
static const Command sample = {
    .name = "sample",
    .group = "Test",
    .summary = "A sample",
    .options = sample_options,
    .shared_options = shared_options,
    .prints_json = TRUE,
    .run = run_sample,
};

static int run_words(CmdContext *context, GError **error, const char *line)
{
    g_auto(GStrv) words = g_strsplit(line, " ", -1);
    option_flag = FALSE;
    g_clear_pointer(&option_text, g_free);
    return command_run(&sample, context, words, error);
}

static void test_options(void)
{
    CmdContext context = { 0 };
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(run_words(&context, &error, "a --display vnc -f b --json -- -m 4 --flag"), ==,
                    0);
    g_assert_no_error(error);
    g_assert_cmpstr(seen, ==, "1 vnc [a,b] [-m,4,--flag]");
    g_assert_true(context.json);
}

static void test_typo(void)
{
    CmdContext context = { 0 };
    g_autoptr(GError) error = NULL;
    g_assert_cmpint(run_words(&context, &error, "--dispaly=vnc"), ==, 2);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
    g_assert_cmpstr(error->message, ==,
                    "sample: Unknown option --dispaly; did you mean --display?");
}

static void test_suggest(void)
{
    const char *const words[] = { "run", "screenshot", "stop", NULL };
    g_assert_cmpstr(suggest_word("screnshot", words), ==, "screenshot");
    g_assert_cmpstr(suggest_word("rnu", words), ==, "run");
    g_assert_null(suggest_word("zebra", words));
}

static void test_help(void)
{
    g_autofree char *text = command_help(&sample);
    g_assert_nonnull(strstr(text, "Usage: vgpuctl sample [OPTION...]\n"));
    g_assert_nonnull(strstr(text, "  --display KIND             Where\n"));
    g_assert_nonnull(strstr(text, "  -f, --flag                 On\n"));
    g_assert_nonnull(strstr(text, "  --shared                   Everywhere\n"));
}

static void test_operands(void)
{
    Command two = sample;
    two.arguments = "NAME FILE|- [MORE]";
    const struct {
        const char *line, *message;
    } cases[] = {
        { "a b", NULL },
        { "a", "sample: FILE|- is missing; see vgpuctl sample --help" },
        { "a b c d", "sample: 'd' is one operand too many; see vgpuctl sample --help" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_auto(GStrv) words = g_strsplit(cases[i].line, " ", -1);
        g_autoptr(GError) error = NULL;
        cmd_check_operands(&two, words, 2, 3, &error);
        g_assert_cmpstr(error != NULL ? error->message : NULL, ==, cases[i].message);
    }
}

static void test_group_help(void)
{
    g_autofree char *text = command_group_help("vm");
    g_assert_nonnull(strstr(text, "\n  vm undefine "));
    g_assert_null(strstr(text, "screenshot"));
    g_assert_null(command_group_help("run"));
    g_assert_null(command_group_help("v"));
}

static void test_walk(void)
{
    Command shared_only = sample, none = sample;
    shared_only.options = NULL;
    none.options = none.shared_options = NULL;
    const struct {
        const Command *command;
        guint expected;
    } cases[] = { { &sample, 3 }, { &shared_only, 1 }, { &none, 0 } };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        guint found = 0;
        for (const GOptionEntry *entry = NULL;
             (entry = command_next_option(cases[i].command, entry)) != NULL;)
            found++;
        g_assert_cmpuint(found, ==, cases[i].expected);
    }
}

/* every row can be found, has an example when it is shown, and no two have one name */
static void test_table(void)
{
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; commands[i] != NULL; i++) {
        g_assert_true(g_hash_table_add(names, (gpointer)commands[i]->name));
        g_assert_true(command_find(commands[i]->name) == commands[i]);
        g_assert_nonnull(commands[i]->summary);
        g_assert_true(commands[i]->group == NULL || commands[i]->example != NULL);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/cmd/options", test_options);
    g_test_add_func("/cmd/typo", test_typo);
    g_test_add_func("/cmd/suggest", test_suggest);
    g_test_add_func("/cmd/help", test_help);
    g_test_add_func("/cmd/operands", test_operands);
    g_test_add_func("/cmd/group-help", test_group_help);
    g_test_add_func("/cmd/walk", test_walk);
    g_test_add_func("/cmd/table", test_table);
    int result = g_test_run();
    g_free(seen);
    g_free(option_text);
    return result;
}
