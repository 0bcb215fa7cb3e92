/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-gl.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/json.h"
#include "host/facts-drm.h"
#include "tests/lib/background.h"

/*
 * Behaves as the name of the node says; writes each call into a log beside itself.
 */
static const char fake_probe[] =
    "#!/bin/sh\n"
    "echo \"$*\" >> \"$(dirname \"$0\")/log\"\n"
    "case $1$2 in\n"
    "*good) echo '{\"kind\": \"x11\", \"node\": \"other\", \"works\": true,"
    " \"renderer\": \"Fast GPU\", \"dmabuf_export_works\": true}' ;;\n"
    "*crash) echo 'first' >&2; echo 'driver: bad things' >&2; kill -SEGV $$ ;;\n"
    "*status) exit 3 ;;\n"
    "*garbage) echo 'no JSON' ;;\n"
    "*wrong) echo '{\"works\": 7}' ;;\n"
    "*empty) ;;\n"
    "*flood) head -c 30000000 /dev/zero | tr '\\0' x ;;\n"
    "*hang) sleep 1000 ;;\n"
    "*) echo '{\"works\": false, \"failure\": \"eglInitialize: EGL_NOT_INITIALIZED\"}' ;;\n"
    "esac\n";

typedef struct {
    char *directory; /* the helpers, the log and the cache */
    char *real_helpers;
    Root *root;
    GPtrArray *nodes;
} Fixture;

static void set_up(Fixture *f, gconstpointer data)
{
    f->directory = g_dir_make_tmp("vgpuctl-gl-XXXXXX", NULL);
    g_autofree char *probe = g_build_filename(f->directory, "probe-gl", NULL);
    g_assert_true(file_write_atomic(probe, fake_probe, strlen(fake_probe), 0755, NULL));
    f->real_helpers = g_strdup(g_getenv("VGPUCTL_LIBEXECDIR"));
    g_setenv("VGPUCTL_LIBEXECDIR", f->directory, TRUE);
    g_setenv("XDG_CACHE_HOME", f->directory, TRUE);
    g_unsetenv("DISPLAY");
    g_unsetenv("WAYLAND_DISPLAY");
    f->root = root_open("/", NULL);
    f->nodes = g_ptr_array_new_with_free_func(g_free);
}

static void tear_down(Fixture *f, gconstpointer data)
{
    g_setenv("VGPUCTL_LIBEXECDIR", f->real_helpers, TRUE);
    file_remove_tree(f->directory, NULL);
    g_ptr_array_free(f->nodes, TRUE);
    root_free(f->root);
    g_free(f->real_helpers);
    g_free(f->directory);
}

static void add_node(Fixture *f, const char *path, gboolean usable)
{
    DrmNode *node = g_new0(DrmNode, 1);
    node->path = (char *)path;
    node->usable = usable;
    g_ptr_array_add(f->nodes, node);
}

static guint calls(const Fixture *f)
{
    g_autofree char *path = g_build_filename(f->directory, "log", NULL);
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return 0;
    guint lines = 0;
    for (const char *c = text; *c != '\0'; c++)
        lines += *c == '\n';
    return lines;
}

static const char *failure_of(const GlFacts *facts, const char *node)
{
    const GlPlatform *platform = gl_facts_node(facts, node);
    g_assert_nonnull(platform);
    g_assert_false(platform->works);
    return platform->failure;
}

/* every node gets its answer, whatever became of the probes before it */
static void test_answers(Fixture *f, gconstpointer data)
{
    const char *const names[] = { "/crash", "/status", "/garbage", "/wrong",
                                  "/empty", "/flood",  "/refuses", "/good" };
    for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
        add_node(f, names[i], TRUE);
    add_node(f, "/forbidden/good", FALSE);

    GlFacts *facts = gl_facts_read(f->root, f->nodes, FALSE, FALSE);
    g_assert_true(facts->probed);
    g_assert_null(facts->failure);
    g_assert_cmpuint(facts->platforms->len, ==, G_N_ELEMENTS(names) + 2);
    g_assert_cmpstr(failure_of(facts, "/crash"), ==,
                    "probe was killed by SIGSEGV: driver: bad things");
    g_assert_cmpstr(failure_of(facts, "/status"), ==, "probe exited with status 3");
    g_assert_true(
        g_str_has_prefix(failure_of(facts, "/garbage"), "probe gave no answer: its output:1:"));
    g_assert_cmpstr(failure_of(facts, "/wrong"), ==,
                    "probe gave no answer: works: expected true or false, found an integer");
    g_assert_nonnull(failure_of(facts, "/empty"));
    g_assert_nonnull(failure_of(facts, "/flood"));
    g_assert_cmpstr(failure_of(facts, "/refuses"), ==, "eglInitialize: EGL_NOT_INITIALIZED");
    g_assert_null(gl_facts_node(facts, "/forbidden/good"));

    const GlPlatform *good = gl_facts_node(facts, "/good");
    g_assert_nonnull(good);
    g_assert_true(good->works && good->dmabuf_export_works);
    g_assert_cmpstr(good->renderer, ==, "Fast GPU");
    record_free(&gl_facts_type, facts);
}

