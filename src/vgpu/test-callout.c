/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "vgpu/callout.h"

#include <string.h>

#include "tests/lib/fake-root.h"
#include "vgpu/mdev-error.h"

#define UUID "550e8400-e29b-41d4-a716-446655440000"
#define CALLOUTS "/etc/mdevctl.d/scripts.d/callouts/"
#define NEW_CALLOUTS "/usr/lib/mdevctl/scripts.d/callouts/"
#define NOTIFIERS "/etc/mdevctl.d/scripts.d/notifiers/"

/* A machine, what was noted, and what was done on it. */
typedef struct {
    FakeRoot fake;
    MdevHost host;
    GString *notes;
    guint done;
} Fixture;

static void take_note(MdevNoteKind kind, const char *text, gpointer data)
{
    g_string_append_printf(((Fixture *)data)->notes, "%d %s\n", kind, text);
}

static void set_up(Fixture *fixture, gconstpointer unused)
{
    fixture->fake = fake_root_new("none");
    fixture->notes = g_string_new(NULL);
    fixture->host = (MdevHost){ .root = fixture->fake.root,
                                .note = take_note,
                                .note_data = fixture,
                                .script_limit_ms = 60000 };
}

static void tear_down(Fixture *fixture, gconstpointer unused)
{
    g_string_free(fixture->notes, TRUE);
    fake_root_clear(&fixture->fake);
}

/* A script that writes down the event it was called for, and then does @body. */
static void put_script(const Fixture *fixture, const char *path, const char *body)
{
    g_autofree char *text = g_strdup_printf("#!/bin/sh\necho \"${0##*/} $4 $8\" >>%s/log\n%s\n",
                                            fixture->fake.directory, body);
    fake_root_put(&fixture->fake, path, text);
    g_autofree char *full = g_strconcat(fixture->fake.directory, path, NULL);
    g_assert_cmpint(chmod(full, 0755), ==, 0);
}

static void check_log(const Fixture *fixture, const char *expected)
{
    g_autofree char *log = root_read(fixture->fake.root, "/log", NULL, NULL);
    g_assert_cmpstr(log, ==, expected);
}

static Mdev *device(void)
{
    Mdev *dev = mdev_new(UUID);
    mdev_set_parent(dev, "0000:00:02.0");
    mdev_set_type(dev, "T");
    return dev;
}

static gboolean act(const MdevHost *host, Mdev *dev, gpointer data, GError **error)
{
    ((Fixture *)data)->done++;
    return TRUE;
}

static gboolean go(Fixture *fixture, gboolean force, GError **error)
{
    g_autoptr(Mdev) dev = device();
    return callout_around(&fixture->host, dev, CALLOUT_START, force, act, fixture, error);
}

/* both directories, the one of mdevctl 1.3 first, each in lexical order */
static void test_order(Fixture *fixture, gconstpointer unused)
{
    put_script(fixture, CALLOUTS "b", "exit 0");
    put_script(fixture, CALLOUTS "a", "exit 2");
    put_script(fixture, NEW_CALLOUTS "z", "exit 2");
    put_script(fixture, NOTIFIERS "n2", "exit 1");
    put_script(fixture, NOTIFIERS "n1", "exit 2");
    g_assert_true(go(fixture, FALSE, NULL));
    g_assert_cmpuint(fixture->done, ==, 1);
    check_log(fixture, "z pre none\na pre none\nb pre none\nb post success\n"
                       "n1 notify success\nn2 notify success\n");
}

