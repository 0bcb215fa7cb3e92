/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `vgpuctl qemu` says of a program that is no QEMU, and how it ends. */
#include <string.h>

#include "base/file.h"
#include "cmd/cmd.h"

typedef struct {
    char *directory, *program;
    CmdContext context;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("vgpuctl-cmd-XXXXXX", NULL);
    fixture->program = g_build_filename(fixture->directory, "qemu", NULL);
    fixture->context.root = root_open(fixture->directory, NULL);
    g_setenv("XDG_CACHE_HOME", fixture->directory, TRUE);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    root_free(fixture->context.root);
    g_assert_true(file_remove_tree(fixture->directory, NULL));
    g_free(fixture->directory);
    g_free(fixture->program);
}

static void assert_refused(Fixture *fixture, const char *program, const char *says)
{
    const char *const words[] = { "--binary", program, NULL };
    g_autoptr(GError) error = NULL;
    int status = command_run(command_find("qemu"), &fixture->context, (char **)words, &error);
    g_assert_cmpint(status, ==, 1);
    g_assert_nonnull(error);
    if (strstr(error->message, says) == NULL || strstr(error->message, program) == NULL)
        g_error("'%s' does not say '%s' of %s", error->message, says, program);
    g_assert_null(strchr(error->message, '\n'));
}

static void test_no_qemu(Fixture *fixture, gconstpointer data)
{
    static const struct {
        const char *script, *says;
    } cases[] = {
        { "exit 0", "this is no QEMU system emulator" },
        { "head -c 100000 /dev/urandom", "this is no QEMU system emulator" },
        { "kill -SEGV $$", "was killed by SIGSEGV" },
        { "echo 'error while loading shared libraries: libx.so' >&2; exit 127",
          "exited with status 127: error while loading shared libraries: libx.so" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", cases[i].script);
        g_assert_true(file_write_atomic(fixture->program, text, strlen(text), 0755, NULL));
        assert_refused(fixture, fixture->program, cases[i].says);
    }
}

static void test_no_program(Fixture *fixture, gconstpointer data)
{
    assert_refused(fixture, "/no/such/qemu", "No such file or directory");
    g_assert_true(file_write_atomic(fixture->program, "", 0, 0644, NULL));
    assert_refused(fixture, fixture->program, "Permission denied");
    assert_refused(fixture, fixture->directory, "Permission denied");
}

static void test_usage(Fixture *fixture, gconstpointer data)
{
    const char *const words[] = { "--binary", "/usr/bin/qemu-system-x86_64", NULL };
    g_autoptr(GError) error = NULL;
    fixture->context.facts_path = "facts.json";
    g_assert_cmpint(command_run(command_find("qemu"), &fixture->context, (char **)words, &error),
                    ==, 2);
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_USAGE);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    add("/cmd-qemu/no-qemu", test_no_qemu);
    add("/cmd-qemu/no-program", test_no_program);
    add("/cmd-qemu/usage", test_usage);
    return g_test_run();
}
