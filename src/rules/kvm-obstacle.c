/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules/kvm-obstacle.h"

char *kvm_obstacle(const HostFacts *facts)
{
    const KvmFacts *kvm = facts->kvm;
    if (!qemu_has(facts->qemu->accelerators, "kvm"))
        return g_strdup_printf("%s was built without KVM", facts->qemu->binary);
    if (kvm == NULL || !kvm->present)
        return g_strdup("this host has no /dev/kvm (no virtualisation in the processor or its "
                        "firmware setup, or module kvm_intel/kvm_amd not loaded)");
    if (!kvm->usable)
        return g_strdup_printf("/dev/kvm is not yours to use: %s",
                               kvm->unusable_why != NULL ? kvm->unusable_why : "no access");
    if (kvm->executes != TRUTH_YES)
        return g_strdup_printf("KVM does not run guests here: %s",
                               kvm->detail != NULL ? kvm->detail : "it was not tried");
    return NULL;
}
