/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The program shot as vgpuctl runs it: its answers, and the picture of a real QEMU. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/libexec.h"
#include "base/process.h"
#include "tests/lib/qemu.h"

static ProcessResult run_shot(const char *options)
{
    g_autofree char *program = libexec_path("shot");
    g_autofree char *command = g_strdup_printf("exec %s %s", program, options);
    ProcessRequest request = { .argv = (const char *[]){ "sh", "-c", command, NULL },
                               .limit_ms = 60000 };
    ProcessResult result;
    g_autoptr(GError) error = NULL;
    g_assert_true(process_run(&request, &result, &error));
    g_assert_no_error(error);
    return result;
}

static void expect(const char *options, int status, const char *message)
{
    g_auto(ProcessResult) result = run_shot(options);
    g_assert_cmpstr(result.err, ==, message);
    g_assert_cmpint(result.status, ==, status);
    g_assert_cmpstr(result.out, ==, "");
}

static void test_usage(void)
{
    const char *wrong[] = { "",
                            "--vnc",
                            "--vnc /socket",
                            "--output -",
                            "--vnc /socket --window 1 --output -",
                            "--plane /socket --window 1 --output -",
                            "--vnc /socket --node /dev/dri/card0 --output -",
                            "--odd 1 --output -" };
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++)
        expect(wrong[i], 2,
               "usage: shot --vnc SOCKET | --window PID | --plane SOCKET [--node DEVICE]  "
               "--output FILE|-\n");
    expect("--window 12x --output -", 2, "'12x' is no process number\n");
    expect("--window -1 --output -", 2, "'-1' is no process number\n");
}

static void test_failures(void)
{
    expect("--vnc /no/such/socket --output -", 1,
           "Connecting to the VNC server at /no/such/socket: No such file or directory\n");
    expect("--plane /no/such/socket --output -", 1,
           "Connecting to /no/such/socket: No such file or directory\n");
    g_unsetenv("DISPLAY");
    g_unsetenv("WAYLAND_DISPLAY");
    expect("--window 1 --output -", 1,
           "DISPLAY is not set, so there is no X display to read a window from\n");
}

static void check_outputs(const char *directory)
{
    static const char png[] = "\211PNG\r\n\032\n";
    g_autofree char *to_file =
        g_strdup_printf("--vnc %s/vnc --output %s/shot.png", directory, directory);
    g_autofree char *path = g_build_filename(directory, "shot.png", NULL);
    g_autofree char *text = NULL;
    gsize length = 0;
    expect(to_file, 0, "");
    g_assert_true(g_file_get_contents(path, &text, &length, NULL));
    g_assert_cmpmem(text, MIN(length, sizeof png - 1), png, sizeof png - 1);

    g_autofree char *to_stdout = g_strdup_printf("--vnc %s/vnc --output -", directory);
    g_auto(ProcessResult) result = run_shot(to_stdout);
    g_assert_cmpint(result.status, ==, 0);
    g_assert_cmpmem(result.out, 6, png, 6);

    g_autofree char *to_full = g_strdup_printf("%s >/dev/full", to_stdout);
    g_autofree char *message =
        g_strdup_printf("Writing the picture to standard output: %s\n", g_strerror(ENOSPC));
    expect(to_full, 1, message);

    g_autofree char *to_nowhere =
        g_strdup_printf("--vnc %s/vnc --output /no/such/directory/a.png", directory);
    expect(to_nowhere, 1, "Writing /no/such/directory/a.png: No such file or directory\n");
}

static void test_outputs(void)
{
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-shot-XXXXXX", NULL);
    g_autofree char *vnc = g_strdup_printf("unix:%s/vnc", directory);
    const char *options[] = { "-display", "none", "-vnc", vnc, "-device", "VGA", NULL };
    TestQemu qemu;
    if (test_qemu_start(&qemu, options)) {
        check_outputs(directory);
        test_qemu_stop(&qemu);
    } else {
        g_test_skip("no QEMU with VNC here");
    }
    file_remove_tree(directory, NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/shot/usage", test_usage);
    g_test_add_func("/shot/failures", test_failures);
    g_test_add_func("/shot/outputs", test_outputs);
    return g_test_run();
}
