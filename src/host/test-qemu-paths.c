/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qemu-paths.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "host/qemu-missing.h"

/* A source build in a prefix of its own: bin/, libexec/, lib/qemu/, etc/. */
typedef struct {
    char *prefix, *binary, *helper;
    Root *root;
} Build;

static void put(const char *directory, const char *name, const char *data, gsize length,
                mode_t mode)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_true(file_write_atomic(path, data, length, mode, NULL));
}

#define put_literal(directory, name, literal, mode)                                                \
    put(directory, name, literal, sizeof literal - 1, mode)

static void set_up(Build *build, gconstpointer data)
{
    build->prefix = g_dir_make_tmp("vgpuctl-build-XXXXXX", NULL);
    build->binary = g_build_filename(build->prefix, "bin/qemu-system-x86_64", NULL);
    build->helper = g_build_filename(build->prefix, "libexec/qemu-bridge-helper", NULL);
    build->root = root_open(build->prefix, NULL);
    put_literal(build->prefix, "bin/qemu-system-x86_64",
                "\177ELF\0/old/share/qemu\0(default=/old/libexec/qemu-bridge-helper)\0"
                "/old/libexec/qemu-bridge-helper\0/old/lib/qemu\0",
                0755);
    put_literal(build->prefix, "libexec/qemu-bridge-helper", "\177ELF\0/etc/qemu/bridge.conf\0",
                0755);
    put_literal(build->prefix, "lib/qemu/ui-gtk.so", "", 0644);
    put_literal(build->prefix, "share/qemu/bios.bin", "", 0644);
}

static void tear_down(Build *build, gconstpointer data)
{
    root_free(build->root);
    g_assert_true(file_remove_tree(build->prefix, NULL));
    g_free(build->prefix);
    g_free(build->binary);
    g_free(build->helper);
}

static QemuFacts *read_paths(const Build *build)
{
    QemuFacts *facts = record_new(&qemu_facts_type);
    facts->binary = g_strdup(build->binary);
    qemu_read_compiled_paths(facts);
    qemu_read_bridge(facts, build->root);
    return facts;
}

static void test_strings(Build *build, gconstpointer data)
{
    g_auto(GStrv) paths = elf_paths_ending(build->binary, "/qemu");
    g_autofree char *joined = g_strjoinv(" ", paths);
    g_assert_cmpstr(joined, ==, "/old/share/qemu /old/lib/qemu");
    put_literal(build->prefix, "script", "#!/bin/sh\nexec /usr/lib/qemu\0", 0755);
    g_autofree char *script = g_build_filename(build->prefix, "script", NULL);
    g_auto(GStrv) none = elf_paths_ending(script, "/qemu");
    g_assert_null(none[0]);
    g_auto(GStrv) absent = elf_paths_ending("/no/such/file", "/qemu");
    g_assert_null(absent[0]);
}

/* moved from /old: everything is found beside the binary */
static void test_moved_build(Build *build, gconstpointer data)
{
    g_autoptr(QemuFacts) facts = read_paths(build);
    g_autofree char *modules = g_build_filename(build->prefix, "lib/qemu", NULL);
    g_assert_cmpstr(facts->module_dir, ==, modules);
    g_assert_cmpstr(facts->bridge_helper, ==, build->helper);
    g_assert_cmpstr(facts->bridge_acl, ==, "/etc/qemu/bridge.conf");
    g_assert_null(facts->bridges_allowed[0]);
}

static void test_no_helper(Build *build, gconstpointer data)
{
    g_assert_cmpint(g_remove(build->helper), ==, 0);
    g_autoptr(QemuFacts) facts = read_paths(build);
    g_assert_null(facts->bridge_helper);
    g_assert_null(facts->bridge_acl);
    qemu_find_missing(facts, build->root);
    const QemuMissing *last = facts->missing->pdata[facts->missing->len - 1];
    g_assert_cmpstr(last->what, ==, "bridge helper");
    g_assert_null(last->package); /* apt does not bring what a source build lacks */
}

static void test_acl(Build *build, gconstpointer data)
{
    put_literal(build->prefix, "etc/qemu/bridge.conf",
                "# comment\nallow virbr0\n\n  allow\tbr1  \nallow\ndeny br9\n"
                "include /etc/qemu/more.conf\ninclude /etc/qemu/bridge.conf\nnonsense x\n",
                0644);
    put_literal(build->prefix, "etc/qemu/more.conf", "allow all", 0644);
    g_autoptr(QemuFacts) facts = read_paths(build);
    g_assert_cmpstr(facts->bridges_allowed[0], ==, "virbr0");
    g_assert_cmpstr(facts->bridges_allowed[1], ==, "br1");
    g_assert_true(qemu_has(facts->bridges_allowed, "all"));
    g_assert_cmpstr(facts->bridges_denied[0], ==, "br9");
    g_assert_false(qemu_has(facts->bridges_allowed, "x"));
}

