/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which vGPU technologies could serve a GPU. Pure: from the facts of the device alone, so it says
 * what the hardware and its driver offer; whether the rest of the host is fit (KVM, GL, groups) is
 * for others to say.
 */
#pragma once

#include "host/facts-pci.h"

typedef enum {
    PROVIDER_NO,
    PROVIDER_UNKNOWN,  /* the device alone does not tell */
    PROVIDER_POSSIBLE, /* perhaps after setting something up: see @ready */
} ProviderVerdict;
extern const char *const provider_verdict_words[]; /* "no", "unknown", "possible" */

typedef struct {
    char *provider; /* "mdev", "sriov", "nvidia", "virtio-gpu" */
    int verdict;    /* ProviderVerdict */
    gboolean ready; /* possible, and nothing has to be set up on the device */
    char *reason;   /* one sentence: why, and what is missing */
} ProviderChoice;
extern const RecordType provider_choice_type;

/* One ProviderChoice for each provider, best first in general. Owned; free the elements with
 * provider_choices_free(). */
GPtrArray *provider_choices(const Gpu *gpu);
void provider_choices_free(GPtrArray *choices);
