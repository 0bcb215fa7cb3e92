/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hardware acceleration. KVM counts only when a QEMU started with it executed 64-bit guest code: a
 * /dev/kvm that opens but on which QEMU aborts or spins exists in the field (nested machines, PVM).
 */
#pragma once

#include "base/record.h"
#include "base/root.h"

typedef enum { TRUTH_UNKNOWN, TRUTH_NO, TRUTH_YES } Truth;
extern const char *const truth_words[]; /* "unknown", "no", "yes" */

typedef struct {
    gboolean present; /* /dev/kvm exists */
    gboolean usable;  /* this user may open it for reading and writing */
    char *unusable_why;
    int executes; /* Truth: a guest under KVM ran 64-bit code */
    char *detail; /* when it did not: what QEMU said or how it ended, one line */
} KvmFacts;
extern const RecordType kvm_facts_type;

/*
 * Looks at the node and lets @qemu_binary run a firmware of ours (kvm-trial.h). The answer is kept
 * for this boot, keyed by the binary; @refresh asks again. Never fails.
 */
KvmFacts *kvm_facts_read(const Root *root, const char *qemu_binary, gboolean refresh);
