/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/facts-kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <string.h>

#include "base/cache.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "host/kvm-trial.h"

#define KVM_NODE "/dev/kvm"
#define CACHE_FORMAT 2

const char *const truth_words[] = { "unknown", "no", "yes", NULL };

static const Field kvm_facts_fields[] = {
    FIELD_FLAG_(KvmFacts, present, "/dev/kvm exists"),
    FIELD_FLAG_(KvmFacts, usable, "this user may open /dev/kvm"),
    FIELD_TEXT_(KvmFacts, unusable_why, "why it may not be opened"),
    FIELD_CHOICE_(KvmFacts, executes, truth_words, "a guest under KVM ran 64-bit code"),
    FIELD_TEXT_(KvmFacts, detail, "what happened when it did not"),
    FIELD_END,
};
const RecordType kvm_facts_type = { "kvm-facts", sizeof(KvmFacts), kvm_facts_fields };

/* The group that may open the node, when it has one that may. */
static char *explain_denial(const Root *root)
{
    struct stat info;
    const struct group *group = NULL;
    if (root_stat(root, KVM_NODE, &info, NULL) && (info.st_mode & 0060) == 0060)
        group = getgrgid(info.st_gid);
    if (group != NULL)
        return g_strdup_printf("permission denied; join the group %s (usermod -aG %s USER) and log "
                               "in again",
                               group->gr_name, group->gr_name);
    return g_strdup("permission denied, and no group has it; as root: chgrp kvm /dev/kvm; chmod "
                    "0660 /dev/kvm (udev's rules do that at start)");
}

static char *explain_refusal(const Root *root, int refusal)
{
    switch (refusal) {
    case EACCES:
    case EPERM:
        return explain_denial(root);
    case ENOENT:
        return g_strdup("there is no /dev/kvm; load kvm_intel or kvm_amd (virtualisation must be "
                        "on in the firmware)");
    case ENODEV:
    case ENXIO:
        return g_strdup("/dev/kvm has no driver; load kvm_intel or kvm_amd (virtualisation must be "
                        "on in the firmware)");
    default:
        return g_strdup(g_strerror(refusal));
    }
}

static void look_at_node(KvmFacts *facts, const Root *root)
{
    int refusal = root_try_open(root, KVM_NODE, O_RDWR);
    facts->present = refusal != ENOENT;
    facts->usable = refusal == 0;
    if (refusal != 0)
        facts->unusable_why = explain_refusal(root, refusal);
}

/* Another kernel, another QEMU or another answer to open(2) may give another truth. */
static json_t *trial_key(const Root *root, const char *qemu_binary)
{
    json_t *key = cache_boot_key(root);
    json_t *binary = cache_file_key(qemu_binary);
    if (key == NULL || binary == NULL) {
        json_decref(key);
        json_decref(binary);
        return NULL;
    }
    json_object_set_new(key, "format", json_integer(CACHE_FORMAT));
    json_object_set_new(key, "binary", binary);
    return key;
}

static gboolean load_trial(KvmFacts *facts, const char *name, const json_t *key)
{
    g_autoptr(json_t) value = cache_load(name, key);
    const char *word = json_get_text(value, "executes");
    int truth = word != NULL ? choice_from_word(truth_words, word) : -1;
    /* "unknown" is a trial that could not be held: hold it again */
    if (truth != TRUTH_YES && truth != TRUTH_NO)
        return FALSE;
    facts->executes = truth;
    facts->detail = g_strdup(json_get_text(value, "detail"));
    return TRUE;
}

static void store_trial(const KvmFacts *facts, const char *name, const json_t *key)
{
    g_autoptr(json_t) value = json_object();
    json_object_set_new(value, "executes", json_string(truth_words[facts->executes]));
    json_object_set_new(value, "detail", json_text(facts->detail));
    cache_store(name, key, value);
}

#define SLOWEST_MS 60000
#define PATIENCE 16 /* times what the same costs with an accelerator that never hangs */

/*
 * A KVM that hangs shall not keep the user waiting, but on a machine that is busy or itself
 * emulated any QEMU takes long: where the first trial runs out of time, one by TCG tells how long.
 */
static void try_kvm(KvmFacts *facts, const char *qemu_binary)
{
    gint64 start = g_get_monotonic_time();
    facts->executes = accelerator_trial(qemu_binary, "kvm", TRIAL_LIMIT_MS, &facts->detail);
    gboolean in_time = g_get_monotonic_time() - start < TRIAL_LIMIT_MS * 1000;
    if (facts->executes != TRUTH_NO || in_time)
        return;
    g_autofree char *ignored = NULL;
    start = g_get_monotonic_time();
    if (accelerator_trial(qemu_binary, "tcg", SLOWEST_MS, &ignored) != TRUTH_YES)
        return;
    guint limit_ms = (guint)(PATIENCE * (g_get_monotonic_time() - start) / 1000);
    if (limit_ms <= TRIAL_LIMIT_MS)
        return;
    g_free(facts->detail);
    facts->executes =
        accelerator_trial(qemu_binary, "kvm", MIN(limit_ms, SLOWEST_MS), &facts->detail);
}

KvmFacts *kvm_facts_read(const Root *root, const char *qemu_binary, gboolean refresh)
{
    KvmFacts *facts = record_new(&kvm_facts_type);
    look_at_node(facts, root);
    if (!facts->usable) {
        facts->executes = TRUTH_NO;
        facts->detail = g_strdup(facts->unusable_why);
        return facts;
    }
    g_autoptr(json_t) key = trial_key(root, qemu_binary);
    g_autofree char *name = cache_name_for("kvm", qemu_binary);
    if (!refresh && load_trial(facts, name, key))
        return facts;
    try_kvm(facts, qemu_binary);
    store_trial(facts, name, key);
    return facts;
}
