/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/plan.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/json.h"

static Plan *sample(void)
{
    Plan *plan = plan_new();
    plan->binary = g_strdup("/usr/bin/qemu-system-x86_64");
    plan_add(plan, "-nodefaults", NULL, "nothing unasked");
    plan_add(plan, "-chardev", "socket,id=s,fd=@fd:qmp@", "the supervisor's monitor");
    plan_add(plan, "-serial", "file:@run@/serial.log", "what the guest says");
    plan_add(plan, "-append", "user@host @ root=x", "as asked");
    plan_note(plan, "software %s", "emulation");
    return plan;
}

static void test_argv(void)
{
    g_autoptr(Plan) plan = sample();
    g_autoptr(GHashTable) fds = g_hash_table_new(g_str_hash, g_str_equal);
    g_hash_table_insert(fds, (gpointer) "qmp", GINT_TO_POINTER(7));
    g_autoptr(GError) error = NULL;
    g_auto(GStrv) argv = plan_argv(plan, "/run/a,b", fds, &error);
    g_assert_no_error(error);
    static const char *const expected[] = { "/usr/bin/qemu-system-x86_64",
                                            "-nodefaults",
                                            "-chardev",
                                            "socket,id=s,fd=7",
                                            "-serial",
                                            "file:/run/a,,b/serial.log",
                                            "-append",
                                            "user@host @ root=x",
                                            NULL };
    g_assert_true(g_strv_equal((const char *const *)argv, expected));
}

/* words of the user that look like placeholders are not */
static void test_user_words(void)
{
    static const char *const words[] = { "/vm/@run@.raw", "@fd:qmp@",     "@@",      "@",
                                         "a@@run@@b",     "@fd:nothing@", "a,@b,,c", "" };
    g_autoptr(GError) error = NULL;
    for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
        g_autofree char *escaped = plan_escape(words[i]);
        g_autoptr(Plan) plan = plan_new();
        plan->binary = g_strdup("qemu");
        plan_add(plan, "-append", escaped, "as asked");
        g_auto(GStrv) argv = plan_argv(plan, "/run/x", NULL, &error);
        g_assert_no_error(error);
        g_assert_cmpstr(argv[2], ==, words[i]);
        g_autofree char *placed = plan_place(escaped, "/run/x");
        g_assert_cmpstr(placed, ==, words[i]);
        g_autofree char *text = plan_to_text(plan);
        g_assert_nonnull(strstr(text, words[i]));
    }
    g_autofree char *quoted = plan_quote("a,b@run@");
    g_assert_cmpstr(quoted, ==, "a,,b@@run@@");
}

static void test_unknown_fd(void)
{
    g_autoptr(Plan) plan = sample();
    g_autoptr(GError) error = NULL;
    g_assert_null(plan_argv(plan, "/run", NULL, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_FAILED);
    g_assert_cmpstr(error->message, ==, "the plan wants file descriptor 'qmp'");
}

static void test_text(void)
{
    g_autoptr(Plan) plan = sample();
    plan_set_environment(plan, "GDK_BACKEND", "x11");
    g_autofree char *text = plan_to_text(plan);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_assert_cmpstr(lines[0], ==, "# software emulation");
    g_assert_cmpstr(lines[1], ==, "GDK_BACKEND=x11 /usr/bin/qemu-system-x86_64");
    g_assert_true(g_str_has_prefix(lines[2], "  -nodefaults  "));
    g_assert_true(g_str_has_suffix(lines[2], "  # nothing unasked"));
    g_assert_nonnull(strstr(lines[5], "-append 'user@host @ root=x'"));
    g_assert_cmpstr(lines[6], ==, "");
}

static void test_json(void)
{
    g_autoptr(Plan) plan = sample();
    g_autoptr(json_t) object = record_to_json(&plan_type, plan);
    Plan *again = record_from_json(&plan_type, object, NULL);
    g_autoptr(json_t) written = record_to_json(&plan_type, again);
    g_assert_true(json_equal(object, written));
    plan_free(again);
}

static void test_find(void)
{
    g_autoptr(Plan) plan = sample();
    g_assert_cmpstr(plan_find(plan, "-serial")->value, ==, "file:@run@/serial.log");
    g_assert_null(plan_find(plan, "-vnc"));
}

static void test_place(void)
{
    g_autofree char *text = plan_place("vncviewer @run@/vnc.sock", "/run/x");
    g_assert_cmpstr(text, ==, "vncviewer /run/x/vnc.sock");
    g_assert_null(plan_place(NULL, "/run/x"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/plan/argv", test_argv);
    g_test_add_func("/plan/user-words", test_user_words);
    g_test_add_func("/plan/unknown-fd", test_unknown_fd);
    g_test_add_func("/plan/text", test_text);
    g_test_add_func("/plan/json", test_json);
    g_test_add_func("/plan/find", test_find);
    g_test_add_func("/plan/place", test_place);
    return g_test_run();
}
