/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/cache.h"

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"

typedef struct {
    char *directory;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
    fixture->directory = g_dir_make_tmp("vgpuctl-cache-XXXXXX", NULL);
    g_assert_nonnull(fixture->directory);
    g_setenv("XDG_CACHE_HOME", fixture->directory, TRUE);
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
    g_assert_true(file_remove_tree(fixture->directory, NULL));
    g_free(fixture->directory);
}

static json_t *word(const char *text)
{
    json_t *object = json_object();
    json_object_set_new(object, "word", json_string(text));
    return object;
}

static void store(const char *key_word, const char *value_word)
{
    g_autoptr(json_t) key = word(key_word);
    g_autoptr(json_t) value = word(value_word);
    cache_store("a.json", key, value);
}

/* the stored word for a key, "miss" without one */
static char *load(const char *key_word)
{
    g_autoptr(json_t) key = word(key_word);
    g_autoptr(json_t) value = cache_load("a.json", key);
    return g_strdup(value != NULL ? json_get_text(value, "word") : "miss");
}

#define assert_loads(key, expected)                                                                \
    do {                                                                                           \
        g_autofree char *loaded = load(key);                                                       \
        g_assert_cmpstr(loaded, ==, expected);                                                     \
    } while (0)

static void test_round_trip(Fixture *fixture, gconstpointer data)
{
    assert_loads("one", "miss");
    store("one", "first");
    assert_loads("one", "first");
    assert_loads("two", "miss");
    store("two", "second");
    assert_loads("one", "miss");
    assert_loads("two", "second");
}

static void test_damaged(Fixture *fixture, gconstpointer data)
{
    static const char *const texts[] = { "", "{", "[]", "null", "{\"key\": {\"word\": \"one\"}}" };
    g_autofree char *path = cache_path("a.json");
    for (gsize i = 0; i < G_N_ELEMENTS(texts); i++) {
        store("one", "first");
        g_assert_true(g_file_set_contents(path, texts[i], -1, NULL));
        assert_loads("one", "miss");
        store("one", "again");
        assert_loads("one", "again");
    }
}

/* others could plant answers there */
static void test_writable_by_others(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = cache_path("a.json");
    g_autofree char *directory = g_path_get_dirname(path);
    store("one", "first");
    g_assert_cmpint(g_chmod(path, 0666), ==, 0);
    assert_loads("one", "miss");
    g_assert_cmpint(g_chmod(path, 0600), ==, 0);
    assert_loads("one", "first");
    g_assert_cmpint(g_chmod(directory, 0777), ==, 0);
    assert_loads("one", "miss");
}

/* nor is anything left where a link leads, or where others may write */
static void test_store_elsewhere(Fixture *fixture, gconstpointer data)
{
    g_autofree char *elsewhere = g_build_filename(fixture->directory, "elsewhere", NULL);
    g_autofree char *link = g_build_filename(fixture->directory, "vgpuctl", NULL);
    g_autofree char *target = g_build_filename(elsewhere, "a.json", NULL);
    g_assert_cmpint(g_mkdir(elsewhere, 0700), ==, 0);
    g_assert_cmpint(symlink("elsewhere", link), ==, 0);
    store("one", "first");
    g_assert_false(g_file_test(target, G_FILE_TEST_EXISTS));
    assert_loads("one", "miss");

    g_assert_cmpint(unlink(link), ==, 0);
    g_assert_cmpint(g_rename(elsewhere, link), ==, 0);
    g_assert_cmpint(g_chmod(link, 0777), ==, 0);
    g_autofree char *path = g_build_filename(link, "a.json", NULL);
    store("one", "first");
    g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
}

/* a directory of caches that is another user's is not used */
static void test_foreign_base(Fixture *fixture, gconstpointer data)
{
    if (geteuid() != 0)
        g_setenv("XDG_CACHE_HOME", "/usr", TRUE);
    else
        g_assert_cmpint(chown(fixture->directory, 65534, 65534), ==, 0);
    g_autofree char *path = cache_path("a.json");
    g_assert_cmpstr(path, ==, geteuid() == 0 ? "/var/cache/vgpuctl/a.json" : NULL);
}

/* a file where the directory should be fails for root as well, unlike a mode */
static void test_unwritable(Fixture *fixture, gconstpointer data)
{
    g_autofree char *in_the_way = g_build_filename(fixture->directory, "vgpuctl", NULL);
    g_assert_true(g_file_set_contents(in_the_way, "", 0, NULL));
    store("one", "first");
    assert_loads("one", "miss");
}

static void test_file_key(Fixture *fixture, gconstpointer data)
{
    g_autofree char *path = g_build_filename(fixture->directory, "program", NULL);
    g_autofree char *link = g_build_filename(fixture->directory, "link", NULL);
    g_assert_null(cache_file_key(path));
    g_assert_true(g_file_set_contents(path, "one", -1, NULL));
    g_assert_cmpint(symlink("program", link), ==, 0);
    g_autoptr(json_t) key = cache_file_key(path);
    g_autoptr(json_t) by_link = cache_file_key(link);
    g_assert_nonnull(key);
    g_assert_true(json_equal(key, by_link));
    g_assert_true(g_file_set_contents(path, "longer", -1, NULL));
    g_autoptr(json_t) changed = cache_file_key(path);
    g_assert_false(json_equal(key, changed));
}

static void test_boot_key(Fixture *fixture, gconstpointer data)
{
    g_autoptr(Root) system = root_open("/", NULL);
    g_autoptr(json_t) first = cache_boot_key(system);
    g_autoptr(json_t) second = cache_boot_key(system);
    g_assert_nonnull(json_get_text(first, "boot_id"));
    g_assert_true(json_equal(first, second));
    g_autoptr(Root) empty = root_open(fixture->directory, NULL);
    g_assert_null(cache_boot_key(empty));
}

static void test_directories(Fixture *fixture, gconstpointer data)
{
    g_setenv("XDG_CACHE_HOME", "not/absolute", TRUE);
    g_setenv("HOME", fixture->directory, TRUE);
    g_autofree char *path = cache_path("a.json");
    g_autofree char *expected = g_build_filename(fixture->directory, ".cache/vgpuctl/a.json", NULL);
    g_assert_cmpstr(path, ==, expected);

    g_setenv("HOME", "/nonexistent", TRUE);
    g_autofree char *homeless = cache_path("a.json");
    g_assert_cmpstr(homeless, ==, geteuid() == 0 ? "/var/cache/vgpuctl/a.json" : NULL);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add(path, Fixture, NULL, set_up, function, tear_down)
    add("/cache/round-trip", test_round_trip);
    add("/cache/damaged", test_damaged);
    add("/cache/writable-by-others", test_writable_by_others);
    add("/cache/store-elsewhere", test_store_elsewhere);
    add("/cache/foreign-base", test_foreign_base);
    add("/cache/unwritable", test_unwritable);
    add("/cache/file-key", test_file_key);
    add("/cache/boot-key", test_boot_key);
    add("/cache/directories", test_directories);
    return g_test_run();
}
