/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-kvm.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <unistd.h>

#include "base/cache.h"
#include "base/file.h"
#include "host/facts-qemu.h"
#include "host/kvm-trial.h"

/* A machine with a /dev/kvm that opens, and a QEMU that is a script. */
typedef struct {
    char *directory, *binary, *starts;
    Root *root;
} Machine;

static void put(const char *directory, const char *name, const char *text, mode_t mode)
{
    g_autofree char *path = g_build_filename(directory, name, NULL);
    g_autofree char *parent = g_path_get_dirname(path);
    g_assert_true(file_make_directory(parent, 0755, NULL));
    g_assert_true(file_write_atomic(path, text, strlen(text), mode, NULL));
}

static void install(const Machine *machine, const char *behaviour)
{
    g_autofree char *script =
        g_strdup_printf("#!/bin/sh\necho x >>'%s'\n%s\n", machine->starts, behaviour);
    put(machine->directory, "qemu", script, 0755);
}

static void set_up(Machine *machine, gconstpointer data)
{
    machine->directory = g_dir_make_tmp("vgpuctl-kvm-XXXXXX", NULL);
    machine->binary = g_build_filename(machine->directory, "qemu", NULL);
    machine->starts = g_build_filename(machine->directory, "starts", NULL);
    machine->root = root_open(machine->directory, NULL);
    put(machine->directory, "dev/kvm", "", 0666);
    put(machine->directory, "proc/sys/kernel/random/boot_id", "first-boot\n", 0644);
    g_setenv("XDG_CACHE_HOME", machine->directory, TRUE);
}

static void tear_down(Machine *machine, gconstpointer data)
{
    root_free(machine->root);
    g_assert_true(file_remove_tree(machine->directory, NULL));
    g_free(machine->directory);
    g_free(machine->binary);
    g_free(machine->starts);
}

/* reads once and compares truth, part of the detail, and how often QEMU was started for it */
static void assert_truth(const Machine *machine, gboolean refresh, Truth truth, const char *says,
                         gsize starts)
{
    KvmFacts *facts = kvm_facts_read(machine->root, machine->binary, refresh);
    g_assert_cmpstr(truth_words[facts->executes], ==, truth_words[truth]);
    if (says == NULL)
        g_assert_null(facts->detail);
    else if (facts->detail == NULL || strstr(facts->detail, says) == NULL)
        g_error("'%s' is not in '%s'", says, facts->detail);
    record_free(&kvm_facts_type, facts);

    g_autofree char *text = NULL;
    gsize length = 0;
    g_file_get_contents(machine->starts, &text, &length, NULL);
    g_assert_cmpuint(length / strlen("x\n"), ==, starts);
    g_remove(machine->starts);
}

static void test_yes(Machine *machine, gconstpointer data)
{
    g_autofree char *behaviour = g_strdup_printf("exit %d", TRIAL_STATUS);
    install(machine, behaviour);
    assert_truth(machine, FALSE, TRUTH_YES, NULL, 1);
}

static void test_no(Machine *machine, gconstpointer data)
{
    static const struct {
        const char *behaviour, *says;
    } cases[] = {
        { "exit 0", "exited with status 0" },
        { "exit 1", "exited with status 1" },
        { "echo 'qemu-system-x86_64: warning: w' >&2; kill -ABRT $$", "was killed by SIGABRT" },
        { "echo 'qemu-system-x86_64: failed to initialize kvm: Permission denied' >&2; exit 1",
          "exited with status 1: failed to initialize kvm: Permission denied" },
    };
    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        install(machine, cases[i].behaviour);
        assert_truth(machine, FALSE, TRUTH_NO, cases[i].says, 1);
    }
}

