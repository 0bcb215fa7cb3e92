/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-qemu.h"

#include <glib/gstdio.h>
#include <string.h>

#include "base/cache.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"

/* A QEMU that answers as 7.2 did and writes a line into "starts" each time. */
typedef struct {
    char *directory, *binary, *starts;
    Root *root;
} Fake;

static char *user_cache; /* before the tests set their own */

static void install(const Fake *fake, const char *remark)
{
    g_autofree char *fixtures = g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", NULL);
    g_autofree char *text = g_strdup_printf("#!/bin/sh\n# %s\n"
                                            "echo x >>'%s'\n"
                                            "case \"$*\" in\n"
                                            "'-display help') cat '%s/displays-7.2.txt' ;;\n"
                                            "'-L help') echo /usr/share/qemu ;;\n"
                                            "*) cat '%s/answers-7.2.qmp' ;;\n"
                                            "esac\n",
                                            remark, fake->starts, fixtures, fixtures);
    g_assert_true(file_write_atomic(fake->binary, text, strlen(text), 0755, NULL));
}

static void set_up(Fake *fake, gconstpointer data)
{
    fake->directory = g_dir_make_tmp("vgpuctl-qemu-XXXXXX", NULL);
    fake->binary = g_build_filename(fake->directory, "qemu-system-x86_64", NULL);
    fake->starts = g_build_filename(fake->directory, "starts", NULL);
    fake->root = root_open(fake->directory, NULL);
    g_setenv("XDG_CACHE_HOME", fake->directory, TRUE);
    g_unsetenv("VGPUCTL_QEMU");
    install(fake, "first");
}

static void tear_down(Fake *fake, gconstpointer data)
{
    root_free(fake->root);
    g_assert_true(file_remove_tree(fake->directory, NULL));
    g_free(fake->directory);
    g_free(fake->binary);
    g_free(fake->starts);
}

static QemuFacts *read_facts(const Fake *fake, gboolean refresh)
{
    g_autoptr(GError) error = NULL;
    QemuFacts *facts = qemu_facts_read(fake->root, fake->binary, refresh, &error);
    g_assert_no_error(error);
    return facts;
}

/* how often the fake QEMU was started since the last call */
static gsize take_starts(const Fake *fake)
{
    g_autofree char *text = NULL;
    gsize length = 0;
    if (!g_file_get_contents(fake->starts, &text, &length, NULL))
        return 0;
    g_remove(fake->starts);
    return length / strlen("x\n");
}

static void test_cache(Fake *fake, gconstpointer data)
{
    g_autoptr(QemuFacts) asked = read_facts(fake, FALSE);
    g_assert_cmpuint(take_starts(fake), ==, 3);
    g_autoptr(QemuFacts) kept = read_facts(fake, FALSE);
    g_assert_cmpuint(take_starts(fake), ==, 0);
    g_autoptr(json_t) asked_json = record_to_json(&qemu_facts_type, asked);
    g_autoptr(json_t) kept_json = record_to_json(&qemu_facts_type, kept);
    g_assert_true(json_equal(asked_json, kept_json));

    g_autoptr(QemuFacts) refreshed = read_facts(fake, TRUE);
    g_assert_cmpuint(take_starts(fake), ==, 3);
    install(fake, "an update of the package");
    g_autoptr(QemuFacts) updated = read_facts(fake, FALSE);
    g_assert_cmpuint(take_starts(fake), ==, 3);
}

static void test_damaged_cache(Fake *fake, gconstpointer data)
{
    g_autoptr(QemuFacts) asked = read_facts(fake, FALSE);
    take_starts(fake);
    g_autofree char *name = cache_name_for("qemu", fake->binary);
    g_autofree char *path = cache_path(name);
    g_autoptr(json_t) document = json_from_file(path, NULL);
    json_t *facts = json_object_get(json_object_get(document, "value"), "facts");
    g_assert_cmpint(json_object_set_new(facts, "displays", json_string("gtk")), ==, 0);
    g_autofree char *text = json_to_text(document);
    g_assert_true(file_write_atomic(path, text, strlen(text), 0600, NULL));
    g_autoptr(QemuFacts) again = read_facts(fake, FALSE);
    g_assert_cmpuint(take_starts(fake), ==, 3);
    g_assert_true(qemu_has(again->displays, "sdl"));
    g_autoptr(QemuFacts) kept = read_facts(fake, FALSE);
    g_assert_cmpuint(take_starts(fake), ==, 0);
}

static void test_missing_binary(Fake *fake, gconstpointer data)
{
    g_autoptr(GError) error = NULL;
    g_assert_null(qemu_facts_read(fake->root, "/no/such/qemu", FALSE, &error));
    g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
    g_assert_nonnull(strstr(error->message, "/no/such/qemu"));
}