static void test_force(Fixture *fixture, gconstpointer unused)
{
    put_script(fixture, CALLOUTS "no", "exit 1");
    g_autoptr(GError) error = NULL;
    g_assert_false(go(fixture, FALSE, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_CALLOUT);
    g_assert_cmpuint(fixture->done, ==, 0);
    g_assert_true(go(fixture, TRUE, NULL));
    g_assert_cmpuint(fixture->done, ==, 1);
    g_assert_nonnull(strstr(fixture->notes->str, "Forcing operation 'start' despite callout"));
}

/* one that hangs ends the operation before anything is done */
static void test_hangs(Fixture *fixture, gconstpointer unused)
{
    fixture->host.script_limit_ms = 200;
    put_script(fixture, CALLOUTS "hangs", "exec sleep 1000");
    put_script(fixture, CALLOUTS "later", "exit 0");
    g_autoptr(GError) error = NULL;
    g_assert_false(go(fixture, FALSE, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_CALLOUT);
    g_assert_nonnull(strstr(error->message, "hangs\" did not finish in time and was killed"));
    g_assert_cmpuint(fixture->done, ==, 0);
    check_log(fixture, "hangs pre none\n");
}

/* what cannot be undone any more is not failed for a script that hangs or dies afterwards */
static void test_hangs_afterwards(Fixture *fixture, gconstpointer unused)
{
    fixture->host.script_limit_ms = 2000;
    put_script(fixture, CALLOUTS "hangs", "[ $4 = post ] && exec sleep 1000; exit 0");
    put_script(fixture, NOTIFIERS "dies", "kill -9 $$");
    g_assert_true(go(fixture, FALSE, NULL));
    check_log(fixture, "hangs pre none\nhangs post success\ndies notify success\n");
}

/* one that dies is not the one; it prints without an end, and what it leaves running is ended */
static void test_dies(Fixture *fixture, gconstpointer unused)
{
    put_script(fixture, CALLOUTS "a", "kill -11 $$");
    put_script(fixture, CALLOUTS "b",
               "[ $4 = pre ] && { dd if=/dev/zero bs=65536 count=64 2>/dev/null; sleep 1000 & }\n"
               "echo said >&2; exit 0");
    g_assert_true(go(fixture, FALSE, NULL));
    check_log(fixture, "a pre none\nb pre none\nb post success\n");
    g_assert_nonnull(strstr(fixture->notes->str, "was terminated by a signal\n"));
    g_assert_nonnull(strstr(fixture->notes->str, "b: said\n"));
}

static void test_attributes(Fixture *fixture, gconstpointer unused)
{
    /* with the NUL that a program in C prints, too */
    put_script(fixture, CALLOUTS "a", "printf '[{\"x\":\"1\"}, {\"y\":\"\"}]\\000'");
    g_autoptr(Mdev) dev = device();
    g_autoptr(GError) error = NULL;
    g_assert_true(callout_load_attrs(&fixture->host, dev, &error));
    g_assert_no_error(error);
    g_assert_cmpuint(dev->attrs->len, ==, 2);
    put_script(fixture, CALLOUTS "a", "yes '[' | head -c 1000000");
    g_assert_false(callout_load_attrs(&fixture->host, dev, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_JSON);
}

static gboolean go_live(Fixture *fixture, GError **error)
{
    g_autoptr(Mdev) dev = device();
    return callout_modify_live(&fixture->host, dev, error);
}

static void check_live_refused(Fixture *fixture, const char *message)
{
    g_autoptr(GError) error = NULL;
    g_assert_false(go_live(fixture, &error));
    g_assert_error(error, MDEV_ERROR, MDEV_ERROR_CALLOUT);
    g_assert_nonnull(strstr(error->message, message));
}

#define SAYS(actions, events)                                                                      \
    "[ $6 = capabilities ] && { grep -q '\"provides\":{\"version\":2' || exit 1;\n"                \
    "echo '{\"supports\":{\"version\":2,\"actions\":[" actions "],\"events\":[" events "]}}'; }\n"

static void test_live(Fixture *fixture, gconstpointer unused)
{
    check_live_refused(fixture, "No callout script with version support found");
    put_script(fixture, CALLOUTS "old", "echo old");
    check_live_refused(fixture, "No callout script with version support found");
    put_script(fixture, CALLOUTS "v", SAYS("\"start\"", "\"live\"") "exit 0");
    check_live_refused(fixture, "does not support action 'Modify'");
    put_script(fixture, CALLOUTS "v", SAYS("\"modify\"", "\"pre\"") "exit 0");
    check_live_refused(fixture, "does not support event 'Live'");
    put_script(fixture, CALLOUTS "v", SAYS("\"modify\"", "\"live\"") "[ $4 = live ] && exit 3");
    check_live_refused(fixture, "failed with status '3'");
    put_script(fixture, CALLOUTS "v", SAYS("\"modify\"", "\"live\"") "exit 0");
    g_assert_true(go_live(fixture, NULL));
}

#define ADD(name, function) g_test_add("/callout/" name, Fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    ADD("order", test_order);
    ADD("force", test_force);
    ADD("hangs", test_hangs);
    ADD("hangs-afterwards", test_hangs_afterwards);
    ADD("dies", test_dies);
    ADD("attributes", test_attributes);
    ADD("live", test_live);
    return g_test_run();
}
