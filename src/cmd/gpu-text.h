/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `gpu` and `gpus` print of display devices. Pure. */
#pragma once

#include "host/facts-pci.h"

/* One device whole: lspci's block, then what lspci does not say. Owned. */
char *gpu_text(const Gpu *gpu);

/* All devices as a table, or a sentence when there is none. Owned. */
char *gpus_text(const GPtrArray *gpus);

/*
 * The device @address names: "0000:00:02.0" or, in domain 0, "00:02.0"; hexadecimal digits in any
 * case. Borrowed from @gpus; NULL with @error set, which names those that exist.
 */
const Gpu *gpus_find(const GPtrArray *gpus, const char *address, GError **error);