static void test_find(Fake *fake, gconstpointer data)
{
    g_autofree char *path = g_strdup(g_getenv("PATH"));
    g_setenv("VGPUCTL_QEMU", "/opt/my/qemu", TRUE);
    g_autofree char *named = qemu_find_binary(fake->root, NULL);
    g_assert_cmpstr(named, ==, "/opt/my/qemu");
    g_unsetenv("VGPUCTL_QEMU");

    g_setenv("PATH", fake->directory, TRUE);
#ifdef __x86_64__
    g_autofree char *found = qemu_find_binary(fake->root, NULL);
    g_assert_cmpstr(found, ==, fake->binary);
#endif
    g_remove(fake->binary);
    g_autoptr(GError) error = NULL;
    g_autofree char *none = qemu_find_binary(fake->root, &error);
    if (none == NULL) {
        g_assert_error(error, VGPUCTL_ERROR, VGPUCTL_ERROR_NOT_FOUND);
        g_assert_nonnull(strstr(error->message, "apt install qemu-system-"));
    } else {
        g_assert_cmpstr(none, ==, "/usr/libexec/qemu-kvm");
    }
    g_setenv("PATH", path, TRUE);
}

/* facts go through JSON unchanged, and every fixture is one */
static void test_fixtures(Fake *fake, gconstpointer data)
{
    static const char *const names[] = { "7.2.json", "9.0.json", "10.0.json", "11.json" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
        g_autofree char *path =
            g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", names[i], NULL);
        g_autoptr(GError) error = NULL;
        g_autoptr(json_t) document = json_from_file(path, &error);
        g_assert_no_error(error);
        g_autoptr(QemuFacts) facts = record_from_json(&qemu_facts_type, document, &error);
        g_assert_no_error(error);
        g_autoptr(json_t) again = record_to_json(&qemu_facts_type, facts);
        g_assert_true(json_equal(document, again));
    }
}

/* the QEMU of this machine, whichever it is */
static void test_installed(Fake *fake, gconstpointer data)
{
    g_autoptr(Root) system = root_open("/", NULL);
    g_autofree char *binary = qemu_find_binary(system, NULL);
    if (binary == NULL) {
        g_test_skip("no QEMU is installed");
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuFacts) facts = qemu_facts_read(system, binary, TRUE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(facts->major, >=, 5);
    g_assert_true(qemu_has(facts->displays, "none"));
    g_assert_true(qemu_has(facts->accelerators, "tcg") || qemu_has(facts->accelerators, "kvm"));
    g_assert_cmpuint(g_strv_length(facts->firmware_dirs), >, 0);
}

/* those of other Debian suites, where tools/other-qemu has unpacked them */
static void test_other(Fake *fake, gconstpointer data)
{
    const char *suite = data;
    g_autofree char *binary =
        g_build_filename(user_cache, "vgpuctl/qemu", suite, "qemu-system-x86_64", NULL);
    if (!g_file_test(binary, G_FILE_TEST_IS_EXECUTABLE)) {
        g_autofree char *reason = g_strdup_printf("tools/other-qemu %s was not run", suite);
        g_test_skip(reason);
        return;
    }
    g_autoptr(GError) error = NULL;
    g_autoptr(QemuFacts) facts = qemu_facts_read(fake->root, binary, TRUE, &error);
    g_assert_no_error(error);
    g_assert_cmpint(facts->major, >=, 10);
    static const char *const displays[] = { "gtk", "sdl", "egl-headless", "dbus", "spice-app" };
    for (gsize i = 0; i < G_N_ELEMENTS(displays); i++)
        g_assert_true(qemu_has(facts->displays, displays[i]));
    g_assert_true(facts->vnc_binds_console && facts->run_with && facts->vfio_fd && facts->venus);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    user_cache = g_strdup(g_get_user_cache_dir());
#define add(path, function) g_test_add(path, Fake, NULL, set_up, function, tear_down)
    add("/facts-qemu/cache", test_cache);
    add("/facts-qemu/damaged-cache", test_damaged_cache);
    add("/facts-qemu/missing-binary", test_missing_binary);
    add("/facts-qemu/find", test_find);
    add("/facts-qemu/fixtures", test_fixtures);
    add("/facts-qemu/installed", test_installed);
    g_test_add("/facts-qemu/other/trixie", Fake, "trixie", set_up, test_other, tear_down);
    g_test_add("/facts-qemu/other/sid", Fake, "sid", set_up, test_other, tear_down);
    int status = g_test_run();
    g_free(user_cache);
    return status;
}