/* the helper finds its ACL as QEMU finds the helper */
static void test_moved_acl(Build *build, gconstpointer data)
{
    put_literal(build->prefix, "libexec/qemu-bridge-helper", "\177ELF\0/old/etc/qemu/bridge.conf\0",
                0755);
    g_autoptr(QemuFacts) absent = read_paths(build);
    g_assert_cmpstr(absent->bridge_acl, ==, "/old/etc/qemu/bridge.conf");
    put_literal(build->prefix, "etc/qemu/bridge.conf", "allow br0\n", 0644);
    g_autofree char *moved = g_build_filename(build->prefix, "etc/qemu/bridge.conf", NULL);
    g_autoptr(QemuFacts) present = read_paths(build);
    g_assert_cmpstr(present->bridge_acl, ==, moved);
}

static void test_setuid(Build *build, gconstpointer data)
{
    g_assert_false(file_gives_net_admin(build->helper));
    g_assert_cmpint(g_chmod(build->helper, 04755), ==, 0);
    /* setuid counts when it leads to root */
    g_assert_cmpint(file_gives_net_admin(build->helper), ==, geteuid() == 0);
    g_assert_cmpint(g_chmod(build->helper, 04700), ==, 0);
    g_assert_false(file_gives_net_admin(build->helper));
}

static void test_capability(Build *build, gconstpointer data)
{
    struct vfs_cap_data wanted = {
        .magic_etc = GUINT32_TO_LE(VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE),
        .data[0].permitted = GUINT32_TO_LE(1u << CAP_NET_ADMIN),
    };
    if (setxattr(build->helper, "security.capability", &wanted, sizeof wanted, 0) < 0) {
        g_test_skip("this user or file system cannot set file capabilities");
        return;
    }
    g_assert_true(file_gives_net_admin(build->helper));
    wanted.data[0].permitted = GUINT32_TO_LE(1u << CAP_NET_RAW);
    g_assert_cmpint(setxattr(build->helper, "security.capability", &wanted, sizeof wanted, 0), ==,
                    0);
    g_assert_false(file_gives_net_admin(build->helper));
}

/* the lines of @facts->missing as "what|why|package" */
static char *missing_text(const QemuFacts *facts)
{
    GString *text = g_string_new(NULL);
    for (guint i = 0; i < facts->missing->len; i++) {
        const QemuMissing *missing = facts->missing->pdata[i];
        g_assert_nonnull(missing->configure);
        g_string_append_printf(text, "%s|%s|%s\n", missing->what, missing->why,
                               missing->package != NULL ? missing->package : "-");
    }
    return g_string_free(text, FALSE);
}

/* Debian without the package of the windows, and without that of OpenGL */
static void test_missing_modules(Build *build, gconstpointer data)
{
    static const struct {
        const char *os_release, *gl_package;
    } cases[] = {
        { "ID=debian\nVERSION_ID=\"12\"\n", "qemu-system-common" },
        { "ID=debian\nVERSION_ID=\"13\"\n", "qemu-system-modules-opengl" },
        { "PRETTY_NAME=\"sid\"\nID=debian\n", "qemu-system-modules-opengl" },
        { "ID=ubuntu\nVERSION_ID=\"22.04\"\n", "qemu-system-common" },
    };
    g_autofree char *path =
        g_test_build_filename(G_TEST_DIST, "fixtures", "qemu", "7.2.json", NULL);
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        put(build->prefix, "etc/os-release", cases[i].os_release, strlen(cases[i].os_release),
            0644);
        g_autoptr(json_t) document = json_from_file(path, NULL);
        g_autoptr(json_t) displays = json_pack("[sss]", "none", "sdl", "curses");
        json_object_set(document, "displays", displays);
        json_object_set_new(document, "module_dir", json_pack("s+", build->prefix, "/lib/qemu"));
        json_object_set_new(document, "missing", json_array());
        g_autoptr(QemuFacts) facts = record_from_json(&qemu_facts_type, document, NULL);
        qemu_find_missing(facts, build->root);
        g_autofree char *text = missing_text(facts);
        g_autofree char *gl = g_strdup_printf(
            "display egl-headless|its module ui-egl-headless.so is not installed|%s",
            cases[i].gl_package);
        g_assert_nonnull(strstr(text, gl));
        g_assert_nonnull(strstr(text, "display gtk|its module ui-gtk.so is there but cannot be "
                                      "loaded|qemu-system-gui\n"));
        g_assert_null(strstr(text, "display sdl"));
        g_assert_nonnull(strstr(text, "venus (Vulkan in the guest)|not in this build|-\n"));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add(path, Build, NULL, set_up, function, tear_down)
    add("/qemu-paths/strings", test_strings);
    add("/qemu-paths/moved-build", test_moved_build);
    add("/qemu-paths/no-helper", test_no_helper);
    add("/qemu-paths/acl", test_acl);
    add("/qemu-paths/moved-acl", test_moved_acl);
    add("/qemu-paths/setuid", test_setuid);
    add("/qemu-paths/capability", test_capability);
    add("/qemu-missing/modules", test_missing_modules);
    return g_test_run();
}