static void test_hang(Fixture *f, gconstpointer data)
{
    add_node(f, "/hang", TRUE);
    add_node(f, "/good", TRUE);
    GlFacts *facts = gl_facts_read(f->root, f->nodes, FALSE, FALSE);
    g_assert_cmpstr(failure_of(facts, "/hang"), ==, "probe did not finish in time and was killed");
    g_assert_nonnull(gl_facts_node(facts, "/good"));
    record_free(&gl_facts_type, facts);

    /* perhaps only the machine was busy: this is not kept for the whole boot */
    g_autofree char *cache = g_build_filename(f->directory, "vgpuctl", NULL);
    g_assert_false(g_file_test(cache, G_FILE_TEST_EXISTS));
}

static void expect_calls(Fixture *f, gboolean refresh, guint expected)
{
    GlFacts *facts = gl_facts_read(f->root, f->nodes, TRUE, refresh);
    g_assert_nonnull(gl_facts_node(facts, "/good"));
    record_free(&gl_facts_type, facts);
    g_assert_cmpuint(calls(f), ==, expected);
}

/* asked once, then again when told to or when what the answer depends on is another */
static void test_cache(Fixture *f, gconstpointer data)
{
    add_node(f, "/good", TRUE);
    expect_calls(f, FALSE, 3);
    expect_calls(f, FALSE, 3);
    expect_calls(f, TRUE, 6);
    add_node(f, "/dev/zero", TRUE);
    expect_calls(f, FALSE, 10);
    g_setenv("DISPLAY", ":9999", TRUE);
    expect_calls(f, FALSE, 16);
    g_setenv("WAYLAND_DISPLAY", "wayland-9999", TRUE);
    expect_calls(f, FALSE, 23);
    expect_calls(f, FALSE, 23);
}

static void test_no_probe(Fixture *f, gconstpointer data)
{
    g_setenv("VGPUCTL_LIBEXECDIR", "/no/such/directory", TRUE);
    GlFacts *facts = gl_facts_read(f->root, f->nodes, FALSE, FALSE);
    g_assert_false(facts->probed);
    g_assert_cmpstr(facts->failure, ==,
                    "Starting /no/such/directory/probe-gl: No such file or directory");
    record_free(&gl_facts_type, facts);
}

static void test_other_root(Fixture *f, gconstpointer data)
{
    g_autoptr(Root) root = root_open(f->directory, NULL);
    add_node(f, "/good", TRUE);
    GlFacts *facts = gl_facts_read(root, f->nodes, TRUE, TRUE);
    g_assert_false(facts->probed);
    g_assert_cmpuint(calls(f), ==, 0);
    g_assert_null(gl_facts_node(facts, "/good"));
    record_free(&gl_facts_type, facts);
}

static const GlPlatform *platform_of(const GlFacts *facts, GlPlatformKind kind)
{
    for (guint i = 0; i < facts->platforms->len; i++) {
        const GlPlatform *platform = facts->platforms->pdata[i];
        if (platform->kind == (int)kind)
            return platform;
    }
    g_assert_not_reached();
}

/* The real probe on this machine. */
static void test_real(Fixture *f, gconstpointer data)
{
    g_setenv("VGPUCTL_LIBEXECDIR", f->real_helpers, TRUE);
    add_node(f, "/no/such/node", TRUE);
    GlFacts *facts = gl_facts_read(f->root, f->nodes, FALSE, TRUE);
    g_assert_true(facts->probed);
    const GlPlatform *no_device = gl_facts_node(facts, GL_NO_DEVICE);
    g_assert_true(no_device->works ? no_device->software : no_device->failure != NULL);
    g_assert_cmpstr(failure_of(facts, "/no/such/node"), ==, "open: No such file or directory");

    const GlPlatform *surfaceless = platform_of(facts, GL_PLATFORM_SURFACELESS);
    if (surfaceless->works) {
        g_assert_null(surfaceless->failure);
        g_assert_nonnull(surfaceless->renderer);
        g_assert_nonnull(surfaceless->version);
        g_assert_true(surfaceless->surfaceless_context);
    } else {
        g_assert_nonnull(surfaceless->failure);
        g_test_skip(surfaceless->failure);
    }
    record_free(&gl_facts_type, facts);
}

static void test_screen(Fixture *f, gconstpointer data)
{
    GPid xvfb = xvfb_start();
    if (xvfb == 0) {
        g_test_skip("no Xvfb here");
        return;
    }
    g_setenv("VGPUCTL_LIBEXECDIR", f->real_helpers, TRUE);
    GlFacts *facts = gl_facts_read(f->root, f->nodes, TRUE, TRUE);
    const GlPlatform *x11 = platform_of(facts, GL_PLATFORM_X11);
    const GlPlatform *glx = platform_of(facts, GL_PLATFORM_GLX);
    g_test_message("x11: %s, glx: %s", x11->failure, glx->failure);
    g_assert_cmpstr(x11->node, ==, g_getenv("DISPLAY"));
    if (x11->failure != NULL && strstr(x11->failure, "built without X11") != NULL) {
        g_test_skip(x11->failure);
    } else {
        g_assert_true(x11->works && glx->works);
        g_assert_cmpstr(x11->renderer, ==, glx->renderer);
        g_assert_true(x11->software);
    }
    record_free(&gl_facts_type, facts);
    background_stop(xvfb);
}

#define TEST(name, function)                                                                       \
    g_test_add("/facts-gl/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    TEST("answers", test_answers);
    TEST("hang", test_hang);
    TEST("cache", test_cache);
    TEST("no-probe", test_no_probe);
    TEST("other-root", test_other_root);
    TEST("real", test_real);
    TEST("screen", test_screen);
    return g_test_run();
}