static void test_other_architecture(Machine *machine, gconstpointer data)
{
    install(machine, "echo 'qemu-system-aarch64: unsupported machine type: \"pc\"' >&2; exit 1");
    assert_truth(machine, FALSE, TRUTH_UNKNOWN, "emulates no PC", 1);
    /* what is not known is asked again */
    assert_truth(machine, FALSE, TRUTH_UNKNOWN, "emulates no PC", 1);
}

static void test_once_a_boot(Machine *machine, gconstpointer data)
{
    install(machine, "exit 1");
    assert_truth(machine, FALSE, TRUTH_NO, "status 1", 1);
    assert_truth(machine, FALSE, TRUTH_NO, "status 1", 0);
    assert_truth(machine, TRUE, TRUTH_NO, "status 1", 1);
    put(machine->directory, "proc/sys/kernel/random/boot_id", "second-boot\n", 0644);
    assert_truth(machine, FALSE, TRUTH_NO, "status 1", 1);
    install(machine, "exit 2");
    assert_truth(machine, FALSE, TRUTH_NO, "status 2", 1);
}

static void test_no_node(Machine *machine, gconstpointer data)
{
    g_autofree char *node = g_build_filename(machine->directory, "dev/kvm", NULL);
    install(machine, "exit 1");
    g_assert_cmpint(g_remove(node), ==, 0);
    assert_truth(machine, FALSE, TRUTH_NO, "there is no /dev/kvm", 0);
    if (geteuid() == 0)
        return; /* root may open every node */
    put(machine->directory, "dev/kvm", "", 0);
    assert_truth(machine, FALSE, TRUTH_NO, "no group has it", 0);
    put(machine->directory, "dev/kvm", "", 0060); /* not ours to open, though the group is ours */
    const struct group *group = getgrgid(getegid());
    g_autofree char *join = g_strdup_printf("join the group %s", group->gr_name);
    assert_truth(machine, FALSE, TRUTH_NO, join, 0);
}

static void test_hang(Machine *machine, gconstpointer data)
{
    g_autofree char *detail = NULL;
    install(machine, "sleep 1000");
    g_assert_cmpint(accelerator_trial(machine->binary, "kvm", 200, &detail), ==, TRUTH_NO);
    g_assert_nonnull(strstr(detail, "did not finish in time"));
}

static void test_no_program(Machine *machine, gconstpointer data)
{
    g_autofree char *detail = NULL;
    g_assert_cmpint(accelerator_trial("/no/such/qemu", "kvm", 0, &detail), ==, TRUTH_UNKNOWN);
    g_assert_nonnull(strstr(detail, "/no/such/qemu"));
}

/* the firmware runs where an accelerator is known to work, so a "no" means the accelerator */
static void test_firmware(Machine *machine, gconstpointer data)
{
    g_autoptr(Root) system = root_open("/", NULL);
    g_autofree char *qemu = g_find_program_in_path("qemu-system-x86_64");
    if (qemu == NULL) {
        g_test_skip("no qemu-system-x86_64 is installed");
        return;
    }
    g_autofree char *detail = NULL;
    Truth truth = accelerator_trial(qemu, "tcg", 60000, &detail);
    g_assert_cmpstr(detail, ==, NULL);
    g_assert_cmpint(truth, ==, TRUTH_YES);
    g_autofree char *why = NULL;
    g_assert_cmpint(accelerator_trial(qemu, "no-such", 60000, &why), ==, TRUTH_NO);
    g_assert_nonnull(strstr(why, "no-such"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
#define add(path, function) g_test_add(path, Machine, NULL, set_up, function, tear_down)
    add("/facts-kvm/yes", test_yes);
    add("/facts-kvm/no", test_no);
    add("/facts-kvm/other-architecture", test_other_architecture);
    add("/facts-kvm/once-a-boot", test_once_a_boot);
    add("/facts-kvm/no-node", test_no_node);
    add("/facts-kvm/hang", test_hang);
    add("/facts-kvm/no-program", test_no_program);
    add("/facts-kvm/firmware", test_firmware);
    return g_test_run();
}
