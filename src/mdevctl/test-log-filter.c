/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "mdevctl/log-filter.h"

#define CALLOUTS "mdevctl::callouts"

static void test_levels(void)
{
    static const struct {
        const char *specification, *module;
        MdevctlLogLevel most; /* the last level that is logged */
    } rows[] = {
        { "warn", "mdevctl", MDEVCTL_LOG_WARN },
        { "wArN", "mdevctl", MDEVCTL_LOG_WARN },
        { "off", "mdevctl", MDEVCTL_LOG_OFF },
        { "", "mdevctl", MDEVCTL_LOG_ERROR },
        { " , ", "mdevctl", MDEVCTL_LOG_ERROR },
        { "mdevctl", CALLOUTS, MDEVCTL_LOG_TRACE },
        { "mdevctl=", CALLOUTS, MDEVCTL_LOG_TRACE },
        { "bad", "mdevctl", MDEVCTL_LOG_OFF },
        { "info,mdevctl::callouts= debug", CALLOUTS, MDEVCTL_LOG_DEBUG },
        { "info,mdevctl::callouts=debug", "mdevctl", MDEVCTL_LOG_INFO },
        { "mdevctl::callouts=error,mdevctl=debug", CALLOUTS, MDEVCTL_LOG_ERROR },
        { "warn,debug", "mdevctl", MDEVCTL_LOG_DEBUG },
        { "warn/x/y", "mdevctl", MDEVCTL_LOG_ERROR },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(LogFilter) filter = log_filter_new(rows[i].specification, NULL);
        for (guint level = MDEVCTL_LOG_ERROR; level <= MDEVCTL_LOG_TRACE; level++)
            g_assert_cmpint(log_filter_takes(filter, level, rows[i].module, ""), ==,
                            level <= rows[i].most);
    }
}

static void test_regex(void)
{
    g_autoptr(LogFilter) filter = log_filter_new("warn/[cC]an't", NULL);
    g_assert_true(log_filter_takes(filter, MDEVCTL_LOG_WARN, "mdevctl", "Can't determine"));
    g_assert_false(log_filter_takes(filter, MDEVCTL_LOG_WARN, "mdevctl", "Cannot determine"));
}

static void test_complaints(void)
{
    static const char *const rows[][2] = {
        { "info", "" },
        { "a=b", "warning: invalid logging spec 'b', ignoring it\n" },
        { "a=warn=b,c=d", "warning: invalid logging spec 'a=warn=b', ignoring it\n"
                          "warning: invalid logging spec 'd', ignoring it\n" },
        { "a/b/c", "warning: invalid logging spec 'a/b/c', ignoring it (too many '/'s)\n" },
    };
    for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GString) complaints = g_string_new(NULL);
        g_autoptr(LogFilter) filter = log_filter_new(rows[i][0], complaints);
        g_assert_nonnull(filter);
        g_assert_cmpstr(complaints->str, ==, rows[i][1]);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/log-filter/levels", test_levels);
    g_test_add_func("/log-filter/regex", test_regex);
    g_test_add_func("/log-filter/complaints", test_complaints);
    return g_test_run();
}
