/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/mdev-definition.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "tests/lib/fake-root.h"
#include "vgpu/mdev-error.h"
#include "vgpu/mdev-life.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define OTHER "00000000-0000-4000-8000-000000000001"
#define PLACE MDEV_DEFINITIONS "/mtty/" UUID

static char *full_path(const FakeRoot *fake, const char *path)
{
    return g_strconcat(fake->directory, path, NULL);
}

static Mdev *device(const char *uuid)
{
    Mdev *dev = mdev_new(uuid);
    mdev_set_parent(dev, "mtty");
    mdev_set_type(dev, "mtty-1");
    return dev;
}

static void write_one(const MdevHost *host, const Mdev *dev)
{
    g_autoptr(GError) error = NULL;
    autofd int lock = mdev_definition_lock(host, dev->parent, &error);
    g_assert_no_error(error);
    g_assert_true(mdev_definition_write(host, dev, &error));
    g_assert_no_error(error);
}

static mode_t mode_of(const FakeRoot *fake)
{
    struct stat info;
    g_assert_true(root_stat(fake->root, PLACE, &info, NULL));
    return info.st_mode & 07777;
}

/* a new one as open(2) would make it; the mode of one that is there stays */
static void test_mode(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    const MdevHost host = { .root = fake.root };
    g_autoptr(Mdev) dev = device(UUID);
    mode_t old = umask(027);
    write_one(&host, dev);
    g_assert_cmpint(mode_of(&fake), ==, 0640);
    g_autofree char *path = full_path(&fake, PLACE);
    g_assert_cmpint(chmod(path, 0604), ==, 0);
    write_one(&host, dev);
    g_assert_cmpint(mode_of(&fake), ==, 0604);
    g_assert_cmpint(umask(old), ==, 027);
}

static void test_names(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    const MdevHost host = { .root = fake.root };
    static const char *const bad[] = { "", ".", "..", "a/b", "/etc" };
    for (guint i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_cmpint(mdev_definition_lock(&host, bad[i], &error), ==, -1);
        g_assert_error(error, MDEV_ERROR, MDEV_ERROR_BAD_NAME);
        g_assert_false(mdev_definition_exists(&host, bad[i], UUID));
    }
}

/* what is not a plain file with a UUID for a name, and one that is being written */
static void test_passed_by(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    const MdevHost host = { .root = fake.root };
    g_autoptr(Mdev) dev = device(UUID);
    write_one(&host, dev);
    fake_root_put(&fake, MDEV_DEFINITIONS "/mtty/." OTHER ".abcdef", "{");
    fake_root_put(&fake, MDEV_DEFINITIONS "/mtty/README", "read me");
    fake_root_put(&fake, MDEV_DEFINITIONS "/scripts.d/" OTHER, "not a definition");
    g_autofree char *fifo = full_path(&fake, MDEV_DEFINITIONS "/mtty/" OTHER);
    g_assert_cmpint(mkfifo(fifo, 0600), ==, 0);
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) found = mdev_definitions(&host, NULL, NULL, 0, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(found->len, ==, 1);
    g_assert_cmpstr(((const Mdev *)found->pdata[0])->uuid, ==, UUID);
}

static void test_huge(void)
{
    g_auto(FakeRoot) fake = fake_root_new("none");
    const MdevHost host = { .root = fake.root };
    fake_root_put(&fake, PLACE, "");
    g_autofree char *path = full_path(&fake, PLACE);
    g_assert_cmpint(truncate(path, 100 << 20), ==, 0);
    g_autoptr(GError) error = NULL;
    g_assert_null(mdev_definitions(&host, NULL, NULL, 0, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_CONTENT);
}

/* Adds one attribute, in a process of its own. */
static pid_t add_in_child(const MdevHost *host, int number)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    g_autofree char *name = g_strdup_printf("a%d", number);
    const MdevChange change = {
        .uuid = UUID, .autostart = -1, .add_attr = name, .value = "1", .index = -1
    };
    _exit(mdev_modify(host, &change, NULL) ? 0 : 1);
}

/* changes of many at once: none is lost */
static void test_concurrent(void)
{
    enum { WRITERS = 12 };
    g_auto(FakeRoot) fake = fake_root_new("none");
    const MdevHost host = { .root = fake.root };
    g_autoptr(Mdev) dev = device(UUID);
    write_one(&host, dev);
    pid_t children[WRITERS];
    for (int i = 0; i < WRITERS; i++)
        children[i] = add_in_child(&host, i);
    for (int i = 0; i < WRITERS; i++) {
        int status;
        g_assert_cmpint(waitpid(children[i], &status, 0), ==, children[i]);
        g_assert_cmpint(status, ==, 0);
    }
    g_autoptr(GPtrArray) found = mdev_definitions(&host, UUID, NULL, 0, NULL);
    g_assert_cmpuint(((const Mdev *)found->pdata[0])->attrs->len, ==, WRITERS);
    g_auto(GStrv) names = root_list(fake.root, MDEV_DEFINITIONS "/mtty");
    g_assert_cmpuint(g_strv_length(names), ==, 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/mdev-definition/mode", test_mode);
    g_test_add_func("/mdev-definition/names", test_names);
    g_test_add_func("/mdev-definition/passed-by", test_passed_by);
    g_test_add_func("/mdev-definition/huge", test_huge);
    g_test_add_func("/mdev-definition/concurrent", test_concurrent);
    return g_test_run();
}
