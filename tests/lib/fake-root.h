/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests: a machine made from tests/fixtures/NAME.root in a temporary directory. */
#pragma once

#include <glib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/process.h"
#include "base/root.h"

typedef struct {
    char *directory; /* owned */
    Root *root;      /* owned */
} FakeRoot;

/* Stops the test when the fixture is wrong. The directory may be entered by every user. */
static inline FakeRoot fake_root_new(const char *name)
{
    g_autofree char *file = g_strconcat(name, ".root", NULL);
    g_autofree char *fixture = g_test_build_filename(G_TEST_DIST, "fixtures", file, NULL);
    g_autofree char *tool = g_test_build_filename(G_TEST_DIST, "lib", "fake-root", NULL);
    g_autoptr(GError) error = NULL;
    FakeRoot fake = { .directory = g_dir_make_tmp("vgpuctl-fake-XXXXXX", &error) };
    g_assert_no_error(error);
    g_assert_cmpint(chmod(fake.directory, 0755), ==, 0);

    const char *argv[] = { "/usr/bin/python3", tool, fixture, fake.directory, NULL };
    const ProcessRequest request = { .argv = argv, .limit_ms = 60000 };
    g_auto(ProcessResult) result = { 0 };
    gboolean started = process_run(&request, &result, &error);
    g_assert_no_error(error);
    g_assert_true(started);
    g_assert_cmpstr(result.err, ==, "");
    g_assert_true(process_succeeded(&result));

    fake.root = root_open(fake.directory, &error);
    g_assert_no_error(error);
    return fake;
}

static inline void fake_root_clear(FakeRoot *fake)
{
    root_free(fake->root);
    file_remove_tree(fake->directory, NULL);
    g_free(fake->directory);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(FakeRoot, fake_root_clear)

/* Writes a file of the fake machine that its fixture does not have. */
static inline void fake_root_put(const FakeRoot *fake, const char *path, const char *text)
{
    g_autofree char *full = g_strconcat(fake->directory, path, NULL);
    g_autofree char *parent = g_path_get_dirname(full);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_true(file_write_atomic(full, text, strlen(text), 0644, NULL));
}
