/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether a VM of this QEMU can have KVM: speed for all, and what GVT-g cannot do without. */
#pragma once

#include "host/facts.h"

/* Why KVM is not to be had here, NULL when it is; KVM facts must have been read. Owned. */
char *kvm_obstacle(const HostFacts *facts);
