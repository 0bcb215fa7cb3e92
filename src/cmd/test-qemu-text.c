/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cmd/qemu-text.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"

static QemuFacts *release_facts(const char *release)
{
    g_autofree char *name = g_strconcat(release, ".json", NULL);
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", name, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) document = json_from_file(path, &error);
    g_assert_no_error(error);
    QemuFacts *facts = record_from_json(&qemu_facts_type, document, &error);
    g_assert_no_error(error);
    return facts;
}

static void assert_golden(const char *name, const char *text)
{
    g_autofree char *path = g_test_build_filename(G_TEST_DIST, "golden", "qemu", name, NULL);
    if (g_getenv("VGPUCTL_TEST_REGENERATE") != NULL)
        g_assert_true(g_file_set_contents(path, text, -1, NULL));
    g_autofree char *expected = NULL;
    g_autoptr(GError) error = NULL;
    g_file_get_contents(path, &expected, NULL, &error);
    g_assert_no_error(error);
    g_assert_cmpstr(text, ==, expected);
}

static void test_release(gconstpointer data)
{
    const char *release = data;
    g_autoptr(QemuFacts) facts = release_facts(release);
    KvmFacts kvm = { .present = TRUE, .usable = TRUE, .executes = TRUTH_YES };
    g_autofree char *text = qemu_facts_text(facts, &kvm);
    g_autofree char *name = g_strconcat(release, ".txt", NULL);
    assert_golden(name, text);
}

/* recorded: Debian 12's QEMU built from source by tools/build-qemu; `qemu --json` and its text */
static void test_source_build(void)
{
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "golden", "qemu", "source-build.json", NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(json_t) document = json_from_file(path, &error);
    g_assert_no_error(error);
    g_autoptr(QemuFacts) facts = record_from_json(&qemu_facts_type, document, &error);
    g_assert_no_error(error);
    KvmFacts *kvm = record_from_json(&kvm_facts_type, json_object_get(document, "kvm"), &error);
    g_assert_no_error(error);
    g_autofree char *text = qemu_facts_text(facts, kvm);
    record_free(&kvm_facts_type, kvm);
    assert_golden("source-build.txt", text);
}

/* no windows, no OpenGL, no bridge helper, a KVM that aborts */
static void test_bare(void)
{
    g_autoptr(QemuFacts) facts = release_facts("7.2");
    const char *displays[] = { "none", NULL };
    g_strfreev(facts->displays);
    facts->displays = g_strdupv((char **)displays);
    facts->opengl = facts->spice = facts->dbus = facts->usb_redir = FALSE;
    g_clear_pointer(&facts->bridge_helper, g_free);
    g_clear_pointer(&facts->module_dir, g_free);
    g_clear_pointer(&facts->devices, g_strfreev);
    const QemuMissing missing = { .what = (char *)"display gtk",
                                  .why = (char *)"its module ui-gtk.so is not installed",
                                  .package = (char *)"qemu-system-gui",
                                  .configure = (char *)"--enable-gtk (libgtk-3-dev)" };
    g_ptr_array_insert(facts->missing, 0, record_copy(&qemu_missing_type, &missing));
    KvmFacts kvm = { .executes = TRUTH_NO, .detail = (char *)"QEMU was killed by SIGABRT" };
    g_autofree char *text = qemu_facts_text(facts, &kvm);
    assert_golden("bare.txt", text);
}

static void test_bridge(void)
{
    g_autoptr(QemuFacts) facts = release_facts("7.2");
    const char *allowed[] = { "virbr0", "br\033[2J", NULL }, *denied[] = { "br9", NULL };
    g_strfreev(facts->bridges_allowed);
    g_strfreev(facts->bridges_denied);
    facts->bridges_allowed = g_strdupv((char **)allowed);
    facts->bridges_denied = g_strdupv((char **)denied);
    facts->bridge_helper_privileged = TRUE;
    g_autofree char *text = qemu_facts_text(facts, NULL);
    g_assert_nonnull(strstr(text, "qemu-bridge-helper, privileged\n"));
    g_assert_nonnull(strstr(text, "allows virbr0 br\\x1b[2J\n"));
    g_assert_nonnull(strstr(text, "  denies           br9\n"));
    g_assert_null(strchr(text, '\033'));
}

static void test_working(void)
{
    g_autoptr(QemuFacts) facts = release_facts("7.2");
    static const struct {
        int executes;
        const char *words;
    } cases[] = { { TRUTH_YES, "kvm tcg" }, { TRUTH_NO, "tcg" }, { TRUTH_UNKNOWN, "tcg" } };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        KvmFacts kvm = { .executes = cases[i].executes };
        g_auto(GStrv) working = qemu_working_accelerators(facts, &kvm);
        g_autofree char *joined = g_strjoinv(" ", working);
        g_assert_cmpstr(joined, ==, cases[i].words);
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_data_func("/qemu-text/7.2", "7.2", test_release);
    g_test_add_data_func("/qemu-text/9.0", "9.0", test_release);
    g_test_add_data_func("/qemu-text/10.0", "10.0", test_release);
    g_test_add_data_func("/qemu-text/11", "11", test_release);
    g_test_add_func("/qemu-text/source-build", test_source_build);
    g_test_add_func("/qemu-text/bare", test_bare);
    g_test_add_func("/qemu-text/bridge", test_bridge);
    g_test_add_func("/qemu-text/working", test_working);
    return g_test_run();
}
