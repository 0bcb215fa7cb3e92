/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What `vgpuctl qemu` tells people. Pure: facts in, text out. */
#pragma once

#include "host/facts-kvm.h"
#include "host/facts-qemu.h"

/* Owned. @kvm may be NULL: nobody looked at /dev/kvm. */
char *qemu_facts_text(const QemuFacts *qemu, const KvmFacts *kvm);

/* The accelerators a guest runs on, best first. Owned. */
GStrv qemu_working_accelerators(const QemuFacts *qemu, const KvmFacts *kvm);
