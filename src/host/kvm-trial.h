/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does an accelerator execute guest code? A machine is started whose firmware is ours: from the
 * reset vector it turns paging and 64-bit mode on, as every kernel does, and writes one byte to
 * isa-debug-exit; QEMU ends with the status (byte << 1) | 1 (hw/misc/debugexit.c). No other way
 * leads to that status, so it proves that the guest ran.
 *
 * 64-bit mode is part of the proof: a KVM without hardware virtualisation (kvm-pvm, for guests that
 * know it) emulates the real mode of a whole SeaBIOS and then spins for ever at the first
 * instruction of a kernel.
 */
#pragma once

#include "host/facts-kvm.h"

/* The answer is cached, so a busy host must not be taken for one that spins: the trial takes 0.2 s,
 * and ten on an emulated processor that others share. */
#define TRIAL_LIMIT_MS 30000
#define TRIAL_BYTE 0x2a
#define TRIAL_STATUS ((TRIAL_BYTE << 1) | 1)
#define TRIAL_FIRMWARE_SIZE 0x10000u

/*
 * Starts @qemu_binary with accelerator @accelerator ("kvm", "tcg") for at most @limit_ms.
 * TRUTH_UNKNOWN when the trial could not be held: @qemu_binary emulates no PC, or could not be
 * started. *@ret_detail is set (owned) unless TRUTH_YES: one line, what happened.
 */
Truth accelerator_trial(const char *qemu_binary, const char *accelerator, guint limit_ms,
                        char **ret_detail);

/* The firmware, TRIAL_FIRMWARE_SIZE bytes that write @value. */
void trial_firmware(guint8 *ret_firmware, guint8 value);
