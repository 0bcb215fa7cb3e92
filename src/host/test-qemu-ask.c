/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What recorded QEMU releases answered, and what programs that are no QEMU answer. */
#include "host/qemu-ask.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

static char *fixture(const char *kind, const char *release, const char *ending)
{
    g_autofree char *name = g_strconcat(kind, release, ending, NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", name, NULL);
    char *text = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &text, NULL, &error);
    g_assert_no_error(error);
    return text;
}

static json_t *recorded_facts(const char *release)
{
    g_autofree char *text = fixture("", release, ".json");
    g_autoptr(GError) error = NULL;
    json_t *facts = json_from_text(text, strlen(text), release, &error);
    g_assert_no_error(error);
    return facts;
}

static void assert_same(const json_t *expected, const json_t *found, const char *key)
{
    g_autofree char *expected_text = json_to_text(json_object_get(expected, key));
    g_autofree char *found_text = json_to_text(json_object_get(found, key));
    g_assert_cmpstr(found_text, ==, expected_text);
}

static void test_release(gconstpointer data)
{
    static const char *const from_answers[] = {
        "major",
        "minor",
        "micro",
        "package",
        "accelerators",
        "devices",
        "netdevs",
        "vnc",
        "spice",
        "usb_redir",
        "sandbox",
        "fdset_png",
        "venus",
        "hostmem",
        "blob",
        "vfio_fd",
        "vfio_display",
        "vfio_ramfb",
        "vfio_opregion",
        "run_with",
        "vnc",
        "spice",
        "spice_gl_remote",
        "vnc_binds_console",
        "vnc_password_secret",
    };
    const char *release = data;
    g_autoptr(json_t) expected = recorded_facts(release);
    g_autofree char *answers = fixture("answers-", release, ".qmp");
    g_autofree char *displays = fixture("displays-", release, ".txt");
    g_autoptr(QemuFacts) facts = record_new(&qemu_facts_type);
    g_autoptr(GError) error = NULL;
    g_assert_true(qemu_parse_answers(facts, answers, &error));
    g_assert_no_error(error);
    facts->displays = qemu_parse_displays(displays);
    g_autoptr(json_t) found = record_to_json(&qemu_facts_type, facts);
    for (gsize i = 0; i < G_N_ELEMENTS(from_answers); i++)
        assert_same(expected, found, from_answers[i]);
    assert_same(expected, found, "displays");
}

static void test_displays(void)
{
    g_auto(GStrv) some = qemu_parse_displays("Available display backend types:\nnone\ngtk\n\n"
                                             "Some display backends support suboptions\n"
                                             "   -display backend,option=value\n");
    g_autofree char *joined = g_strjoinv(",", some);
    g_assert_cmpstr(joined, ==, "none,gtk");
    g_auto(GStrv) none = qemu_parse_displays("");
    g_assert_null(none[0]);
}

static void test_directories(void)
{
    g_auto(GStrv) some = qemu_parse_directories("/usr/bin/../share/qemu\nnoise\n/usr/share/x\n");
    g_autofree char *joined = g_strjoinv(",", some);
    g_assert_cmpstr(joined, ==, "/usr/share/qemu,/usr/share/x");
}

/* a build with next to nothing: every absence is an absence, nothing is guessed */
static void test_bare(void)
{
    g_autoptr(QemuFacts) facts = record_new(&qemu_facts_type);
    const char *answers =
        "{\"QMP\": {}}\n{\"return\": {}}\n"
        "{\"return\": {\"qemu\": {\"major\": 9, \"minor\": 1, \"micro\": 0}, \"package\": \"\"}, "
        "\"id\": \"version\"}\n"
        "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"no HMP\"}, \"id\": \"netdevs\"}\n"
        "{\"return\": [{\"name\": \"tcg-accel\"}], \"id\": \"types\"}\n"
        "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"\"}, \"id\": \"vfio\"}\n";
    g_assert_true(qemu_parse_answers(facts, answers, NULL));
    g_assert_cmpint(facts->major, ==, 9);
    g_assert_null(facts->package);
    g_assert_true(facts->vnc_binds_console);
    g_assert_cmpstr(facts->accelerators[0], ==, "tcg");
    g_assert_null(facts->accelerators[1]);
    g_assert_null(facts->devices[0]);
    g_assert_null(facts->netdevs[0]);
    g_assert_false(facts->vnc || facts->spice || facts->vfio_display || facts->fdset_png ||
                   facts->sandbox || facts->usb_redir);
}

typedef struct {
    const char *name, *script;
    VgpuctlError code;
    const char *says;
} Impostor;

static const Impostor impostors[] = {
    { "true", "", VGPUCTL_ERROR_INVALID, "no QEMU system emulator" },
    { "garbage", "echo '{\"QMP\": ['; head -c 5000 /dev/zero; exit 1", VGPUCTL_ERROR_INVALID,
      "exited with status 1" },
    { "arrays", "echo '[]'; echo 1; echo '\"x\"'; echo '{\"id\": 1, \"return\": {}}'",
      VGPUCTL_ERROR_INVALID, "no QEMU system emulator" },
    { "signal", "echo dying >&2; kill -SEGV $$", VGPUCTL_ERROR_INVALID,
      "was killed by SIGSEGV: dying" },
    { "half", "echo '{\"return\": {\"qemu\": {}}, \"id\": \"version\"}'; kill -ABRT $$",
      VGPUCTL_ERROR_FAILED, "it did not list its devices and was killed by SIGABRT" },
    { "sleeps", "sleep 1000", VGPUCTL_ERROR_TIMEOUT, "did not finish in time" },
    { "floods", "exec yes", VGPUCTL_ERROR_TIMEOUT, "did not finish in time" },
};

static void test_impostor(gconstpointer data)
{
    const Impostor *impostor = data;
    g_autofree char *directory = g_dir_make_tmp("vgpuctl-qemu-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(directory, "qemu-system-x86_64", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n%s\n", impostor->script);
    g_assert_true(file_write_atomic(path, text, strlen(text), 0755, NULL));

    g_autoptr(QemuFacts) facts = record_new(&qemu_facts_type);
    facts->binary = g_strdup(path);
    g_autoptr(GError) error = NULL;
    guint limit_ms = impostor->code == VGPUCTL_ERROR_TIMEOUT ? 200 : 60000;
    g_assert_false(qemu_ask(facts, limit_ms, &error));
    g_assert_error(error, VGPUCTL_ERROR, (int)impostor->code);
    g_assert_nonnull(strstr(error->message, impostor->says));
    g_assert_nonnull(strstr(error->message, path));
    g_assert_null(strchr(error->message, '\n'));
    g_assert_true(file_remove_tree(directory, NULL));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/qemu-ask/release/7.2", "7.2", test_release);
    g_test_add_data_func("/qemu-ask/release/10.0", "10.0", test_release);
    g_test_add_data_func("/qemu-ask/release/11", "11", test_release);
    g_test_add_func("/qemu-ask/displays", test_displays);
    g_test_add_func("/qemu-ask/directories", test_directories);
    g_test_add_func("/qemu-ask/bare", test_bare);
    for (gsize i = 0; i < G_N_ELEMENTS(impostors); i++) {
        g_autofree char *path = g_strconcat("/qemu-ask/impostor/", impostors[i].name, NULL);
        g_test_add_data_func(path, &impostors[i], test_impostor);
    }
    return g_test_run();
}
