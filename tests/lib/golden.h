/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Golden files: what the program answered when somebody looked and found it right. A test compares;
 * with VGPUCTL_TEST_REGENERATE=1 it writes the file anew, for git diff to be looked at.
 */
#pragma once

#include <glib.h>
#include <string.h>

#include "base/file.h"

/* The first line in which two texts differ, for the test's message. Owned. */
static inline char *golden_difference(const char *expected, const char *text)
{
    g_auto(GStrv) a = g_strsplit(expected, "\n", -1);
    g_auto(GStrv) b = g_strsplit(text, "\n", -1);
    guint i = 0;
    while (a[i] != NULL && b[i] != NULL && g_str_equal(a[i], b[i]))
        i++;
    return g_strdup_printf("line %u\n- %s\n+ %s", i + 1, a[i] != NULL ? a[i] : "(end)",
                           b[i] != NULL ? b[i] : "(end)");
}

/* Compares @text with tests/golden/@name. */
static inline void golden_check(const char *name, const char *text)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "golden", name, NULL);
    if (g_getenv("VGPUCTL_TEST_REGENERATE") != NULL) {
        g_autoptr(GError) error = NULL;
        g_autofree char *directory = g_path_get_dirname(path);
        file_make_directory(directory, 0755, &error);
        g_assert_no_error(error);
        file_write_atomic(path, text, strlen(text), 0644, &error);
        g_assert_no_error(error);
        return;
    }
    g_autofree char *expected = NULL;
    if (!g_file_get_contents(path, &expected, NULL, NULL)) {
        g_test_message("%s is missing; VGPUCTL_TEST_REGENERATE=1 writes it", path);
        g_test_fail();
        return;
    }
    if (!g_str_equal(expected, text)) {
        g_autofree char *difference = golden_difference(expected, text);
        g_test_message("%s: %s", path, difference);
        g_test_fail();
    }
}
